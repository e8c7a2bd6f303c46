"""Penalties of autoencoders: the price of activity, of sensitivity, and of large weights.

A penalty is added to the loss, ``weight`` times its value, which is a mean over the batch (that of
the sparsity is of the batch's mean activations).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from minivae.engine import Tensor
from minivae.engine.ops import absolute, mean, reshape, sparsity_penalty, sum
from minivae.models.checks import whole
from minivae.models.contraction import (
    contraction_estimate,
    contraction_exact,
    contraction_of_layer,
    kind_of,
    only_layer,
    total,
)
from minivae.nn import Module, Parameter, Sequential

UNITS = ("code", "hidden")
METHODS = ("closed_form", "exact", "hutchinson")


class Encoding(NamedTuple):
    """What a penalty looks at: an encoder and one pass of a batch through it.

    Attributes
    ----------
    encoder : Module
        Maps data to codes.
    x : ndarray or Tensor
        What the encoder saw, (n, data_dim); corrupted, if there is a corruption.
    hidden : list of Tensor
        What each nonlinearity gave on the way, the code excepted.
    z : Tensor
        The codes, (n, latent).
    parameters : list of Parameter
        All parameters of the model, each once.
    rng : numpy.random.Generator or None
        For a penalty that draws.
    """

    encoder: Module
    x: Any
    hidden: list[Tensor]
    z: Tensor
    parameters: list[Parameter]
    rng: np.random.Generator | None


def encoding(
    encoder: Module, x: Any, parameters: list[Parameter], rng: np.random.Generator | None
) -> Encoding:
    """Encode a batch, and keep what the nonlinearities gave on the way."""
    if not isinstance(encoder, Sequential):
        return Encoding(encoder, x, [], encoder(x), parameters, rng)
    *before, (_, z) = encoder.stages(x)
    hidden = [value for nonlinear, value in before if nonlinear]
    return Encoding(encoder, x, hidden, z, parameters, rng)


class Penalty(Protocol):
    """A term of an autoencoder's loss beside the reconstruction."""

    name: ClassVar[str]

    @property
    def weight(self) -> float:
        """What the loss counts a unit of the value."""

    def check(self, encoder: Module) -> None:
        """Refuse an encoder to which this penalty does not apply."""

    def __call__(self, seen: Encoding) -> Tensor:
        """Return the value for a batch, a scalar, without its weight."""


@dataclass(frozen=True)
class Sparsity:
    """Σⱼ KL(ρ ‖ ρ̂ⱼ) of the mean activations ρ̂ⱼ = 1/n Σᵢ yᵢⱼ over the batch, in nats.

    Each unit shall be active for a share ρ of the data. Source: Ng 2011, Sparse autoencoder.

    Parameters
    ----------
    weight : float
        β, what a nat of it costs.
    rho : float
        ρ, in (0, 1).
    units : {"code", "hidden"}
        Whose activations: those of the code, or of all hidden layers of the encoder. They must lie
        in (0, 1), as those of sigmoid do.
    """

    weight: float = 3.0
    rho: float = 0.05
    units: str = "code"
    name: ClassVar[str] = "sparsity"

    def __post_init__(self) -> None:
        _check_weight(self.name, self.weight)
        _check_choice(self.name, "units", self.units, UNITS)
        if not 0 < self.rho < 1:
            raise ValueError(f"sparsity: rho must lie between 0 and 1, it is {self.rho}")

    def check(self, encoder: Module) -> None:
        """Refuse units that are not between 0 and 1, as far as the encoder shows them."""
        for kind in _kinds(encoder, self.units):
            if kind != "sigmoid":
                raise ValueError(
                    "sparsity: KL(rho || mean activation) needs units between 0 and 1, those of "
                    f"the {self.units} are made by {kind}; choose sigmoid for them, or "
                    "penalty='l1', which any unit can pay"
                )

    def __call__(self, seen: Encoding) -> Tensor:
        """Return the sum over the units."""
        return total(sparsity_penalty(self._between(y), self.rho) for y in _units(seen, self))

    def _between(self, y: Tensor) -> Tensor:
        low, high = y.data.min(initial=1.0), y.data.max(initial=0.0)
        if low < 0 or high > 1:
            raise ValueError(
                "sparsity: KL(rho || mean activation) needs activations between 0 and 1, these lie "
                f"in [{low:.3g}, {high:.3g}]; let the {self.units} end with sigmoid"
            )
        saturated = np.all(y.data == 0, axis=0) | np.all(y.data == 1, axis=0)
        if saturated.any():
            raise ValueError(
                f"sparsity: {saturated.sum()} of {saturated.size} units are 0 for the whole batch, "
                "or 1, so that KL(rho || mean activation) is infinite and has no slope; their "
                "sigmoid is saturated: lower the learning rate, or standardise the data"
            )
        return y


@dataclass(frozen=True)
class L1:
    """Σⱼ |yⱼ| of a datum's activations, mean over the batch.

    Minus the log density of independent Laplace units, but for a constant: small ones become 0.

    Parameters
    ----------
    weight, units
        As for :class:`Sparsity`; the activations may be any numbers.
    """

    weight: float = 0.1
    units: str = "code"
    name: ClassVar[str] = "l1"

    def __post_init__(self) -> None:
        _check_weight(self.name, self.weight)
        _check_choice(self.name, "units", self.units, UNITS)

    def check(self, encoder: Module) -> None:
        """Refuse an encoder that has no such units."""
        _kinds(encoder, self.units)

    def __call__(self, seen: Encoding) -> Tensor:
        """Return the sum over the units, mean over the batch."""
        return total(mean(sum(absolute(y), axis=1)) for y in _units(seen, self))


@dataclass(frozen=True)
class WeightDecay:
    """½ Σ W² over all weights of encoder and decoder; biases are free. Source: Ng 2011.

    Parameters
    ----------
    weight : float
        λ.
    """

    weight: float = 1e-4
    name: ClassVar[str] = "weight_decay"

    def __post_init__(self) -> None:
        _check_weight(self.name, self.weight)

    def check(self, encoder: Module) -> None:
        """Accept any encoder."""

    def __call__(self, seen: Encoding) -> Tensor:
        """Return half the squared norm of the weights, a shared one counted once."""
        return 0.5 * total(sum(w * w) for w in seen.parameters if w.ndim > 1)


@dataclass(frozen=True)
class Contraction:
    """‖J‖² = Σⱼₖ (∂zⱼ/∂xₖ)², mean over the batch: a code that moves little where data move.

    Source: Rifai, Vincent, Muller, Glorot & Bengio 2011.

    Parameters
    ----------
    weight : float
        λ.
    method : {"closed_form", "exact", "hutchinson"}
        :func:`contraction_of_layer`, for an encoder of one layer; :func:`contraction_exact`, for
        any; :func:`contraction_estimate`, for large ones.
    probes : int
        Random directions for each datum, of the estimate.
    """

    weight: float = 0.1
    method: str = "closed_form"
    probes: int = 1
    name: ClassVar[str] = "contraction"

    def __post_init__(self) -> None:
        _check_weight(self.name, self.weight)
        _check_choice(self.name, "method", self.method, METHODS)
        whole(probes=self.probes)

    def check(self, encoder: Module) -> None:
        """Refuse a closed form for an encoder that has none."""
        if self.method == "closed_form":
            only_layer(encoder)

    def __call__(self, seen: Encoding) -> Tensor:
        """Return the mean over the batch."""
        if self.method == "closed_form":
            return mean(contraction_of_layer(seen.encoder, seen.z))
        if self.method == "exact":
            return mean(contraction_exact(seen.encoder, seen.x))
        if not isinstance(seen.rng, np.random.Generator):
            raise TypeError(
                "contraction: the Hutchinson estimate draws directions; pass "
                "rng=numpy.random.default_rng(seed)"
            )
        shape = self.probes, *seen.z.shape
        signs = np.where(seen.rng.random(shape) < 0.5, -1.0, 1.0).astype(seen.z.dtype)
        return mean(contraction_estimate(seen.encoder, seen.x, signs))


def _kinds(encoder: Module, units: str) -> list[str]:
    """Return what makes the activations of these units, as far as the encoder shows it."""
    if units == "code":
        return [kind_of(encoder.layers[-1])] if isinstance(encoder, Sequential) else []
    layers = encoder.layers[:-1] if isinstance(encoder, Sequential) else []
    hidden = [kind_of(layer) for layer in layers if not isinstance(layer, Module)]
    if not hidden:
        raise ValueError(
            "units='hidden': this encoder shows no hidden layer, its only units are the code; take "
            "units='code', or a Sequential with hidden layers"
        )
    return hidden


def _units(seen: Encoding, penalty: Sparsity | L1) -> Sequence[Tensor]:
    """Return the activations that a penalty is on, (n, units) each."""
    chosen = [seen.z] if penalty.units == "code" else seen.hidden
    return [y if y.ndim == 2 else reshape(y, (len(y), -1)) for y in chosen]


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise ValueError(f"{name}: weight must be at least 0 and finite, it is {weight}")


def _check_choice(name: str, what: str, chosen: str, known: Sequence[str]) -> None:
    if chosen not in known:
        raise ValueError(f"{name}: {what} {chosen!r} is unknown; choose one of {', '.join(known)}")


PENALTIES: dict[str, tuple[Callable[..., Penalty], tuple[str, ...]]] = {
    "kl_sparsity": (Sparsity, ("weight", "rho", "units")),
    "l1": (L1, ("weight", "units")),
    "contraction": (Contraction, ("weight",)),
    "contraction_exact": (partial(Contraction, method="exact"), ("weight",)),
    "contraction_hutchinson": (partial(Contraction, method="hutchinson"), ("weight", "probes")),
}


def penalty_named(name: str, **choices: Any) -> Penalty:
    """Return the penalty of that name, with its usual value of each choice that is None.

    Raises
    ------
    ValueError
        If there is none of that name, or it takes no such choice; the message lists those there
        are.
    """
    if name not in PENALTIES:
        raise ValueError(f"penalty {name!r} is unknown; choose one of {', '.join(PENALTIES)}")
    make, known = PENALTIES[name]
    given = {choice: value for choice, value in choices.items() if value is not None}
    for choice, value in given.items():
        if choice not in known:
            raise ValueError(
                f"penalty {name!r} takes {', '.join(known)}; {choice}={value!r} means nothing to it"
            )
    return make(**given)
