"""Operations that arrange entries without changing them; each adjoint puts them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.registry import composed


@op(linear=True)
def reshape(x: Any, shape: Any = None) -> Any:
    """Return the same entries, in row-major order, in another shape; -1 stands for what is left."""
    return np.reshape(x, shape)


reshape.adjoint(lambda g, x: reshape(g, x.shape))


@reshape.hinted
def _(x: Any, shape: Any) -> str:
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
    return np.broadcast_to(x, shape)


broadcast_to.adjoint(lambda g: g)  # the walk sums over the stretched axes


@composed
def swapaxes(x: Any, axis1: int = -1, axis2: int = -2) -> Any:
    """Exchange two axes; by default the last two, which transposes each matrix of a stack."""
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return transpose(x, axes)


@composed
def expand_dims(x: Any, axis: Any) -> Any:
    """Insert axes of size 1 at ``axis`` (an int or a tuple) of the result."""
    return reshape(x, np.expand_dims(np.empty(x.shape, bool), axis).shape)


@composed
def squeeze(x: Any, axis: Any = None) -> Any:
    """Remove axes of size 1: those in ``axis``, or all."""
    return reshape(x, np.squeeze(np.empty(x.shape, bool), axis).shape)
