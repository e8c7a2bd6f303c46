"""Fused operations for the penalties of autoencoders: sparse activations, small Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import fused
from minivae.engine.ops.exponential import log
from minivae.engine.ops.reductions import mean, sum
from minivae.engine.ops.shape import reshape


def _sparsity(y: Any, rho: float = 0.05) -> Any:
    rho_hat = mean(y, axis=0)
    kept, off = rho * log(rho / rho_hat), (1 - rho) * log((1 - rho) / (1 - rho_hat))
    return sum(kept + off)


@fused(spec=_sparsity)
def sparsity_penalty(y: Any, rho: float = 0.05) -> Any:
    """Σⱼ KL(ρ ‖ ρ̂ⱼ), in nats, of the mean activations ρ̂ⱼ = 1/n Σᵢ yᵢⱼ of d units.

    KL(ρ ‖ ρ̂) = ρ log(ρ / ρ̂) + (1 - ρ) log((1 - ρ) / (1 - ρ̂)): it is 0 where a unit is active for a
    share ρ of the data. ``y`` is (n, d), between 0 and 1 as the logistic function's values; the
    result is a scalar (Ng 2011, Sparse autoencoder).
    """
    return _with_activity(y, rho)[0]


def _with_activity(y: Any, rho: float) -> tuple[Any, Any]:
    """Return the penalty and ρ̂."""
    if not 0 < rho < 1:
        raise ValueError(f"rho must lie between 0 and 1, it is {rho}")
    if np.ndim(y) != 2 or not len(y):
        raise ValueError(f"y must be (n, d), with n of at least 1; it is {np.shape(y)}")
    rho_hat = kernels.mean_activity(y)
    total = np.sum(kernels.sparsity(rho_hat, rho))
    return total.astype(np.result_type(y, np.float32)), rho_hat


def _activity_cotangent(g: Any, rho_hat: Any, y: Any, rho: float) -> Any:
    """Return g/n dKL/dρ̂ⱼ, the same in each row."""
    return np.broadcast_to(
        (g / len(y) * kernels.sparsity_slope(rho_hat, rho)).astype(y.dtype), y.shape
    )


sparsity_penalty.adjoint(  # dz = Σⱼ (ρ̂ⱼ - ρ) / (ρ̂ⱼ (1 - ρ̂ⱼ)) dρ̂ⱼ
    lambda g, y, rho: _activity_cotangent(g, kernels.mean_activity(y), y, rho),
)
sparsity_penalty.in_one_pass(
    _with_activity,
    lambda g, rho_hat, wanted, values: [_activity_cotangent(g, rho_hat, *values[:2])],
)


def _contraction(slope: Any, weight: Any) -> Any:
    return (slope * slope) @ sum(weight * weight, axis=1)


@fused(spec=_contraction)
def contraction_penalty(slope: Any, weight: Any) -> Any:
    """‖J‖² of each row, zᵢ = Σⱼ sᵢⱼ² ‖Wⱼ‖², J = diag(s) W the Jacobian of a layer y = f(W x + b).

    ``slope`` (n, d) holds the slopes sᵢⱼ = f'(Wⱼ xᵢ + bⱼ) of an elementwise activation: y (1 - y)
    for the logistic function, 1 - y² for tanh. ``weight`` is (d, in), the result (n,) (Rifai et al.
    2011, Contractive auto-encoders).
    """
    return _with_norms(slope, weight)[0]


def _with_norms(slope: Any, weight: Any) -> tuple[Any, Any]:
    """Return the penalty and ‖Wⱼ‖²."""
    if np.ndim(slope) != 2 or np.ndim(weight) != 2 or slope.shape[1] != len(weight):
        raise ValueError(
            f"slope must be (n, d) and weight (d, in); they are {np.shape(slope)} and "
            f"{np.shape(weight)}"
        )
    return kernels.contraction(slope, weight)


contraction_penalty.adjoint(  # dz = Σⱼ 2 s ‖W‖² ds + 2 s² W·dW
    lambda g, slope, weight: 2.0 * reshape(g, (-1, 1)) * slope * sum(weight * weight, axis=1),
    lambda g, slope, weight: 2.0 * reshape(g @ (slope * slope), (-1, 1)) * weight,
)


def _contraction_cotangents(g: Any, norms: Any, wanted: list[int], values: Any) -> list[Any]:
    cotangents = kernels.contraction_grad(g, values[0], values[1], norms)
    return [cotangents[i] for i in wanted]


contraction_penalty.in_one_pass(_with_norms, _contraction_cotangents)
