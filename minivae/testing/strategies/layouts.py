"""Calls of the functions that move entries about: shapes, places, joining and cutting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.testing.strategies.arrays import (
    SHAPES,
    arrays,
    axes,
    broadcastable_shapes,
    integers,
    numbers,
)
from minivae.testing.strategies.call import Call


def _shapes(least: int, size: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    return hnp.array_shapes(min_dims=least, max_dims=3, min_side=size, max_side=3)


@st.composite
def _reshaped(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    x = draw(arrays(dtype=dtype))
    forms: list[Any] = [x.shape[::-1], (1, *x.shape), (*x.shape, 1)]
    if x.size:
        forms += [-1, (-1,), (-1, *x.shape[:1])]
    return Call(name, (x,), {"shape": draw(st.sampled_from(forms))})


@st.composite
def _permuted(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    x = draw(arrays(dtype=dtype))
    signed = [
        axis - draw(st.sampled_from([0, x.ndim])) for axis in draw(st.permutations(range(x.ndim)))
    ]
    return Call(name, (x,), {"axes": draw(st.sampled_from([None, tuple(signed)]))})


@st.composite
def _two_axes(draw: st.DrawFn, name: str, dtype: Any, offset: bool = False) -> Call:
    x = draw(arrays(_shapes(2), dtype=dtype))
    one = st.integers(-x.ndim, x.ndim - 1)
    if not offset:
        return Call(name, (x,), {"axis1": draw(one), "axis2": draw(one)})
    first, second = draw(
        st.tuples(one, one).filter(lambda pair: pair[0] % x.ndim != pair[1] % x.ndim)
    )
    static = {"offset": draw(st.integers(-4, 4)), "axis1": first, "axis2": second}
    return Call(name, (x,), static)


@st.composite
def _stretched(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape, target = draw(broadcastable_shapes(2))
    full = np.broadcast_shapes(shape, target)
    return Call(name, (draw(numbers(shape, dtype=dtype)),), {"shape": full})


@st.composite
def _expanded(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    x = draw(arrays(_shapes(0), dtype=dtype))
    axis = draw(axes(x.ndim + 1).filter(lambda axis: axis is not None and np.size(axis) == 1))
    pair = st.sampled_from([(0, -1), (0, x.ndim + 1), (-1, 0)])
    return Call(name, (x,), {"axis": draw(st.just(axis) | pair)})


@st.composite
def _squeezed(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=2))
    ones = [d - draw(st.sampled_from([0, len(shape)])) for d, n in enumerate(shape) if n == 1]
    axis = draw(st.sampled_from([None, tuple(ones), *ones]))
    return Call(name, (draw(numbers(shape, dtype=dtype)),), {"axis": axis})


@st.composite
def _flipped(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    x = draw(arrays(dtype=dtype))
    return Call(name, (x,), {"axis": draw(axes(x.ndim))})


@st.composite
def _triangle(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    return Call(name, (draw(arrays(_shapes(1), dtype=dtype)),), {"k": draw(st.integers(-3, 3))})


@st.composite
def _indices(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    """Draw an index: slices and numbers, integer arrays that repeat, a mask, or a mixture."""
    form = draw(st.sampled_from(["basic", "advanced", "mask", "repeated", "mixed"]))
    if form == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True))
    if form == "advanced":
        return draw(hnp.integer_array_indices(shape))
    if form == "mask":
        return draw(integers(shape[: draw(st.integers(1, len(shape)))])) > 0
    several = st.lists(st.integers(-shape[0], shape[0] - 1), max_size=5).map(
        lambda drawn: np.array(drawn, int)
    )
    if form == "repeated":
        return draw(several)
    return (draw(several), ..., draw(st.sampled_from([None, slice(None, None, -1)])))[: len(shape)]


@st.composite
def _indexed(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape = draw(_shapes(1, size=1))
    return Call(name, (draw(numbers(shape, dtype=dtype)),), {"index": draw(_indices(shape))})


@st.composite
def _scattered(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape = draw(_shapes(1, size=1))
    index = draw(_indices(shape))
    picked = np.zeros(shape)[index].shape
    return Call(name, (draw(numbers(picked, dtype=dtype)),), {"shape": shape, "index": index})


@st.composite
def _taken(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw places along an axis; along the others there may be a single one."""
    shape = draw(_shapes(1, size=1))
    x = draw(numbers(shape, dtype=dtype))
    axis = draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    if axis is None:
        many, size = [draw(st.integers(0, 4))], x.size
    else:
        many, size = [draw(st.sampled_from([n, 1])) for n in shape], shape[axis]
        many[axis] = draw(st.integers(0, 4))
    places = draw(integers(tuple(many))).astype(int) % (2 * size) - size
    return Call(name, (x,), {"indices": places, "axis": axis})


@st.composite
def _padded(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    x = draw(arrays(dtype=dtype))
    width = st.integers(0, 2)
    pair = st.tuples(width, width)
    shapes = width | pair | st.tuples(pair) | st.lists(pair, min_size=x.ndim, max_size=x.ndim)
    widths = draw(shapes if x.ndim else width)
    forms = [0.0, 0.0, 1.5, *([(1.5, -2.5), [(1.5, -2.5)]] if x.ndim else [])]
    values = draw(st.sampled_from(forms))
    return Call(name, (x,), {"pad_width": widths, "mode": "constant", "constant_values": values})


@st.composite
def _cut(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape = draw(_shapes(1))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    equal = [n for n in range(1, 4) if shape[axis] % n == 0]
    before = st.lists(st.integers(-1, shape[axis] + 1), max_size=3)
    static = {"indices_or_sections": draw(st.sampled_from(equal) | before), "axis": axis}
    return Call(name, (draw(numbers(shape, dtype=dtype)),), static)


@st.composite
def _joined(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape = draw(_shapes(1))
    along = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = [(*shape[:along], n, *shape[along + 1 :]) for n in sizes]
    arrays = tuple(draw(numbers(part, dtype=dtype)) for part in parts)
    if name == "join":
        return Call(name, arrays, {"axis": along, "edges": (0, *accumulate(sizes))})
    axis = draw(st.sampled_from([along, along - len(shape), None]))
    return Call(name, arrays, {"axis": axis}, as_list=True)


@st.composite
def _stacked(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    shape, n = draw(SHAPES), draw(st.integers(1, 3))
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    parts = tuple(draw(numbers(shape, dtype=dtype)) for _ in range(n))
    return Call(name, parts, {"axis": axis}, as_list=True)


@st.composite
def _converted(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    return Call(name, (draw(arrays(dtype=dtype)),), {"dtype": dtype})


LAYOUTS: dict[str, Callable[[str, Any], st.SearchStrategy[Call]]] = {
    "astype": _converted,
    "broadcast_to": _stretched,
    "concatenate": _joined,
    "diagonal": partial(_two_axes, offset=True),
    "expand_dims": _expanded,
    "flip": _flipped,
    "getitem": _indexed,
    "join": _joined,
    "pad": _padded,
    "reshape": _reshaped,
    "scatter": _scattered,
    "split": _cut,
    "squeeze": _squeezed,
    "stack": _stacked,
    "swapaxes": _two_axes,
    "take_along_axis": _taken,
    "transpose": _permuted,
    "tril": _triangle,
}
"""How to draw a call, by the function's name."""
