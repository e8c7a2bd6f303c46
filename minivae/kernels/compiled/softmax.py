"""Twin of the log-sum-exp, by which importance weights are averaged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minivae.kernels.compiled.elementary import exp, inline
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.rows import total
from minivae.kernels.memory import empty, plain

_STRIP = 512  # columns at once


@inline
def _beside(x, greatest):  # type: ignore[no-untyped-def]
    """Return e^(x - m) where x is less than the greatest m, else 0; and whether x is m."""
    equal = x == greatest  # also if both are infinite
    e = exp(x - greatest)
    return 0.0 if equal else e, 1.0 if equal else 0.0


@jit
def _down(x, z):  # type: ignore[no-untyped-def]
    """Reduce columns, a strip of them at once: log Σ e^x = m + log(1 + those beside a greatest)."""
    n = z.size
    greatest, others, equal = np.empty(_STRIP), np.empty(_STRIP), np.empty(_STRIP)
    for left in range(0, n, _STRIP):
        out = z[left : left + _STRIP]
        m, s, c = greatest[: out.size], others[: out.size], equal[: out.size]
        m[:], s[:], c[:] = -np.inf, 0.0, 0.0
        for start in range(left, x.size, n):
            row = x[start : start + out.size]
            for j in range(row.size):
                m[j] = row[j] if row[j] > m[j] else m[j]
        for start in range(left, x.size, n):
            row = x[start : start + out.size]
            for j in range(row.size):
                e, one = _beside(np.float64(row[j]), m[j])
                s[j] += e
                c[j] += one
        for j in range(out.size):
            out[j] = m[j] + math.log1p(s[j] + (c[j] - 1.0))


@jit
def _along(x, z):  # type: ignore[no-untyped-def]
    """Reduce rows: log Σ e^x = m + log(1 + those beside a greatest)."""
    n = x.size // z.size
    others, equal, sums = np.empty(n), np.empty(n), np.empty(n)
    for i in range(z.size):
        row = x[i * n : i * n + n]
        m = np.float64(_greatest(row, others))
        for j in range(n):
            others[j], equal[j] = _beside(np.float64(row[j]), m)
        z[i] = m + math.log1p(total(others, 0, n, sums) + (total(equal, 0, n, sums) - 1.0))


@inline
def _greatest(row, room):  # type: ignore[no-untyped-def]
    """Return the greatest entry: the halves of the row are compared, and so on."""
    n = row.size
    for j in range(n):
        room[j] = row[j]
    while n > 1:
        rest = (n + 1) // 2
        low, high = room[: n - rest], room[rest:n]
        for j in range(low.size):
            low[j] = max(low[j], high[j])
        n = rest
    return room[0]


def logsumexp(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    """Twin of :func:`minivae.kernels.reference.logsumexp`."""
    axes = range(x.ndim) if axis is None else axis
    axes = np.lib.array_utils.normalize_axis_tuple(axes, x.ndim)
    kept = [i for i in range(x.ndim) if i not in axes]
    z = empty(tuple(x.shape[i] for i in kept), x.dtype)
    if z.size >= 16 and kept[-1] == x.ndim - 1:  # columns lie side by side
        _down(plain(x.transpose(*axes, *kept)).reshape(-1), z.reshape(-1))
    else:
        _along(plain(x.transpose(*kept, *axes)).reshape(-1), z.reshape(-1))
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return z.reshape(shape) if keepdims else z
