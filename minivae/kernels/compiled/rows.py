"""How kernels go through rows that broadcast, and sum each.

Operands are flat: whole rows, one after the other. Rows are taken together in blocks, so that loops
are long where rows are short, and what they compute stays in the cache until it is summed.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minivae.kernels.compiled.elementary import inline
from minivae.kernels.compiled.team import MOST_CHUNKS
from minivae.kernels.crew import alone, crew
from minivae.kernels.memory import empty, plain

_BLOCK = 4096  # entries, at least, if there are so many
_MANY = 30_000  # entries that deserve several threads


class Rows(NamedTuple):
    """The rows of operands that broadcast, of one type."""

    shape: tuple[int, ...]
    dtype: Any
    height: int  # of a block
    operands: list[np.ndarray]

    def arguments(self, *results: np.ndarray) -> list[Any]:
        """Return how many rows there are, their width, operands and flat results: a kernel's."""
        width = self.shape[-1]
        sizes = prod(self.shape) // width, width, self.height
        return [*sizes, *self.operands, *[z.reshape(-1) for z in results]]


def run(kernel: Callable[..., Any], rows: Rows, *results: np.ndarray) -> None:
    """Run a kernel for a team on the operands and the results: with helpers if it is long."""
    if prod(rows.shape) < _MANY:
        alone(kernel, *rows.arguments(*results))
    else:
        crew.run(kernel, *rows.arguments(*results))


def together(*operands: Any) -> Rows:
    """Broadcast operands: at least one array; numbers among them follow its type."""
    shape, dtype = shape_and_type(*operands)
    height = min(prod(shape[:-1]), -(-_BLOCK // shape[-1]))
    return Rows(shape, dtype, height, [_repeated(a, shape, height, dtype) for a in operands])


def shape_and_type(*operands: Any) -> tuple[tuple[int, ...], np.dtype]:
    """Return the shape to which operands broadcast, and the type of the arrays among them."""
    shapes = [np.shape(a) for a in operands]
    shape = shapes[0] if shapes.count(shapes[0]) == len(shapes) else np.broadcast_shapes(*shapes)
    return shape, next(a.dtype for a in operands if isinstance(a, np.ndarray))


def flat(a: Any, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return the entries of ``a``, broadcast to ``shape``, side by side."""
    if np.shape(a) != shape:
        a = np.broadcast_to(np.asarray(a, dtype), shape)
    return plain(a).reshape(-1)


def _repeated(a: Any, shape: tuple[int, ...], height: int, dtype: np.dtype) -> np.ndarray:
    """Return the rows of an operand. If broadcasting repeats them, a block more than once."""
    own, size = np.shape(a), prod(shape)
    if own == shape:
        return flat(a, shape, dtype)
    while len(own) > 1 and own[0] == 1:
        own = own[1:]
    if own in ((), (1,)):
        own = shape[-1:]
    elif own != shape[len(shape) - len(own) :]:
        return flat(a, shape, dtype)
    period = prod(own)
    needed = min(size, period + height * shape[-1])
    rows = empty((-(-needed // period), *own), dtype)
    rows[...] = np.asarray(a, dtype).reshape(-1) if own == shape[-1:] else np.reshape(a, own)
    return rows.reshape(-1)[:needed]


@inline
def part(a, first, last, rows, width, height):  # type: ignore[no-untyped-def]
    """Return rows of an operand, and the first's number among its own."""
    own = a.size // width
    begin = first if own == rows else first % (own - height)
    return a[begin * width : (begin + last - first) * width], begin


@inline
def plan(rows, width, height):  # type: ignore[no-untyped-def]
    """Return how many blocks there are, how many make a chunk, and how many chunks there are."""
    blocks = -(-rows // height)
    size = max(1, 2 * _BLOCK // (height * width), -(-blocks // MOST_CHUNKS))
    return blocks, size, -(-blocks // size)


@inline
def sum_rows(terms, width, sums, result):  # type: ignore[no-untyped-def]
    """Sum each row; see :func:`total`."""
    if width < 64:
        for i in range(result.size):
            result[i] = _side_by_side(terms, i * width, width)
    else:
        for i in range(result.size):
            result[i] = total(terms, i * width, width, sums)


@inline
def total(terms, begin, n, sums):  # type: ignore[no-untyped-def]
    """Sum a row in double precision: its four quarters are added, then those of the result.

    ``sums`` has room for half a row.
    """
    if n < 64:
        return _side_by_side(terms, begin, n)
    _add_quarters(terms, begin, n, sums, 0)
    begin, n = 0, n // 4
    while n >= 32:
        _add_quarters(sums, begin, n, sums, begin + n)
        begin, n = begin + n, n // 4
    return _side_by_side(sums, begin, n)


@inline
def _add_quarters(a, begin, n, sums, to):  # type: ignore[no-untyped-def]
    m = n // 4
    first, second = a[begin : begin + m], a[begin + m : begin + 2 * m]
    third, fourth = a[begin + 2 * m : begin + 3 * m], a[begin + 3 * m : begin + 4 * m]
    result = sums[to : to + m]
    for i in range(m):
        left = np.float64(first[i]) + np.float64(second[i])
        result[i] = left + (np.float64(third[i]) + np.float64(fourth[i]))
    for i in range(n - 4 * m):
        result[i] += a[begin + 4 * m + i]


@inline
def _side_by_side(a, begin, n):  # type: ignore[no-untyped-def]
    """Sum a short row in four sums, none of which waits for another."""
    p = q = r = s = np.float64(0)
    whole = begin + n // 4 * 4
    for i in range(begin, whole, 4):
        p += a[i]
        q += a[i + 1]
        r += a[i + 2]
        s += a[i + 3]
    for i in range(whole, begin + n):
        p += a[i]
    return (p + q) + (r + s)
