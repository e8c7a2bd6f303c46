"""Calls of the convolutions: images, kernels, and how these are laid on each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from minivae.kernels.convolution import Grid
from minivae.testing.strategies.arrays import numbers
from minivae.testing.strategies.call import Call


class _Drawn(NamedTuple):
    """Numbers of images and channels, sizes, and the grid in the forms that a caller may use."""

    n: int
    c: int
    o: int
    kernel: tuple[int, int]
    room: tuple[int, int]
    static: dict[str, Any]
    grid: Grid


@st.composite
def _setting(draw: st.DrawFn) -> _Drawn:
    n, c, o = draw(st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(1, 2)))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 2)))
    room = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    static = {
        "stride": draw(_one_or_two(1, 3)),
        "padding": draw(_one_or_two(0, 1)),
        "dilation": draw(_one_or_two(1, 2)),
    }
    return _Drawn(n, c, o, kernel, room, static, Grid.of(**static))


def _one_or_two(low: int, high: int) -> st.SearchStrategy[Any]:
    one = st.integers(low, high)
    return one | st.tuples(one, one)


def _image(at: _Drawn) -> tuple[int, int]:
    """Return the size of an image that has ``room`` more pixels than the kernel needs."""
    least = (
        max(1, d * (k - 1) + 1 - 2 * p)
        for k, p, d in zip(at.kernel, at.grid.padding, at.grid.dilation, strict=True)
    )
    h, w = (m + r for m, r in zip(least, at.room, strict=True))
    return h, w


@st.composite
def _convolved(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    at = draw(_setting())
    shapes = [(at.n, at.c, *_image(at)), (at.o, at.c, *at.kernel), (at.o,)]
    static: dict[str, Any] = {"grid": at.grid}
    if name == "conv_kernel":  # from the images and a cotangent of the result
        result = at.grid.result_size(_image(at), at.kernel)
        shapes = [(at.n, at.o, *result), shapes[0]]
        static |= {"size": at.kernel}
    elif name == "conv_result":
        shapes = shapes[:2]
    else:
        shapes, static = shapes[: draw(st.integers(2, 3))], at.static
    return Call(name, tuple(draw(numbers(shape, dtype=dtype)) for shape in shapes), static)


@st.composite
def _spread(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw for the transposed convolution, whose result must not be cut away by the padding."""
    at = draw(_setting())
    small = at.room[0] + 1, at.room[1] + 1
    extra = tuple(draw(st.integers(0, s - 1)) for s in at.grid.stride)
    try:
        at.grid.image_size(small, at.kernel, extra)
    except ValueError:
        at = at._replace(static={**at.static, "padding": 0}, grid=at.grid._replace(padding=(0, 0)))
    shapes = [(at.n, at.o, *small), (at.o, at.c, *at.kernel), (at.c,)]
    if name == "conv_transpose2d":
        shapes, static = shapes[: draw(st.integers(2, 3))], {**at.static, "output_padding": extra}
    else:
        size = at.grid.image_size(small, at.kernel, extra)
        shapes, static = shapes[:2], {"grid": at.grid, "size": size}
    return Call(name, tuple(draw(numbers(shape, dtype=dtype)) for shape in shapes), static)


IMAGES: dict[str, Callable[[str, Any], st.SearchStrategy[Call]]] = {
    "conv2d": _convolved,
    "conv_transpose2d": _spread,
    "conv_result": _convolved,
    "conv_image": _spread,
    "conv_kernel": _convolved,
}
"""How to draw a call, by the function's name."""
