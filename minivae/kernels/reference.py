"""The kernels in plain NumPy: each function here defines what its compiled twin must compute.

For readers who want the formula and for machines without Numba. Arrays in, arrays out; the dtype
of the input is the dtype of the result.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def erf(x: np.ndarray) -> np.ndarray:
    """Error function 2/√π ∫₀ˣ e^(-t²) dt, by SciPy, which is imported when it is first needed."""
    from scipy import special

    return special.erf(x)


def normal_cdf(x: np.ndarray) -> np.ndarray:
    """Distribution function of N(0, 1), ½ (1 + erf(x / √2)), good in both tails; by SciPy."""
    from scipy import special

    return special.ndtr(x)


@np.errstate(under="ignore")
def gelu_slope(x: np.ndarray) -> np.ndarray:
    """Slope Φ(x) + x φ(x) of x Φ(x); beyond ±1000 x φ(x) is 0, at infinity too."""
    y = np.clip(x, -1e3, 1e3)
    return normal_cdf(x) + y * np.exp(-0.5 * np.square(y)) / math.sqrt(2.0 * math.pi)


def product_of_others(x: np.ndarray, axis: Any = None) -> np.ndarray:
    """For each entry the product of all others along ``axis``, those before times those after.

    Nothing is divided, so zeros among them do no harm.
    """
    axes = np.lib.array_utils.normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    first = np.moveaxis(x, axes, range(len(axes)))
    y = first.reshape(math.prod(first.shape[: len(axes)]), *first.shape[len(axes) :])
    one = np.ones_like(y[:1])
    before = np.cumprod(np.concatenate([one, y[:-1]]), axis=0)
    after = np.cumprod(np.concatenate([one, y[:0:-1]]), axis=0)[::-1]
    return np.moveaxis((before * after).reshape(first.shape), range(len(axes)), axes)


# In what follows exponentials may underflow: beside 1 they then count for nothing, or the result
# is as small itself. Somebody who made NumPy raise on underflow does not mean these.


@np.errstate(under="ignore")
def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function σ(x) = 1 / (1 + e⁻ˣ) = e^min(x, 0) / (1 + e^-|x|); nothing overflows."""
    return np.exp(np.minimum(x, 0)) / (1.0 + np.exp(-np.abs(x)))


@np.errstate(under="ignore")
def softplus(x: np.ndarray) -> np.ndarray:
    """Smooth ramp log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@np.errstate(under="ignore")
def logaddexp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Logarithm of a sum of two exponentials, log(eˣ + eʸ) = max(x, y) + log(1 + e^-|x - y|).

    Where the two terms cancel, digits go: float32 is computed in float64.
    """
    return np.logaddexp(x, y, dtype=np.float64).astype(_type(x, y))


@np.errstate(under="ignore", divide="ignore")
def logsumexp(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    """Logarithm of a sum of exponentials, m + log Σᵢ e^(xᵢ - m), m = maxᵢ xᵢ.

    Where the two terms cancel, digits go: float32 is computed in float64. No entries sum to 0,
    whose logarithm is -inf.
    """
    shifted, m = _shifted(np.asarray(x, np.float64), axis)
    z = (m + _log_total(shifted, axis)).astype(_type(x))
    return z if keepdims else np.squeeze(z, axis=axis)


@np.errstate(under="ignore")
def softmax(x: np.ndarray, axis: Any = None) -> np.ndarray:
    """Shares e^(xᵢ - m) / Σⱼ e^(xⱼ - m) along ``axis``, m = maxⱼ xⱼ."""
    e = np.exp(_shifted(np.asarray(x, _type(x)), axis)[0])
    return e / np.sum(e, axis=axis, keepdims=True)


@np.errstate(under="ignore", divide="ignore")
def log_softmax(x: np.ndarray, axis: Any = None) -> np.ndarray:
    """Logarithms of shares, xᵢ - m - log Σⱼ e^(xⱼ - m) along ``axis``, m = maxⱼ xⱼ.

    A share that is nearly 1 has a logarithm as small as all the others together, and these depend
    on the last digits of xⱼ - m: float32 is computed in float64.
    """
    shifted, _ = _shifted(np.asarray(x, np.float64), axis)
    return (shifted - _log_total(shifted, axis)).astype(_type(x))


def _log_total(shifted: np.ndarray, axis: Any) -> np.ndarray:
    """Return log Σᵢ e^yᵢ where maxᵢ yᵢ = 0: one of the greatest is the 1 in log(1 + ...)."""
    greatest = shifted == 0
    others = np.sum(np.exp(shifted), axis=axis, keepdims=True, where=~greatest)
    return np.log1p(others + (np.sum(greatest, axis=axis, keepdims=True) - 1.0))


def _shifted(x: np.ndarray, axis: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return xᵢ - m and m; where m is infinite, entries that equal it are 0 and others -inf."""
    m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    if np.isfinite(m).all():
        return x - m, m
    with np.errstate(invalid="ignore"):
        return np.where(x == m, 0, np.where(np.isinf(m), -np.inf, x - m)).astype(m.dtype), m


def _type(*xs: Any) -> np.dtype:
    """Return the floating-point type of the result: that of the arrays, which numbers follow."""
    dtype = np.result_type(*xs)
    return dtype if dtype.kind == "f" else np.dtype(np.float64)
