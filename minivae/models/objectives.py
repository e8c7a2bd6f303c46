"""Objectives: which bound on log p(x) a VAE is trained to raise, and by which gradient of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import logsumexp, maximum, mean, softmax, sum
from minivae.models.gaussian import GaussianLikelihood

if TYPE_CHECKING:
    from minivae.models.vae import VAE

Terms = dict[str, Tensor]


class Objective(Protocol):
    """What ``model.terms`` computes: a loss to minimise, and what it is made of.

    All terms are means over the batch, in nats: ``loss``, ``reconstruction`` = E_q[log p(x|z)] and
    ``kl`` = KL(q ‖ p), so that the ELBO is reconstruction - kl whatever is minimised.
    """

    def terms(
        self, model: VAE, x: Any, y: Any = None, *, rng: Any = None, eps: Any = None
    ) -> Terms:
        """Return the terms for data ``x`` under the condition ``y``; ``loss`` is first.

        The objective's numbers may have changed since the last call: they are checked again.
        """

    def check(self, model: VAE) -> None:
        """Refuse a model for which this objective is not defined."""


@dataclass
class VariationalBound:
    """The ELBO; with β ≠ 1 that of a beta-VAE: minimise -E_q[log p(x|z)] + β KL(q(z|x) ‖ p(z)).

    With free bits λ, no dimension gains from a KL below λ: the second term is
    β Σ_j max(λ, KL_j), the KL of each dimension being its mean over the batch.

    Attributes
    ----------
    beta : float
        β; a schedule may change it between two updates (``fit(..., schedule={"beta": ...})``).
    free_bits : float
        λ, in nats for each latent dimension.

    References
    ----------
    Kingma & Welling (2014), equation 3; Higgins et al. (2017), equation 4, for β; Kingma et al.
    (2016), equation 15, for λ.
    """

    beta: float = 1.0
    free_bits: float = 0.0

    def check(self, model: VAE) -> None:
        """Refuse negative numbers, and free bits where KL has no share for each dimension."""
        if not (0 <= self.beta < inf and 0 <= self.free_bits < inf):
            raise ValueError(
                "beta and free_bits must be 0 or more, and finite; they are "
                f"{self.beta} and {self.free_bits}"
            )
        if self.free_bits and model.kl != "analytic":
            raise ValueError(
                "free bits need the KL divergence of each latent dimension, which a sampled KL "
                "does not give; take free_bits=0, or a standard normal prior with kl='analytic'"
            )

    def terms(
        self, model: VAE, x: Any, y: Any = None, *, rng: Any = None, eps: Any = None
    ) -> Terms:
        """Return the loss, and the ELBO's two terms."""
        self.check(model)
        elbo = model.elbo(x, y, rng=rng, eps=eps)
        kl = elbo.kl
        if self.free_bits:
            kl = sum(maximum(elbo.kl_per_dim, self.free_bits))
        loss = self.beta * kl - elbo.reconstruction
        return {"loss": loss, "reconstruction": elbo.reconstruction, "kl": elbo.kl}


@dataclass
class ImportanceWeightedBound:
    """The bound of K samples, L_K = E[log (1/K) Σ_k w_k], w_k = p(x, z_k) / q(z_k|x).

    With w̃_k = w_k / Σ_j w_j its gradient is E[Σ_k w̃_k ∇ log w_k]. The three forms:

    - ``"pathwise"``: the derivative of the formula as it stands, by the engine.
    - ``"weighted"``: Σ_k w̃_k ∇ log w_k with w̃ held constant; equal to it, draw by draw.
    - ``"doubly"``: doubly reparameterized. For the encoder Σ_k w̃_k² (∂ log w_k / ∂z_k) ∇ z_k,
      which has the same mean and a signal-to-noise ratio that does not fall with K; for the
      decoder and the prior as before. It costs one more pass through the decoder.

    Attributes
    ----------
    samples : int
        K.
    gradient : {"pathwise", "weighted", "doubly"}
        The form.

    References
    ----------
    Burda, Grosse & Salakhutdinov (2016), equations 8 and 14; Tucker et al. (2019), equation 8.
    """

    samples: int = 5
    gradient: str = "pathwise"

    def check(self, model: VAE) -> None:
        """Refuse a number of samples or a form that is none, and a σ that is set to the batch."""
        check_samples("ImportanceWeightedBound", self.samples, at_least=1)
        if self.gradient not in ("pathwise", "weighted", "doubly"):
            raise ValueError(
                f"gradient {self.gradient!r} is unknown; choose one of pathwise, weighted, doubly"
            )
        if isinstance(model.likelihood, GaussianLikelihood) and model.likelihood.kind == "optimal":
            raise ValueError(
                "sigma='optimal' is the mean square error over equal samples, and this bound "
                "weighs them: it would not be the best; take sigma='learned', or a number"
            )

    def terms(
        self, model: VAE, x: Any, y: Any = None, *, rng: Any = None, eps: Any = None
    ) -> Terms:
        """Return the loss -L_K, and the ELBO's two terms as means over the K samples."""
        self.check(model)
        model.check_noise("ImportanceWeightedBound", eps, (self.samples, len(x), model.latent))
        q = model.encode(x, y)
        z = q.rsample(rng, self.samples, eps=eps)
        if self.gradient == "doubly":
            q = detached(q)  # the score of q has mean 0 once the path through z is weighted anew
            with no_grad():
                w = softmax(_log_ratio(model, x, z, q, y)[2], axis=0)
            z = z.detach() + w.data[..., None] * (z - z.detach())  # the value z, the gradient w̃
        log_likelihood, log_ratio, log_w = _log_ratio(model, x, z, q, y)
        bound = mean(logsumexp(log_w, axis=0) - log(self.samples))
        if self.gradient == "weighted":
            w = softmax(log_w.detach(), axis=0)
            bound = with_gradient_of(mean(sum(w * log_w, axis=0)), bound)
        return {"loss": -bound, "reconstruction": mean(log_likelihood), "kl": -mean(log_ratio)}


@dataclass
class ScoreFunctionBound:
    """The ELBO by the score function: no gradient flows through a draw.

    With f(z) = log p(x, z) - log q(z|x), ∇_phi ELBO = E_q[(f(z) - b) ∇_phi log q(z|x)] for every
    constant b, as the score ∇ log q has mean 0. It needs no derivative of p in z, and has a far
    larger variance than the reparameterized gradient: that is what it is here to show.

    Attributes
    ----------
    samples : int
        Draws of z for each datum.
    control_variate : {"none", "leave_one_out"}
        b = 0, or for each draw the mean of f over the others: independent of it, so that the
        gradient stays unbiased.

    References
    ----------
    Paisley, Blei & Jordan (2012); Mnih & Rezende (2016), section 2.4, for leave-one-out.
    """

    samples: int = 5
    control_variate: str = "leave_one_out"

    def check(self, model: VAE) -> None:
        """Refuse a number of samples or a control variate that is none."""
        if self.control_variate not in ("none", "leave_one_out"):
            raise ValueError(
                f"control_variate {self.control_variate!r} is unknown; choose none or leave_one_out"
            )
        least = 1 if self.control_variate == "none" else 2
        check_samples("ScoreFunctionBound", self.samples, at_least=least)

    def terms(
        self, model: VAE, x: Any, y: Any = None, *, rng: Any = None, eps: Any = None
    ) -> Terms:
        """Return the loss -ELBO with this gradient, and the ELBO's terms as means over draws."""
        self.check(model)
        model.check_noise("ScoreFunctionBound", eps, (self.samples, len(x), model.latent))
        q = model.encode(x, y)
        with no_grad():
            z = q.rsample(rng, self.samples, eps=eps)
        log_likelihood = model.log_likelihood(x, z, y)
        log_q, log_prior = q.log_prob(z), model.prior.log_prob(z)
        f = (log_likelihood + log_prior - log_q).data
        advantage = f
        if self.control_variate == "leave_one_out":
            advantage = f - (f.sum(axis=0) - f) / np.asarray(self.samples - 1, f.dtype)
        surrogate = mean(advantage * log_q + log_likelihood + log_prior)
        elbo = with_gradient_of(surrogate, mean(Tensor(f)))
        kl = mean(log_q - log_prior)
        return {"loss": -elbo, "reconstruction": mean(log_likelihood), "kl": kl}


OBJECTIVES: dict[str, type] = {
    kind.__name__: kind for kind in (VariationalBound, ImportanceWeightedBound, ScoreFunctionBound)
}


def _log_ratio(model: VAE, x: Any, z: Tensor, q: Any, y: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return log p(x|z), log p(z) - log q(z|x), and their sum log w, each (k, n)."""
    log_likelihood = model.log_likelihood(x, z, y)
    log_ratio = model.prior.log_prob(z) - q.log_prob(z)
    return log_likelihood, log_ratio, log_likelihood + log_ratio


def with_gradient_of(surrogate: Tensor, value: Tensor) -> Tensor:
    """Return a tensor with one's value and the other's gradient."""
    return value.detach() + (surrogate - surrogate.detach())


def detached(q: Any) -> Any:
    """Return the same distribution without the graph of its parameters."""
    same = object.__new__(type(q))
    for name, parameter in vars(q).items():
        setattr(same, name, parameter.detach() if isinstance(parameter, Tensor) else parameter)
    return same


def check_samples(who: str, samples: Any, *, at_least: int) -> None:
    """Refuse what is no whole number from ``at_least`` on."""
    whole = isinstance(samples, int | np.integer) and not isinstance(samples, bool)
    if not whole or samples < at_least:
        raise ValueError(
            f"{who}: samples must be a whole number from {at_least} on, it is {samples!r}"
        )
