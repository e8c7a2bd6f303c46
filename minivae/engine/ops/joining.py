"""Operations that put arrays together."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.indexing import getitem
from minivae.engine.ops.shape import axes_of, expand_dims, reshape
from minivae.engine.registry import as_array, composed


@op(linear=True)
def join(*parts: Any, axis: int = 0, edges: tuple[int, ...] = ()) -> Any:
    """Join arrays along an existing axis; :func:`concatenate` is its public form.

    Part i lies from ``edges[i]`` to ``edges[i + 1]``, counted once for all parts.
    """
    return np.concatenate(parts, axis=axis)


join.adjoint(  # what belongs to part i
    lambda g, axis, edges, i: getitem(g, (*(slice(None),) * axis, slice(edges[i], edges[i + 1]))),
)


@join.hinted
def _(*parts: Any, axis: int, edges: Any) -> str:
    shapes = ", ".join(str(np.shape(part)) for part in parts)
    return f"arrays to concatenate must agree in every axis but axis {axis}; they are {shapes}"


@composed()
def concatenate(parts: Iterable[Any], axis: int | None = 0) -> Any:
    """Join tensors or arrays along an existing axis, as ``numpy.concatenate``.

    Raises
    ------
    ValueError
        If there is no part, no such axis, or the shapes differ in another axis.
    """
    if axis is None:
        parts, axis = [reshape(part, (-1,)) for part in parts], 0
    parts = [as_array(part) for part in parts]
    if not parts:
        raise ValueError("there is nothing to concatenate; give at least one array")
    if parts[0].ndim == 0:
        raise ValueError("arrays without axes cannot be concatenated; stack them along a new one")
    (axis,) = axes_of(parts[0].ndim, axis)
    sizes = [part.shape[axis] if part.ndim > axis else 0 for part in parts]
    return join(*parts, axis=axis, edges=(0, *accumulate(sizes)))


@composed()
def stack(parts: Iterable[Any], axis: int = 0) -> Any:
    """Join tensors or arrays of one shape along a new axis, as ``numpy.stack``."""
    parts = list(parts)
    shapes = {np.shape(part) for part in parts}
    if len(shapes) != 1:
        raise ValueError(f"stack: arrays must have one shape; they have {sorted(shapes) or 'none'}")
    return concatenate([expand_dims(part, axis) for part in parts], axis)
