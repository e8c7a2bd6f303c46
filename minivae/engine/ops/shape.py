"""Operations that move entries without changing them; each adjoint moves them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.engine.op import op


@op
def reshape(x: Any, shape: Any = None) -> Any:
    """Return the same entries, in row-major order, in another shape; -1 stands for what is left."""
    return np.reshape(x, shape)


reshape.adjoint(lambda g, z, x, shape: reshape(g, x.shape))


@reshape.hinted
def _(x: Any, shape: Any) -> str:
    return f"{np.size(x)} entries of shape {np.shape(x)} do not fill shape {shape}"


@op
def transpose(x: Any, axes: Any = None) -> Any:
    """Permute the axes: axis i of z is axis axes[i] of x; without ``axes``, reverse them."""
    return np.transpose(x, axes)


transpose.adjoint(
    lambda g, z, x, axes: transpose(g, None if axes is None else np.argsort(np.mod(axes, x.ndim))),
)


@op
def swapaxes(x: Any, axis1: int = -1, axis2: int = -2) -> Any:
    """Exchange two axes."""
    return np.swapaxes(x, axis1, axis2)


swapaxes.adjoint(lambda g, z, x, axis1, axis2: swapaxes(g, axis1, axis2))


@op
def broadcast_to(x: Any, shape: Any = None) -> Any:
    """Copy x along new axes and axes of size 1 until it has ``shape``."""
    return np.broadcast_to(x, shape)


broadcast_to.adjoint(lambda g, z, x, shape: g)  # the walk sums over the stretched axes


@op
def getitem(x: Any, index: Any = None) -> Any:
    """Select entries, z = x[index], with NumPy's basic and advanced indexing."""
    return np.asarray(x)[index]


getitem.adjoint(lambda g, z, x, index: scatter(g, shape=x.shape, index=index))


@op
def scatter(x: Any, shape: Any = None, index: Any = None) -> Any:
    """Add entries into zeros of ``shape`` at ``index``, repeated ones too: getitem's adjoint."""
    z = np.zeros(shape, np.asarray(x).dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        z[index] = x  # basic indexing meets no entry twice
    else:
        np.add.at(z, index, x)
    return z


scatter.adjoint(lambda g, z, x, shape, index: getitem(g, index=index))


@op
def join(*parts: Any, axis: int = 0) -> Any:
    """Join arrays along an existing axis; :func:`concatenate` is its public form."""
    return np.concatenate(parts, axis=axis)


@join.adjoint
def _(i: int, g: Any, z: Any, *parts: Any, axis: int) -> Any:
    start = 0
    for part in parts[:i]:
        start += part.shape[axis]
    index = [slice(None)] * len(z.shape)
    index[axis] = slice(start, start + parts[i].shape[axis])
    return getitem(g, index=tuple(index))


@join.hinted
def _(*parts: Any, axis: int) -> str:
    shapes = ", ".join(str(np.shape(part)) for part in parts)
    return f"arrays to concatenate must agree in every axis but axis {axis}; they are {shapes}"


def concatenate(parts: Sequence[Any], axis: int = 0) -> Any:
    """Join a sequence of tensors or arrays along an existing axis, as ``numpy.concatenate``.

    Raises
    ------
    ValueError
        If the shapes differ in another axis than ``axis``.
    """
    return join(*parts, axis=axis)
