"""Products of matrices, C = A B, with a bias and a nonlinearity if wanted: tiles, panels, chunks.

C is computed in panels, as wide as a tile (48 columns in float32 with AVX-512), and a panel in
tiles, one below the other. All of these read the same columns of B.

- B is read where it lies if its rows are contiguous, since tiles load vectors from rows. If instead
  its columns are (B is the transpose of an array, as weights are in x Wᵀ), each panel is first
  copied to rows, square block by square block. A thread keeps the panel that it copied last: the
  chunks below each other in it are mostly its own. For a few rows only, the copy takes as long as
  the product. A last panel that fills no whole vectors is copied too, with zeros beside it.
- A is read where it lies in any case, as its entries are broadcast one by one.
- Sums over k are made in stretches of ``STRETCH``, whose sums are then added. First for speed: so
  much of a panel (128 rows of 192 bytes, 24 KB), and of A what a tile reads (4 KB), fits into the
  core's first cache (32 or 48 KB), from which all tiles but the first then load B. Second for
  accuracy: the error of a sum grows with the length of a stretch rather than with that of the
  whole. In float32 it is below 1e-6 of Σₖ |aᵢₖ bₖⱼ| for numbers drawn at random, and about 2e-6
  where all terms are equal, so that roundings do not cancel.
- A chunk is a panel and some of its tiles; see :mod:`minivae.kernels.compiled.team`. Every entry of
  C is summed in the same order, whoever does it.
- Bias and nonlinearity are applied to a chunk as soon as it is done, in the cache: the fusion.

Why not NumPy's BLAS, then? It is as good where it uses the vectors that the processor has. Often it
does not: OpenBLAS selects its code by a list of processors' names, and takes that for AVX2 for many
that have AVX-512. And it fuses nothing. Who makes a product is decided in
:mod:`minivae.kernels.choice`.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from minivae.kernels.compiled.elementary import activate_row
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.pointers import address, beyond, entry, pointer, put
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.compiled.tile import HEIGHTS, tile, transpose
from minivae.kernels.compiled.vectors import BYTES, ROWS, VECTORS
from minivae.kernels.crew import SHORT, alone, crew
from minivae.kernels.memory import empty, plain

STRETCH = 128
GROUP = 48  # rows of a chunk, about
COPIED = 8 * STRETCH  # rows of a panel that a thread has room for: 196 KB
HALF = HEIGHTS[1]


@jit
def _copy_panel(b, b_step, b_column, steps, columns, panel, width, lanes, zero):  # type: ignore[no-untyped-def]
    """Copy ``columns`` columns of B to rows of ``width`` entries, with zeros beside them."""
    for j in range(0, width, lanes):
        if b_step == 1 and j + lanes <= columns:  # the columns are contiguous: by square blocks
            whole = steps // lanes * lanes
            for k in range(0, whole, lanes):
                transpose(
                    beyond(b, k + j * b_column), b_column, beyond(panel, k * width + j), width
                )
            for k in range(whole, steps):
                for l in range(j, j + lanes):  # noqa: E741
                    put(panel, k * width + l, entry(b, k + l * b_column))
        else:
            held = min(max(columns - j, 0), lanes)
            for k in range(steps):
                for l in range(j, j + held):  # noqa: E741
                    put(panel, k * width + l, entry(b, k * b_step + l * b_column))
                for l in range(j + held, j + lanes):  # noqa: E741
                    put(panel, k * width + l, zero)


@jit
def _column_of_tiles(  # type: ignore[no-untyped-def]
    a, a_row, a_step, b, b_step, steps, top, bottom, c, c_row, columns, lanes, begin, edge
):  # fmt: skip
    """Multiply the rows from ``top`` to ``bottom`` of A with a panel of B.

    A last vector that C has no room for goes through ``edge``, a tile in the thread's own room.
    """
    vectors = (columns + lanes - 1) // lanes
    whole = columns == vectors * lanes
    i = top
    while i < bottom:
        left = bottom - i
        rows = ROWS if left >= ROWS else HALF if left >= HALF else 1
        x, z = beyond(a, i * a_row), beyond(c, i * c_row)
        if whole:
            tile(rows, vectors, x, a_row, a_step, b, b_step, steps, z, c_row, begin)
        else:
            width = vectors * lanes
            tile(rows, vectors, x, a_row, a_step, b, b_step, steps, edge, width, True)
            for r in range(rows):
                for l in range(columns):  # noqa: E741
                    value = entry(edge, r * width + l)
                    if not begin:
                        value += entry(z, r * c_row + l)
                    put(z, r * c_row + l, value)
        i += rows


@jit
def product(team, room, m, n, k, a, a_row, a_step, b, b_step, b_column, c, c_row, bias, kind):  # type: ignore[no-untyped-def]
    """Compute C (m, n) = A (m, k) B (k, n), and then f(C + bias) of it; see :func:`multiply`.

    ``room`` has a row for each thread; matrices are given by their addresses and, A and B, by
    their strides in bytes; ``bias`` is 0 if there is none.
    """
    if team[2] >= len(room):  # hired when the room was ready
        return
    lanes = BYTES // room.itemsize
    a_row, a_step = a_row // room.itemsize, a_step // room.itemsize  # from here on in entries
    b_step, b_column = b_step // room.itemsize, b_column // room.itemsize
    width = VECTORS * lanes
    panels = (n + width - 1) // width
    groups = max(1, m // GROUP)
    height = (m // groups + ROWS) // ROWS * ROWS  # rows of a part: whole tiles
    groups = (m + height - 1) // height
    parts = panels * groups
    size = (parts + MOST_CHUNKS - 1) // MOST_CHUNKS
    chunks = (parts + size - 1) // size
    a, b, c = pointer(room, a), pointer(room, b), pointer(room, c)
    panel = pointer(room, room[team[2]].ctypes.data)
    edge = beyond(panel, COPIED * width)
    zero = room.dtype.type(0)
    there = -1  # the columns that are in the panel
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for part in range(chunk * size, min(chunk * size + size, parts)):
            j, top = part // groups * width, part % groups * height
            bottom, columns = min(top + height, m), min(width, n - j)
            copied = b_column != 1 or columns % lanes != 0
            for start in range(0, k, COPIED):
                steps = min(COPIED, k - start)
                rows, row = beyond(b, start * b_step + j * b_column), b_step
                if copied:
                    if j != there or k > COPIED:
                        _copy_panel(
                            rows, b_step, b_column, steps, columns, panel, width, lanes, zero
                        )
                        there = j
                    rows, row = panel, width
                for first in range(0, steps, STRETCH):
                    _column_of_tiles(
                        beyond(a, (start + first) * a_step), a_row, a_step,
                        beyond(rows, first * row), row, min(STRETCH, steps - first), top, bottom,
                        beyond(c, j), c_row, columns, lanes, start + first == 0, edge,
                    )  # fmt: skip
            if bias or kind:
                for i in range(top, bottom):
                    line = carray(beyond(c, i * c_row + j), columns)
                    if bias:
                        raised = carray(beyond(pointer(room, bias), j), columns)
                        for l in range(line.size):  # noqa: E741
                            line[l] += raised[l]
                    activate_row(kind, line)
        finish(team)
    leave(team, chunks)


def multiply(
    a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None, kind: int = 0
) -> np.ndarray:
    """Return f(A B + bias) for matrices of one floating-point type, (m, k) and (k, n).

    ``bias`` is (n,); ``kind`` names the nonlinearity f as
    :mod:`minivae.kernels.compiled.elementary` does, 0 being none.
    """
    a, b = (x if x.flags.aligned else x.copy() for x in (a, b))  # whole entries apart
    (m, k), n = a.shape, b.shape[1]
    if b.shape[0] != k or (bias is not None and bias.shape != (n,)):
        raise ValueError(f"multiply: {a.shape}, {b.shape} and the bias do not fit")
    bias = bias if bias is None else plain(bias)
    c = empty((m, n), a.dtype)
    width = VECTORS * BYTES // c.itemsize
    room = empty((crew.threads, (COPIED + ROWS) * width), a.dtype)
    run = crew.run if m * n * k > SHORT else alone
    run(
        product, room, m, n, k, address(a), *a.strides, address(b), *b.strides,
        address(c), n, 0 if bias is None else address(bias), kind,
    )  # fmt: skip
    return c
