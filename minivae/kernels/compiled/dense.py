"""Backward through a dense layer's nonlinearity and bias, in one pass."""

from __future__ import annotations

import numpy as np

from minivae.kernels.compiled.elementary import slope_row
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.team import claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

COLUMNS = 64  # of a chunk


@jit
def _cotangent(team, kind, y, g, out, total):  # type: ignore[no-untyped-def]
    """Write z̄ = g f'(z) and b̄ⱼ = Σᵢ z̄ᵢⱼ; the sums are made in double precision.

    Without a nonlinearity z̄ is g, and ``out`` may be the same array.
    """
    n, width = y.shape
    chunks = (width + COLUMNS - 1) // COLUMNS
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        first = chunk * COLUMNS
        last = min(first + COLUMNS, width)
        sums = np.zeros(last - first, np.float64)
        for i in range(n):
            row = out[i, first:last]
            if kind:
                slope_row(kind, y[i, first:last], g[i, first:last], row)
            for j in range(row.size):
                sums[j] += row[j]
        total[first:last] = sums
        finish(team)
    leave(team, chunks)


def dense_cotangent(g: np.ndarray, y: np.ndarray, kind: int) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.products.dense_cotangent`."""
    g, y = plain(g), plain(y)
    out, total = empty(y.shape, y.dtype) if kind else g, np.empty(y.shape[1], y.dtype)
    crew.run(_cotangent, kind, y, g, out, total)
    return out, total
