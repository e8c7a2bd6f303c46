"""Operations that pick entries by their place; each adjoint adds them back where they were."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.choice import where
from minivae.engine.ops.shape import axes_of, reshape, transpose
from minivae.engine.registry import composed


@op(linear=True)
def getitem(x: Any, index: Any = None) -> Any:
    """Select entries, z = x[index], with NumPy's basic and advanced indexing."""
    return np.asarray(x)[index]


getitem.adjoint(lambda g, x, index: scatter(g, x.shape, index))


@op(linear=True)
def scatter(x: Any, shape: Any = None, index: Any = None) -> Any:
    """Add entries into zeros of ``shape`` at ``index``, repeated ones too: getitem's adjoint."""
    z = np.zeros(shape, np.asarray(x).dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        z[index] = x  # basic indexing meets no entry twice
    else:
        np.add.at(z, index, x)
    return z


scatter.adjoint(lambda g, index: getitem(g, index))


@composed("x")
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """Pick by an array of places along ``axis``, zᵢⱼ = xᵢₖ with k = indicesᵢⱼ, as in NumPy."""
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    indices, (axis,) = np.asarray(indices), axes_of(x.ndim, axis)
    if indices.ndim != x.ndim or indices.dtype.kind not in "iu":
        raise ValueError(
            f"take_along_axis: indices must be integers with {x.ndim} axes as x {x.shape}, they "
            f"are {indices.dtype}{list(indices.shape)}"
        )
    places = [
        n.reshape(-1, *(1,) * (x.ndim - d - 1)) for d, n in enumerate(map(np.arange, x.shape))
    ]
    places[axis] = indices
    return getitem(x, tuple(places))


@composed("x")
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Pick the diagonal of each matrix in the axes ``axis1`` and ``axis2``, as in NumPy."""
    last = axes_of(x.ndim, (axis1, axis2))
    y = transpose(x, [d for d in range(x.ndim) if d not in last] + [*last])
    rows, columns = np.nonzero(np.eye(y.shape[-2], y.shape[-1], offset, dtype=bool))
    return getitem(y, (..., rows, columns))


@composed("x")
def tril(x: Any, k: int = 0) -> Any:
    """Keep the lower triangle of each matrix, up to its k-th diagonal; zeros elsewhere."""
    return where(np.tril(np.ones(x.shape[-2:], bool), k), x, x.dtype.type(0))


@composed("x")
def flip(x: Any, axis: Any = None) -> Any:
    """Reverse the order of the entries along ``axis`` (an int, a tuple, or None for all)."""
    axes = axes_of(x.ndim, axis)
    backwards = slice(None, None, -1)
    return getitem(x, tuple(backwards if i in axes else slice(None) for i in range(x.ndim)))


@composed("x")
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """Surround with constants, as ``numpy.pad``: ``pad_width`` is n, (before, after), or pairs.

    ``constant_values`` is a number, the two for before and after, or such pairs for each axis.

    Raises
    ------
    ValueError
        If ``mode`` is not "constant", or a width is negative.
    """
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    if mode != "constant" or (widths < 0).any():
        raise ValueError(
            f"pad: mode={mode!r}, widths {widths.tolist()}; only constants can be added, and only "
            "with widths of at least 0; compose other modes of flip and concatenate"
        )
    inner = tuple(slice(a, a + n) for (a, _), n in zip(widths.tolist(), x.shape, strict=True))
    outside = np.pad(np.zeros(x.shape, x.dtype), pad_width, constant_values=constant_values)
    z = scatter(x, outside.shape, inner)
    return z + outside if outside.any() else z


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    """Return the index that takes ``part`` of one axis and all of those before it."""
    return (*(slice(None),) * axis, part)


@composed("x")
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut into equal parts, or before each of the given indices, as ``numpy.split``."""
    (axis,) = axes_of(x.ndim, axis)
    size = x.shape[axis]
    n = indices_or_sections
    if isinstance(n, int) and (n < 1 or size % n):
        raise ValueError(
            f"split: {size} entries along axis {axis} do not divide into {indices_or_sections} "
            "equal parts; give the indices to cut before"
        )
    cuts = np.split(np.arange(size), indices_or_sections)
    parts = [slice(cut[0], cut[-1] + 1) if len(cut) else slice(0) for cut in cuts]
    return [getitem(x, _along(axis, part)) for part in parts]
