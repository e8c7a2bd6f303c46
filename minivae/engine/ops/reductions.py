"""Operations that gather entries along axes, with NumPy's ``axis`` and ``keepdims``."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.elementwise import exp
from minivae.engine.ops.shape import broadcast_to, reshape
from minivae.engine.tensor import Tensor


@op
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum z = Σᵢ xᵢ over ``axis`` (an int, a tuple of ints, or None for all)."""
    return np.sum(x, axis=axis, keepdims=keepdims)


sum.adjoint(lambda g, z, x, axis, keepdims: spread(g, x, axis))  # dz = Σᵢ dxᵢ


@op
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean z = (1/N) Σᵢ xᵢ over ``axis``."""
    return np.mean(x, axis=axis, keepdims=keepdims)


mean.adjoint(  # dz = (1/N) Σᵢ dxᵢ
    lambda g, z, x, axis, keepdims: spread(g, x, axis) / max(1, x.size // max(1, z.size)),
)


@op
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Logarithm of a sum of exponentials, z = log Σᵢ e^xᵢ = m + log Σᵢ e^(xᵢ - m), m = max xᵢ."""
    x = np.asarray(x)
    m = _peak(x, axis)
    z = np.log(np.sum(np.exp(x - m), axis=axis, keepdims=True)) + m
    return z if keepdims else np.squeeze(z, axis=axis)


logsumexp.adjoint(  # dz = Σᵢ softmax(x)ᵢ dxᵢ
    lambda g, z, x, axis, keepdims: spread(g, x, axis) * _softmax(x, axis),
)


def _softmax(x: Any, axis: Any) -> Any:
    """Return e^(xᵢ - m) / Σⱼ e^(xⱼ - m); not e^(xᵢ - z), which lacks the digits that z has lost."""
    e = exp(x - _peak(x.data if isinstance(x, Tensor) else x, axis))
    return e / sum(e, axis=axis, keepdims=True)


def _peak(x: np.ndarray, axis: Any) -> np.ndarray:
    """Return the maximum along ``axis``, a constant to shift by; 0 where it is infinite."""
    m = np.max(x, axis=axis, keepdims=True)
    return np.where(np.isfinite(m), m, 0).astype(x.dtype)


def spread(g: Any, x: Any, axis: Any) -> Any:
    """Copy what was reduced over ``axis`` back along it, to the shape of ``x``."""
    return broadcast_to(reshape(g, keepdims_shape(x.shape, axis)), x.shape)


def keepdims_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return ``shape`` with size 1 along ``axis``, as a reduction with keepdims leaves it."""
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis) % max(len(shape), 1)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))
