"""Operations that gather entries along axes, with NumPy's ``axis`` and ``keepdims``."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from minivae.engine.op import fused, op
from minivae.engine.ops.arithmetic import square
from minivae.engine.ops.choice import absolute, where
from minivae.engine.ops.exponential import sqrt
from minivae.engine.ops.indexing import flip
from minivae.engine.ops.joining import concatenate
from minivae.engine.ops.shape import axes_of, broadcast_to, reshape, transpose
from minivae.engine.registry import composed
from minivae.kernels import reference


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


@op(linear=True)
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean z = (1/N) Σᵢ xᵢ over ``axis``; over no entries it is NaN."""
    return np.sum(x, axis=axis, keepdims=keepdims) / float(count(np.shape(x), axis))


mean.adjoint(lambda g, x, axis: spread(g / float(count(x.shape, axis)), x.shape, axis))


@composed("x")
def var(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Variance z = 1/(N - ddof) Σᵢ (xᵢ - mean)² over ``axis``.

    Where N ≤ ddof it is divided by 0, of which NumPy warns.
    """
    n = float(np.maximum(count(x.shape, axis) - ddof, 0))
    if n == 0:
        warnings.warn("var: degrees of freedom <= 0; have more entries", RuntimeWarning, 3)
    return sum(square(x - mean(x, axis, keepdims=True)), axis, keepdims=keepdims) / n


@composed("x")
def std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Square root of the variance, the standard deviation; its slope at 0 is taken as 0."""
    return sqrt(var(x, axis, ddof, keepdims))


def _prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Multiply neighbours, then neighbours of these: nothing is divided, so zeros do no harm."""
    axes = axes_of(x.ndim, axis)
    rest = [d for d in range(x.ndim) if d not in axes]
    y = reshape(transpose(x, [*axes, *rest]), (count(x.shape, axis), *(x.shape[d] for d in rest)))
    while len(y) > 1:
        odd = len(y) % 2
        pairs = y[0 : len(y) - odd : 2] * y[1::2]
        y = concatenate([pairs, y[-1:]]) if odd else pairs
    y = sum(y, axis=0) if len(y) else 1.0 + sum(y, axis=0)
    return reshape(y, keepdims_shape(x.shape, axis)) if keepdims else y


@fused(spec=_prod)
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Product z = Πᵢ xᵢ over ``axis``."""
    return np.prod(x, axis=axis, keepdims=keepdims)


prod.adjoint(  # dz = Σᵢ (Πⱼ≠ᵢ xⱼ) dxᵢ
    lambda g, x, axis: spread(g, x.shape, axis) * reference.product_of_others(x, axis),
)


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
    n = np.sum(chosen, axis=axis, keepdims=True, dtype=z.dtype)
    return where(chosen, np.asarray(1.0 / np.maximum(n, 1)), 0.0)  # beside NaN none is chosen


for extreme in (max, min):
    extreme.tangent(  # dz = dxᵢ of the chosen entry
        lambda v, z, x, axis, keepdims: sum(_shares(z, x, axis) * v, axis, keepdims),
    )
    extreme.adjoint(lambda g, z, x, axis: spread(g, x.shape, axis) * _shares(z, x, axis))


@op
@np.errstate(under="ignore")  # what vanishes beside the greatest entry
def euclidean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Length z = √(Σᵢ xᵢ²) = m √(Σᵢ (xᵢ/m)²), m = max |xᵢ|; :func:`norm` is its public form."""
    m = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    unit = np.where((m > 0) & np.isfinite(m), m, 1).astype(np.asarray(x).dtype)
    z = unit * np.sqrt(np.sum(np.square(x / unit), axis=axis, keepdims=True))
    return z if keepdims else np.squeeze(z, axis=axis)


def _direction(z: Any, x: Any, axis: Any) -> Any:
    """Return x / z, the entries of which are at most 1; and 0 where z = 0."""
    length = spread(z, x.shape, axis)
    return where(length == 0, 0.0, x / where(length == 0, 1.0, length))


euclidean.tangent(  # dz = Σᵢ (xᵢ / z) dxᵢ
    lambda v, z, x, axis, keepdims: sum(_direction(z, x, axis) * v, axis, keepdims),
)
euclidean.adjoint(lambda g, z, x, axis: spread(g, x.shape, axis) * _direction(z, x, axis))


@composed("x")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Length of vectors: Euclidean (None or 2), Σᵢ |xᵢ| (1), or maxᵢ |xᵢ| (inf).

    As ``numpy.linalg.norm``, without its norms of matrices; ``ord=None`` takes any number of axes,
    and is then the Frobenius norm. All derivatives at 0 are taken as 0.
    """
    axes = axes_of(x.ndim, axis)
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
    if type(g) is np.ndarray:  # not recorded
        return np.broadcast_to(g.reshape(keepdims_shape(shape, axis)), shape)
    return broadcast_to(reshape(g, keepdims_shape(shape, axis)), shape)


def keepdims_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return ``shape`` with size 1 along ``axis``, as a reduction with keepdims leaves it."""
    axes = axes_of(len(shape), axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def count(shape: tuple[int, ...], axis: Any) -> int:
    """Return the number N of entries that are gathered into one."""
    return math.prod(shape[i] for i in axes_of(len(shape), axis))
