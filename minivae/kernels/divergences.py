"""KL divergences of Gaussians from N(0, I) in plain NumPy: what the compiled twins must compute.

In nats. The type of the arrays is that of the results, which are formed in double precision.
Functions ``..._and_slope`` give the value and a derivative together; that by μ is μ itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np


@np.errstate(under="ignore")
def gaussian_kl(mu: Any, logvar: Any) -> np.ndarray:
    """KL(N(μ, σ²) ‖ N(0, 1)) of each entry, ½ μ² + ½ (σ² - 1 - log σ²)."""
    z = 0.5 * (np.square(mu, dtype=np.float64) + _exp_beyond_line(logvar))
    return z.astype(_type(mu, logvar))


@np.errstate(under="ignore")
def gaussian_kl_and_slope(mu: Any, logvar: Any) -> tuple[np.ndarray, np.ndarray]:
    """KL(N(μ, σ²) ‖ N(0, 1)) of each entry, and its derivative ½ (σ² - 1) by log σ²."""
    kl = gaussian_kl(mu, logvar)
    slope = 0.5 * np.expm1(np.asarray(logvar, np.float64))
    return kl, np.broadcast_to(slope, kl.shape).astype(kl.dtype)


def gaussian_kl_isotropic(mu: np.ndarray, logvar: Any) -> np.ndarray:
    """KL(N(μ, k I) ‖ N(0, I)) of each row, ½ ‖μ‖² + ½ d (k - 1 - log k).

    Shapes (n, d) and (n,) or (n, 1) to (n,); ``logvar`` is log k.
    """
    return gaussian_kl_isotropic_and_slope(mu, logvar)[0]


@np.errstate(under="ignore")
def gaussian_kl_isotropic_and_slope(mu: np.ndarray, logvar: Any) -> tuple[np.ndarray, np.ndarray]:
    """KL(N(μ, k I) ‖ N(0, I)) of each row, and its derivative ½ d (k - 1) by log k."""
    check_isotropic(np.shape(mu), np.shape(logvar))
    y, half = np.asarray(logvar, np.float64), 0.5 * mu.shape[-1]
    beyond = half * _exp_beyond_line(y.reshape(mu.shape[:-1]))
    kl = 0.5 * np.sum(np.square(mu, dtype=np.float64), axis=-1) + beyond
    return kl.astype(mu.dtype), np.asarray(half * np.expm1(y), mu.dtype)


def check_isotropic(mu: tuple[int, ...], logvar: tuple[int, ...]) -> None:
    """Refuse shapes of μ and log k that do not have one k for each row."""
    if not mu or logvar not in (mu[:-1], (*mu[:-1], 1)):
        raise ValueError(
            f"means {mu} need one log variance for each row, of shape {mu[:-1]} or "
            f"{(*mu[:-1], 1)}, it is {logvar}; for one in each dimension use gaussian_kl"
        )


def gaussian_kl_full(mu: np.ndarray, L: np.ndarray) -> np.ndarray:
    """KL(N(μ, L Lᵀ) ‖ N(0, I)) of each row, ½ (‖L‖² + ‖μ‖² - d) - Σᵢ log |Lᵢᵢ|, L triangular.

    Shapes (n, d) and (n, d, d) to (n,). What is above the diagonal is not read. A dimension alone
    has log σ² = 2 log |Lᵢᵢ|, and what it costs, ½ (Lᵢᵢ² - 1 - 2 log |Lᵢᵢ|), is formed as such.
    """
    return gaussian_kl_full_and_slope(mu, L)[0]


@np.errstate(under="ignore")
def gaussian_kl_full_and_slope(mu: np.ndarray, L: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """KL(N(μ, L Lᵀ) ‖ N(0, I)) of each row, and its derivative by L, L - diag(1 / Lᵢᵢ)."""
    check_full(np.shape(mu), np.shape(L))
    d = mu.shape[-1]
    scale = np.diagonal(L, axis1=-2, axis2=-1).astype(np.float64)
    below = np.tril(L, -1).astype(np.float64)
    kl = 0.5 * (
        np.sum(np.square(mu, dtype=np.float64), axis=-1)
        + np.sum(np.square(below), axis=(-2, -1))
        + np.sum(_exp_beyond_line(2 * np.log(np.abs(scale))), axis=-1)
    )
    slope = below
    slope[..., range(d), range(d)] = scale - 1 / scale
    return kl.astype(mu.dtype), slope.astype(mu.dtype)


def check_full(mu: tuple[int, ...], L: tuple[int, ...]) -> None:
    """Refuse shapes of μ and L that do not have one square matrix for each row."""
    if not mu or (*mu, mu[-1]) != L:
        raise ValueError(
            f"means {mu} need one lower triangular matrix for each row, of shape "
            f"{(*mu, mu[-1]) if mu else '(n, d, d)'}, it is {L}"
        )


def _exp_beyond_line(x: Any) -> np.ndarray:
    """Return eˣ - 1 - x, in float64; near 0, where these cancel, by its series x²/2 + x³/6 + ..."""
    y = np.asarray(x, np.float64)
    near = y * y * (0.5 + y * (1.0 / 6.0 + y / 24.0))
    return np.where(np.abs(y) < 1e-4, near, np.expm1(y) - y)


def _type(*xs: Any) -> np.dtype:
    """Return the floating-point type of the result: that of the arrays, which numbers follow."""
    dtype = np.result_type(*xs)
    return dtype if dtype.kind == "f" else np.dtype(np.float64)
