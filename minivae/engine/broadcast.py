"""Undoing a broadcast, in one place for all operations; and giving gradients their own memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minivae.engine.registry import REGISTRY
from minivae.kernels.memory import is_view


def fit(gx: Any, data: Any, name: str) -> Any:
    """Give a cotangent the shape and the type of its operand."""
    if not hasattr(gx, "shape"):
        raise TypeError(f"{name}: its adjoint returned {gx!r}; it must return an array")
    gx = gx if gx.shape == data.shape else unbroadcast(gx, data.shape, name)
    return gx if gx.dtype == data.dtype else gx.astype(data.dtype)


def unbroadcast(g: Any, shape: tuple[int, ...], name: str = "broadcast") -> Any:
    """Sum ``g`` over the axes along which ``shape`` was stretched: the adjoint of a broadcast.

    A broadcast copies, z_i = x for all i, so x̄ = Σ_i ḡ_i.
    """
    extra = len(g.shape) - len(shape)
    stretched = tuple(
        axis
        for axis, size in enumerate(g.shape)
        if axis < extra or (shape[axis - extra] == 1 and size != 1)
    )
    total = REGISTRY["sum"](g, axis=stretched, keepdims=True)
    if total.shape[max(extra, 0) :] != shape:
        raise ValueError(
            f"{name}: its adjoint returned shape {g.shape} for an operand of shape {shape}; "
            "an adjoint must have its operand's shape, up to broadcasting"
        )
    return REGISTRY["reshape"](total, shape)


def owned(arrays: Iterable[Any], not_in: Iterable[Any] = ()) -> Iterator[Any]:
    """Copy those arrays that are views, or come twice, so that each has its memory to itself."""
    met = set(map(id, not_in))
    for a in arrays:
        yield np.array(a) if id(a) in met or is_view(a) else a
        met.add(id(a))
