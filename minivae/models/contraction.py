"""The contraction ‖J‖²_F of an encoder, J = ∂z/∂x at a datum, in three ways that agree.

In closed form for one layer; row by row of J for any encoder; and for large ones by a random
estimate whose expectation it is. Each is differentiable in the encoder's parameters, as a penalty
must be: the reverse walks record what they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.engine.ops import contraction_penalty, sum
from minivae.engine.ops.linear import SLOPES
from minivae.nn import ACTIVATIONS, Linear, Module, Sequential
from minivae.nn.activations import fused_name


def contraction_of_layer(encoder: Module, z: Tensor) -> Tensor:
    """‖J‖² of each datum for an encoder of one layer, from its codes z = f(W x + b).

    J = diag(f') W, so that ‖J‖² = Σⱼ f'(Wⱼ x + bⱼ)² ‖Wⱼ‖²: z (n, latent) to (n,). For sigmoid f' is
    z (1 - z) (Rifai et al. 2011).

    Raises
    ------
    ValueError
        If the encoder is not one layer.
    """
    layer, activation = only_layer(encoder)
    slope = SLOPES[activation](z) if activation != "identity" else Tensor(np.ones_like(z.data))
    return contraction_penalty(slope, layer.weight)


def contraction_exact(encoder: Module, x: Any) -> Tensor:
    """‖J‖² of each datum for any encoder: (n, data_dim) to (n,).

    Data pass through the encoder side by side, so that the cotangent eⱼ for all of them pulls back
    to row j of each one's Jacobian: one reverse walk for each entry of a code.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> layer = mv.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> value = contraction_exact(layer, np.ones((5, 3)))
    >>> np.allclose(value.data, np.sum(layer.weight.data**2))
    True
    """
    z, pull = vjp(encoder, x)
    units = np.eye(z.shape[1], dtype=z.dtype)
    return total(_square(pull(np.tile(e, (len(z), 1)))[0]) for e in units)


def contraction_estimate(encoder: Module, x: Any, directions: np.ndarray) -> Tensor:
    """Estimate ‖J‖² of each datum from random directions: E ‖Jᵀ v‖² = tr(J Jᵀ) if E v vᵀ = I.

    One reverse walk for each direction, however many entries a code has. With random signs the
    variance is 2 Σ_{i≠j} (J Jᵀ)ᵢⱼ² / k, the least of independent entries (Hutchinson 1990).

    Parameters
    ----------
    encoder : Module
        Maps (n, data_dim) to (n, latent).
    x : array_like
        Data, (n, data_dim).
    directions : ndarray
        v, (k, n, latent): independent, of mean 0 and variance 1.

    Returns
    -------
    Tensor
        (n,), the mean over the k directions.
    """
    _, pull = vjp(encoder, x)
    return total(_square(pull(v)[0]) for v in directions) / len(directions)


def only_layer(encoder: Module) -> tuple[Linear, str]:
    """Return the layer of an encoder that has just one, and the name of its activation.

    Raises
    ------
    ValueError
        If it is not one Linear layer, with or without a nonlinearity that knows its slope.
    """
    layers = encoder.layers if isinstance(encoder, Sequential) else [encoder]
    first, *rest = layers
    names = [fused_name(layer) for layer in rest]
    if not isinstance(first, Linear) or len(rest) > 1 or "" in names:
        kinds = ", ".join(kind_of(layer) for layer in layers)
        raise ValueError(
            "contraction: there is a closed form for one Linear layer with one of "
            f"{', '.join(ACTIVATIONS)}, this encoder consists of {kinds}; take "
            "'contraction_exact' or 'contraction_hutchinson'"
        )
    return first, (names or ["identity"])[0]


def kind_of(layer: Any) -> str:
    """Return the name of a layer or of a nonlinearity."""
    return type(layer).__name__ if isinstance(layer, Module) else fused_name(layer) or str(layer)


def total(terms: Iterable[Any]) -> Any:
    """Return the sum of tensors, at least one."""
    first, *rest = terms
    for term in rest:
        first = first + term
    return first


def _square(row: Any) -> Any:
    return sum(row * row, axis=1)
