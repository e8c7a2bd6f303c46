"""Twins of the Gaussian KL divergences: computed in double precision, value and slope in one pass.

As they are a small part of the work, they run on one thread.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minivae.kernels.compiled.elementary import constants, expm1, inline, series
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.rows import flat, shape_and_type, total
from minivae.kernels.divergences import check_full, check_isotropic
from minivae.kernels.memory import empty


@inline
def _beyond_line(x, e):  # type: ignore[no-untyped-def]
    """Return eˣ - 1 - x, where e = eˣ - 1: near 0 by the series x²/2 + x³/6 + ..."""
    return x * x * series(constants(x).exponential, x) if abs(x) < 0.3 else e - x


@jit
def _diagonal(mu, logvar, kl, slope):  # type: ignore[no-untyped-def]
    for i in range(kl.size):
        x, y = np.float64(mu[i]), np.float64(logvar[i])
        e = expm1(y)
        kl[i] = 0.5 * (x * x + _beyond_line(y, e))
        slope[i] = 0.5 * e


def gaussian_kl(mu: Any, logvar: Any) -> np.ndarray:
    """Twin of :func:`minivae.kernels.divergences.gaussian_kl`."""
    return gaussian_kl_and_slope(mu, logvar)[0]


def gaussian_kl_and_slope(mu: Any, logvar: Any) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.divergences.gaussian_kl_and_slope`."""
    shape, dtype = shape_and_type(mu, logvar)
    kl, slope = empty(shape, dtype), empty(shape, dtype)
    _diagonal(*[flat(a, shape, dtype) for a in (mu, logvar, kl, slope)])
    return kl, slope


@jit
def _isotropic(mu, logvar, kl, slope):  # type: ignore[no-untyped-def]
    width = mu.size // kl.size
    squares, sums = np.empty(width), np.empty(width)
    for row in range(kl.size):
        m = mu[row * width : row * width + width]
        for i in range(width):
            squares[i] = np.float64(m[i]) * np.float64(m[i])
        y = np.float64(logvar[row])
        e = expm1(y)
        kl[row] = 0.5 * (total(squares, 0, squares.size, sums) + width * _beyond_line(y, e))
        slope[row] = 0.5 * width * e


def gaussian_kl_isotropic(mu: np.ndarray, logvar: Any) -> np.ndarray:
    """Twin of :func:`minivae.kernels.divergences.gaussian_kl_isotropic`."""
    return gaussian_kl_isotropic_and_slope(mu, logvar)[0]


def gaussian_kl_isotropic_and_slope(mu: np.ndarray, logvar: Any) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.divergences.gaussian_kl_isotropic_and_slope`."""
    logvar = np.asarray(logvar, mu.dtype)
    check_isotropic(mu.shape, logvar.shape)
    kl, slope = empty(mu.shape[:-1], mu.dtype), empty(logvar.shape, mu.dtype)
    _isotropic(*[flat(a, a.shape, a.dtype) for a in (mu, logvar, kl, slope)])
    return kl, slope


@jit
def _full(mu, L, kl, slope):  # type: ignore[no-untyped-def]
    d = mu.size // kl.size
    below = np.zeros(d * d, np.bool_)
    for i in range(d):
        below[i * d : i * d + i] = True
    squares, sums = np.empty(d * d), np.empty(d * d)
    zero = L.dtype.type(0)
    for row in range(kl.size):
        m, a = mu[row * d : row * d + d], L[row * d * d : (row + 1) * d * d]
        z = slope[row * d * d : (row + 1) * d * d]
        for i in range(d * d):
            z[i] = a[i] if below[i] else zero
            squares[i] = np.float64(z[i]) * np.float64(z[i])
        for i in range(d):  # where the squares are 0 there is room
            scale, x = np.float64(a[i * d + i]), np.float64(m[i])
            y = 2.0 * math.log(abs(scale))
            squares[i * d + i] = x * x + _beyond_line(y, (scale - 1.0) * (scale + 1.0))
            z[i * d + i] = scale - 1.0 / scale
        kl[row] = 0.5 * total(squares, 0, squares.size, sums)


def gaussian_kl_full(mu: np.ndarray, L: np.ndarray) -> np.ndarray:
    """Twin of :func:`minivae.kernels.divergences.gaussian_kl_full`."""
    return gaussian_kl_full_and_slope(mu, L)[0]


def gaussian_kl_full_and_slope(mu: np.ndarray, L: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.divergences.gaussian_kl_full_and_slope`."""
    check_full(mu.shape, L.shape)
    kl, slope = empty(mu.shape[:-1], mu.dtype), empty(L.shape, mu.dtype)
    _full(*[flat(a, a.shape, a.dtype) for a in (mu, L, kl, slope)])
    return kl, slope
