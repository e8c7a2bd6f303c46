"""Backward through a dense layer's nonlinearity and bias, in one pass."""

from __future__ import annotations

import numpy as np

from minivae.kernels.compiled.elementary import slope_row
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

COLUMNS = 64  # of a chunk
FEW = 8  # rows that are summed in their own precision, which rounds at most 7 times


@jit
def _cotangent(team, kind, y, g, out, total):  # type: ignore[no-untyped-def]
    """Write z̄ = g f'(z) and b̄ⱼ = Σᵢ z̄ᵢⱼ; sums of a few rows are added in double precision.

    Without a nonlinearity z̄ is g, and ``out`` may be the same array.
    """
    n, width = y.shape
    size = max(COLUMNS, (width + MOST_CHUNKS - 1) // MOST_CHUNKS)
    chunks = (width + size - 1) // size
    sums, some = np.empty(size, np.float64), np.empty(size, out.dtype)
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        first = chunk * size
        last = min(first + size, width)
        sums[:] = 0
        for top in range(0, n, FEW):
            some[:] = 0
            for i in range(top, min(top + FEW, n)):
                row = out[i, first:last]
                if kind:
                    slope_row(kind, y[i, first:last], g[i, first:last], row)
                for j in range(row.size):
                    some[j] += row[j]
            for j in range(sums.size):
                sums[j] += some[j]
        total[first:last] = sums[: last - first]
        finish(team)
    leave(team, chunks)


def dense_cotangent(g: np.ndarray, y: np.ndarray, kind: int) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.products.dense_cotangent`."""
    g, y = plain(g), plain(y)
    out, total = empty(y.shape, y.dtype) if kind else g, np.empty(y.shape[1], y.dtype)
    crew.run(_cotangent, kind, y, g, out, total)
    return out, total
