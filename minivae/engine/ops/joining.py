"""Operations that put arrays together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.indexing import getitem
from minivae.engine.ops.shape import expand_dims, reshape
from minivae.engine.registry import composed


@op(linear=True)
def join(*parts: Any, axis: int = 0) -> Any:
    """Join arrays along an existing axis; :func:`concatenate` is its public form."""
    return np.concatenate(parts, axis=axis)


@join.adjoint
def _(g: Any, z: Any, parts: Any, axis: int, i: int) -> Any:
    start = sum(part.shape[axis] for part in parts[:i])
    part = slice(start, start + parts[i].shape[axis])
    return getitem(g, (*(slice(None),) * (axis % z.ndim), part))


@join.hinted
def _(*parts: Any, axis: int) -> str:
    shapes = ", ".join(str(np.shape(part)) for part in parts)
    return f"arrays to concatenate must agree in every axis but axis {axis}; they are {shapes}"


@composed
def concatenate(parts: Sequence[Any], axis: int | None = 0) -> Any:
    """Join a sequence of tensors or arrays along an existing axis, as ``numpy.concatenate``.

    Raises
    ------
    ValueError
        If the shapes differ in another axis than ``axis``.
    """
    if axis is None:
        parts, axis = [reshape(part, (-1,)) for part in parts], 0
    return join(*parts, axis=axis)


@composed
def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Join a sequence of tensors or arrays of one shape along a new axis, as ``numpy.stack``."""
    shapes = {np.shape(part) for part in parts}
    if len(shapes) != 1:
        raise ValueError(f"stack: arrays must have one shape; they have {sorted(shapes) or 'none'}")
    return join(*(expand_dims(part, axis) for part in parts), axis=axis)
