"""Operations that gather entries along axes, with NumPy's ``axis`` and ``keepdims``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.arithmetic import square
from minivae.engine.ops.choice import absolute, where
from minivae.engine.ops.exponential import sqrt
from minivae.engine.ops.indexing import flip
from minivae.engine.ops.joining import concatenate
from minivae.engine.ops.shape import broadcast_to, reshape, transpose
from minivae.engine.registry import composed


@op(linear=True)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum z = Σᵢ xᵢ over ``axis`` (an int, a tuple of ints, or None for all)."""
    return np.sum(x, axis=axis, keepdims=keepdims)


sum.adjoint(lambda g, x, axis: spread(g, x.shape, axis))  # each xᵢ has the slope 1


@op(linear=True)
def cumsum(x: Any, axis: int | None = None) -> Any:
    """Cumulative sum zₖ = Σᵢ≤ₖ xᵢ along ``axis``; without one, along all entries in a row."""
    return np.cumsum(x, axis=axis)


cumsum.adjoint(  # x̄ᵢ = Σₖ≥ᵢ gₖ
    lambda g, x, axis: reshape(flip(cumsum(flip(g, axis), axis), axis), x.shape),
)


@composed
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean z = (1/N) Σᵢ xᵢ over ``axis``; over no entries it is NaN."""
    total = sum(x, axis=axis, keepdims=keepdims)
    return total / float(count(x.shape, axis)) if x.size else total / np.zeros((), x.dtype)


@composed
def var(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Variance z = 1/(N - ddof) Σᵢ (xᵢ - mean)² over ``axis``."""
    n = count(x.shape, axis) - ddof
    if n <= 0:
        raise ValueError(f"var: {n + ddof} entries and ddof={ddof} leave nothing to divide by")
    return sum(square(x - mean(x, axis, keepdims=True)), axis, keepdims=keepdims) / float(n)


@composed
def std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Square root of the variance, the standard deviation; its slope at 0 is taken as 0."""
    return sqrt(var(x, axis, ddof, keepdims))


@composed
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Product z = Πᵢ xᵢ over ``axis``, by halves: nothing is divided, so zeros do no harm."""
    axes = axes_of(x.shape, axis)
    rest = [d for d in range(x.ndim) if d not in axes]
    y = reshape(transpose(x, [*axes, *rest]), (count(x.shape, axis), *(x.shape[d] for d in rest)))
    while len(y) > 1:
        half = len(y) // 2
        pairs = y[:half] * y[half : 2 * half]
        y = concatenate([pairs, y[2 * half :]]) if len(y) % 2 else pairs
    y = sum(y, axis=0) if len(y) else 1.0 + sum(y, axis=0)
    return reshape(y, keepdims_shape(x.shape, axis)) if keepdims else y


@op
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Greatest entry along ``axis``; where several are greatest, they share the gradient."""
    return np.max(x, axis=axis, keepdims=keepdims)


@op
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Least entry along ``axis``; where several are least, they share the gradient."""
    return np.min(x, axis=axis, keepdims=keepdims)


def _shares(z: Any, x: Any, axis: Any) -> Any:
    """Return 1/n for each of the n entries of x that equal z along ``axis``, 0 for the others."""
    chosen = np.asarray(x == spread(z, x.shape, axis))
    return where(chosen, 1.0 / np.sum(chosen, axis=axis, keepdims=True, dtype=z.dtype), 0.0)


for extreme in (max, min):
    extreme.tangent(  # dz = dxᵢ of the chosen entry
        lambda v, z, x, axis, keepdims: sum(_shares(z, x, axis) * v, axis, keepdims),
    )
    extreme.adjoint(lambda g, z, x, axis: spread(g, x.shape, axis) * _shares(z, x, axis))


@op
def euclidean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Length z = √(Σᵢ xᵢ²) = m √(Σᵢ (xᵢ/m)²), m = max |xᵢ|; :func:`norm` is its public form."""
    m = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    unit = np.where((m > 0) & np.isfinite(m), m, 1).astype(np.asarray(x).dtype)
    z = unit * np.sqrt(np.sum(np.square(x / unit), axis=axis, keepdims=True))
    return z if keepdims else np.squeeze(z, axis=axis)


euclidean.tangent(  # z dz = Σᵢ xᵢ dxᵢ
    lambda v, z, x, axis, keepdims: sum(x * v, axis, keepdims) / where(z == 0, 1.0, z),
)
euclidean.adjoint(  # x̄ = g x / z
    lambda g, z, x, axis: spread(g / where(z == 0, 1.0, z), x.shape, axis) * x,
)


@composed
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Length of vectors: Euclidean (None or 2), Σᵢ |xᵢ| (1), or maxᵢ |xᵢ| (inf).

    As ``numpy.linalg.norm``, without its norms of matrices; ``ord=None`` takes any number of axes,
    and is then the Frobenius norm. The gradient at 0 is taken as 0.
    """
    axes = axes_of(x.shape, axis)
    if ord is None or (ord == 2 and len(axes) == 1):
        return euclidean(x, axis=axis, keepdims=keepdims)
    if ord not in (1, math.inf) or len(axes) != 1:
        raise ValueError(
            f"norm: ord={ord} over {len(axes)} axes is not there; ord may be None over any axes, "
            "and 1, 2 or inf over a single one"
        )
    return (sum if ord == 1 else max)(absolute(x), axis=axis, keepdims=keepdims)


def spread(g: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """Copy what was reduced over ``axis`` back along it, to ``shape``."""
    return broadcast_to(reshape(g, keepdims_shape(shape, axis)), shape)


def axes_of(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return the axes that ``axis`` names, counted from the front."""
    if axis is None:
        return tuple(range(len(shape)))
    return np.lib.array_utils.normalize_axis_tuple(axis, len(shape))


def keepdims_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return ``shape`` with size 1 along ``axis``, as a reduction with keepdims leaves it."""
    axes = axes_of(shape, axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def count(shape: tuple[int, ...], axis: Any) -> int:
    """Return the number N of entries that are gathered into one."""
    return math.prod(shape[i] for i in axes_of(shape, axis))
