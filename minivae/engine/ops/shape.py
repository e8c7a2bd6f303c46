"""Operations that arrange entries without changing them; each adjoint puts them back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minivae.engine.op import op
from minivae.engine.registry import composed


@op(linear=True)
def reshape(x: Any, shape: Any = None) -> Any:
    """Return the same entries, in row-major order, in another shape; -1 stands for what is left."""
    if shape is None:
        raise TypeError("the shape is missing; for one of a single axis say shape=-1")
    return np.reshape(x, shape)


reshape.adjoint(lambda g, x: reshape(g, x.shape))


@reshape.hinted
def _(x: Any, shape: Any) -> str:
    if (left := np.atleast_1d(shape).tolist().count(-1)) > 1:
        return f"-1 stands for what is left, so only one size can be -1, not {left} as in {shape}"
    return f"{np.size(x)} entries of shape {np.shape(x)} do not fill shape {shape}"


@op(linear=True)
def transpose(x: Any, axes: Any = None) -> Any:
    """Permute the axes: axis i of z is axis axes[i] of x; without ``axes``, reverse them."""
    return np.transpose(x, axes)


transpose.adjoint(
    lambda g, x, axes: transpose(g, None if axes is None else np.argsort(np.mod(axes, x.ndim))),
)


@op(linear=True)
def broadcast_to(x: Any, shape: Any = None) -> Any:
    """Copy x along new axes and axes of size 1 until it has ``shape``."""
    if shape is None:
        raise TypeError("the shape is missing")
    return np.broadcast_to(x, shape)


broadcast_to.adjoint(lambda g: g)  # the walk sums over the stretched axes


@composed("x")
def swapaxes(x: Any, axis1: int = -1, axis2: int = -2) -> Any:
    """Exchange two axes; by default the last two, which transposes each matrix of a stack."""
    axes = list(range(x.ndim))
    axis1, axis2 = normalize_axis_index(axis1, x.ndim), normalize_axis_index(axis2, x.ndim)
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return transpose(x, axes)


@composed("x")
def expand_dims(x: Any, axis: Any) -> Any:
    """Insert axes of size 1 at ``axis`` (an int or a tuple) of the result."""
    return reshape(x, np.expand_dims(np.empty(x.shape, bool), axis).shape)


@composed("x")
def squeeze(x: Any, axis: Any = None) -> Any:
    """Remove axes of size 1: those in ``axis``, or all."""
    return reshape(x, np.squeeze(np.empty(x.shape, bool), axis).shape)


def axes_of(ndim: int, axis: Any) -> tuple[int, ...]:
    """Return the axes that ``axis`` names (an int, a tuple of ints, or None for all), from 0 on.

    Raises
    ------
    AxisError, TypeError or ValueError
        If there is no such axis, it is no integer, or one is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    for one in axes:
        if not isinstance(one, int | np.integer):
            raise TypeError(f"an axis is an integer, or there is a tuple of them, not {axis!r}")
    return normalize_axis_tuple(tuple(axes), ndim)


def rows(x: Any) -> Any:
    """See all leading axes as one, so that each row is a datum."""
    return x if x.ndim == 2 else reshape(x, (prod(x.shape[:-1]), x.shape[-1]))
