"""Likelihoods and reparameterized draws in plain NumPy: what the compiled twins must compute.

Rows are data: sums over the last axis, in nats. The type of the arrays is that of the results; sums
are formed in double precision. Functions ``..._and_slope`` give value and derivatives together.
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from minivae.kernels.reference import sigmoid


@np.errstate(under="ignore")
def bernoulli_nll(logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Negative log likelihood of each row, Σⱼ softplus(aⱼ) - xⱼ aⱼ, in nats.

    For x ∈ {0, 1} and p = σ(a) this is -Σⱼ xⱼ log pⱼ + (1 - xⱼ) log(1 - pⱼ), without the
    cancellation and the infinities of that form: max(aⱼ, 0) - xⱼ aⱼ = aⱼ ([aⱼ > 0] - xⱼ), and the
    rest, log(1 + e^-|aⱼ|), keep their digits. Shapes (n, d), (n, d) to (n,).
    """
    ramp = logits * np.subtract(logits > 0, x, dtype=logits.dtype)
    terms = ramp + np.log1p(np.exp(-np.abs(logits)))
    return np.sum(terms, axis=-1, dtype=np.float64).astype(logits.dtype)


def bernoulli_nll_grad(g: np.ndarray, logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Cotangent of the logits, āⱼ = g (σ(aⱼ) - xⱼ). Shapes (n,), (n, d), (n, d) to (n, d)."""
    return np.expand_dims(g, -1) * (sigmoid(logits) - x)


def bernoulli_nll_and_slope(logits: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Negative log likelihood of each row, and its derivative σ(aⱼ) - xⱼ by the logits."""
    return bernoulli_nll(logits, x), sigmoid(logits) - x


@np.errstate(under="ignore")
def gaussian_nll(mean: np.ndarray, x: np.ndarray, logstd: Any) -> np.ndarray:
    """Negative log likelihood of each row, Σⱼ ½ ((xⱼ - μⱼ) / σⱼ)² + log σⱼ + ½ log 2π, in nats.

    Shapes (n, d), (n, d), (n, d) to (n,); log σ may be a number.
    """
    return _gaussian_nll(_residuals(mean, x, logstd), logstd)


def _residuals(mean: np.ndarray, x: np.ndarray, logstd: Any) -> np.ndarray:
    """Return tⱼ = (xⱼ - μⱼ) / σⱼ."""
    t = (x - mean) * np.exp(-np.asarray(logstd))
    return t.astype(np.result_type(mean, x, logstd), copy=False)


def _gaussian_nll(t: np.ndarray, logstd: Any) -> np.ndarray:
    terms = 0.5 * np.square(t) + (logstd + 0.5 * log(2 * pi))
    return np.sum(terms, axis=-1, dtype=np.float64).astype(t.dtype)


@np.errstate(under="ignore")
def gaussian_nll_and_slopes(
    mean: np.ndarray, x: np.ndarray, logstd: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Negative log likelihood of each row, and its derivatives by the means and the log σⱼ.

    With tⱼ = (xⱼ - μⱼ) / σⱼ these are -tⱼ / σⱼ and 1 - tⱼ²; that by the data is tⱼ / σⱼ.
    """
    t = _residuals(mean, x, logstd)
    by_mean = (-t * np.exp(-np.asarray(logstd))).astype(t.dtype, copy=False)
    return _gaussian_nll(t, logstd), by_mean, 1 - np.square(t)


@np.errstate(under="ignore")
def reparameterize(mu: Any, logvar: Any, eps: Any) -> np.ndarray:
    """Sample z = μ + σ ε, σ = e^(½ log σ²), of N(μ, σ²), made of noise ε ~ N(0, 1)."""
    z = mu + np.exp(0.5 * logvar) * eps
    return z.astype(np.result_type(mu, logvar, eps), copy=False)


def scale_rows(g: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Cotangent of each entry of a row, gᵢ sᵢⱼ, of that of its sum. Shapes (...), (..., d)."""
    return np.expand_dims(g, -1) * slope
