"""Penalties of autoencoders in plain NumPy: sparsity of the mean activations, and contraction.

Sums are made in float64; the results are of the arrays' type.
"""

from __future__ import annotations

import numpy as np


def mean_activity(y: np.ndarray) -> np.ndarray:
    """Mean activation of each unit over the batch, ρ̂ⱼ = 1/n Σᵢ yᵢⱼ, in float64; (n, d) to (d,)."""
    return np.asarray(np.mean(y, axis=0, dtype=np.float64))


@np.errstate(under="ignore", divide="ignore")
def sparsity(rho_hat: np.ndarray, rho: float) -> np.ndarray:
    """KL(ρ ‖ ρ̂ⱼ) of each unit, ρ log(ρ / ρ̂ⱼ) + (1 - ρ) log((1 - ρ) / (1 - ρ̂ⱼ)), in nats.

    Near ρ̂ⱼ = ρ the two logarithms cancel. With the ratios p = ρ̂ⱼ / ρ and q = (1 - ρ̂ⱼ) / (1 - ρ) it
    is ρ (p - 1 - log p) + (1 - ρ) (q - 1 - log q), as ρ p + (1 - ρ) q = 1, and no term is negative.
    """
    on = _above_log(rho_hat / rho, (rho_hat - rho) / rho)
    off = _above_log((1 - rho_hat) / (1 - rho), (rho - rho_hat) / (1 - rho))
    return rho * on + (1 - rho) * off


def sparsity_slope(rho_hat: np.ndarray, rho: float) -> np.ndarray:
    """Slope of :func:`sparsity` in ρ̂ⱼ, -ρ / ρ̂ⱼ + (1 - ρ) / (1 - ρ̂ⱼ) = (ρ̂ⱼ - ρ) / (ρ̂ⱼ (1 - ρ̂ⱼ))."""
    return (rho_hat - rho) / (rho_hat * (1 - rho_hat))


def _above_log(q: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return q - 1 - log q of q = 1 + x; near 1, where these cancel, by x²/2 - x³/3 + x⁴/4 - ..."""
    near = x * x * (0.5 - x * (1 / 3 - x * (1 / 4 - x / 5)))
    log = np.where(np.abs(x) < 0.5, np.log1p(x), np.log(q))
    return np.where(np.abs(x) < 1e-3, near, x - log)


def contraction(slope: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared Frobenius norm of each row's Jacobian, zᵢ = Σⱼ sᵢⱼ² ‖Wⱼ‖², and the norms ‖Wⱼ‖².

    For a layer y = f(x Wᵀ + b) whose activation has the slopes s, J = diag(s) W. Shapes (n, d),
    (d, in) to (n,), (d,)   (Rifai et al. 2011).
    """
    norms = np.sum(np.square(weight, dtype=np.float64), axis=1).astype(weight.dtype)
    z = np.sum(np.square(slope, dtype=np.float64) * norms, axis=1)
    return z.astype(slope.dtype), norms


def contraction_grad(
    g: np.ndarray, slope: np.ndarray, weight: np.ndarray, norms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cotangents of slope and weight, s̄ᵢⱼ = 2 gᵢ sᵢⱼ ‖Wⱼ‖² and W̄ⱼₖ = 2 Wⱼₖ Σᵢ gᵢ sᵢⱼ²."""
    rows = g[:, np.newaxis]
    shares = np.sum(rows * np.square(slope, dtype=np.float64), axis=0).astype(weight.dtype)
    return 2 * rows * slope * norms, 2 * shares[:, np.newaxis] * weight
