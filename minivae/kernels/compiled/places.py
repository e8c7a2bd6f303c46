"""Where the windows are: the tables from which the compiled convolutions fetch their entries.

An image is framed with zeros, (c, H, W). Row p, column k of its matrix of windows is its entry
``rows[p] + steps[k]``; row p of the product is written to ``places[p]``, as pixels by channels.
Rows and places fill whole tiles: the last of them is repeated. A few small images share a table.

All of it follows from shapes alone: it is computed once, in NumPy, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minivae.kernels.compiled.windows import ROWS, STRETCH
from minivae.kernels.convolution import Grid, Pair

Shape = tuple[int, ...]
FEW = 49  # rows of a table, if images are so small that several must share it


class Plan(NamedTuple):
    """The tables of a convolution, and where each of its products begins in them."""

    frame: Shape  # c, h, w, zeros above, zeros on the left, H, W
    size: Pair  # of the result
    group: int  # images that share the tables
    rows: np.ndarray
    places: np.ndarray
    steps: np.ndarray
    entries: np.ndarray  # of the kernel, for each step
    products: np.ndarray  # for each: its first row, rows per image, its first step, steps


@lru_cache(maxsize=256)
def result_plan(image: Shape, kernel: Pair, grid: Grid, columns: int) -> Plan:
    """Return the tables for images (c, h, w): places (a, b) of the windows by entries (c, i, j)."""
    size = grid.result_size((image[1], image[2]), kernel)
    group = max(1, FEW // (size[0] * size[1]))
    frame = _framed(image, grid)
    rows, steps = _pixels(frame, grid, size, group), _taps(frame, grid, kernel)
    places = columns * np.arange(len(rows))
    products = np.array([[0, size[0] * size[1], 0, len(steps)]])
    entries = np.arange(len(steps))
    return Plan(frame, size, group, _whole(rows), _whole(places), steps, entries, products)


@lru_cache(maxsize=256)
def kernel_plan(image: Shape, kernel: Pair, grid: Grid, columns: int) -> Plan:
    """Return the transposed tables: entries (c, i, j) by places (a, b)."""
    size = grid.result_size((image[1], image[2]), kernel)
    group = max(1, STRETCH // (size[0] * size[1]))
    frame = _framed(image, grid)
    rows, steps = _taps(frame, grid, kernel), _pixels(frame, grid, size, group)
    places = columns * np.arange(len(rows))
    products = np.array([[0, len(rows), 0, len(steps)]])
    return Plan(frame, size, group, _whole(rows), _whole(places), steps, steps, products)


@lru_cache(maxsize=256)
def phases_plan(image: Shape, kernel: Shape, grid: Grid, size: Pair, columns: int) -> Plan:
    """Return the tables for results (o, a, b) and kernels (c, i, j): a product for each phase.

    In a phase, entry i of the kernel meets pixel h = r + s u where it was laid at row a of the
    result, s a + d i - p = h. So a = u + (r + p - d i) / s, for those i that s divides evenly.
    """
    (o, *result), (c, i, j) = image, kernel
    (above, tall, vertical), (left, wide, horizontal) = (
        _phases(*axis) for axis in zip(result, (i, j), size, *grid, strict=True)
    )
    (s, t), (h, w) = grid.stride, size
    group = max(1, FEW * s * t // (h * w))
    planes, images = tall * wide * np.arange(o), np.arange(group)
    tables: list[tuple[np.ndarray, ...]] = []
    products, first_row, first_step = [], 0, 0
    for r, m, taps in vertical:
        for q, l, others in horizontal:  # noqa: E741
            rows = _sums(o * tall * wide * images, wide * np.arange(m), np.arange(l))
            places = _sums(h * w * images, w * (r + s * np.arange(m)), q + t * np.arange(l))
            steps = _sums(planes, [wide * a for _, a in taps], [b for _, b in others])
            entries = _sums(
                c * i * j * np.arange(o), [j * k for k, _ in taps], [k for k, _ in others]
            )
            tables.append((_whole(rows), _whole(columns * places), steps, entries))
            products.append((first_row, m * l, first_step, len(steps)))
            first_row, first_step = first_row + len(tables[-1][0]), first_step + len(steps)
    frame = (*image, above, left, tall, wide)
    rows, places, steps, entries = map(np.concatenate, zip(*tables, strict=True))
    return Plan(frame, size, group, rows, places, steps, entries, np.array(products))


@lru_cache(maxsize=256)
def pixels_plan(image: Shape, columns: int) -> Plan:
    """Return the tables for an image (o, a, b) as a matrix: its pixels by its channels."""
    o, m, l = image  # noqa: E741
    group = max(1, FEW // (m * l))
    rows = _sums(o * m * l * np.arange(group), np.arange(m * l))
    places, steps = columns * np.arange(len(rows)), m * l * np.arange(o)
    products = np.array([[0, m * l, 0, o]])
    frame = (*image, 0, 0, m, l)
    return Plan(frame, (m, l), group, _whole(rows), _whole(places), steps, steps, products)


def _framed(image: Shape, grid: Grid) -> Shape:
    (c, h, w), (p, q) = image, grid.padding
    return c, h, w, p, q, h + 2 * p, w + 2 * q


def _pixels(frame: Shape, grid: Grid, size: Pair, group: int) -> np.ndarray:
    """Return where the windows begin in ``group`` frames."""
    (c, *_, tall, wide), (s, t) = frame, grid.stride
    images = c * tall * wide * np.arange(group)
    return _sums(images, s * wide * np.arange(size[0]), t * np.arange(size[1]))


def _taps(frame: Shape, grid: Grid, kernel: Pair) -> np.ndarray:
    """Return where the entries (c, i, j) are that a window at the origin sees."""
    (c, *_, tall, wide), (d, e) = frame, grid.dilation
    return _sums(
        tall * wide * np.arange(c), d * wide * np.arange(kernel[0]), e * np.arange(kernel[1])
    )


def _phases(m: int, k: int, n: int, s: int, p: int, d: int) -> tuple[int, int, list[Any]]:
    """Take an axis apart: zeros before, size of the frame, and (r, pixels, taps) of each phase.

    A tap is an entry i of the kernel and (r + p - d i) / s, counted from the frame's beginning.
    """
    phases = []
    for r in range(min(s, n)):
        taps = [(i, (r + p - d * i) // s) for i in range(k) if (r + p - d * i) % s == 0]
        phases.append((r, -(-(n - r) // s), taps))
    before = -min([0] + [a for _, _, taps in phases for _, a in taps])
    end = max([m] + [a + pixels for _, pixels, taps in phases for _, a in taps])
    shifted = [(r, pixels, [(i, a + before) for i, a in taps]) for r, pixels, taps in phases]
    return before, before + end, shifted


def _sums(*axes: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return all sums of one number of each axis, the last one running fastest."""
    total = np.zeros(1, np.intp)
    for axis in axes:
        total = np.add.outer(total, np.asarray(axis, np.intp)).ravel()
    return total


def _whole(table: np.ndarray) -> np.ndarray:
    """Repeat the last entry until the table fills whole tiles."""
    return np.pad(table, (0, -len(table) % ROWS), mode="edge")
