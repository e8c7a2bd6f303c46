"""The elementwise part of a gated recurrent unit: one pass forward, one backward."""

from __future__ import annotations

import numpy as np

from minivae.kernels.compiled.elementary import sigmoid, tanh
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

CHUNK = 1 << 11  # entries of the state, about
FEW = 2 * CHUNK  # of which one thread makes the cells before others would be awake


@jit
def _cell(x, h_gates, h, state, gates):  # type: ignore[no-untyped-def]
    """Make one row of the next state and of the gates (r, z, n).

    Each loop writes one array: with more the compiler cannot tell apart what may overlap, and makes
    no vectors.
    """
    d = h.size
    x1, x2, x3 = x[:d], x[d : 2 * d], x[2 * d :]
    h1, h2, h3 = h_gates[:d], h_gates[d : 2 * d], h_gates[2 * d :]
    r, z, n = gates[:d], gates[d : 2 * d], gates[2 * d :]
    for j in range(h.size):
        r[j] = sigmoid(x1[j] + h1[j])
    for j in range(h.size):
        z[j] = sigmoid(x2[j] + h2[j])
    for j in range(h.size):
        n[j] = tanh(x3[j] + r[j] * h3[j])
    for j in range(h.size):
        state[j] = n[j] + z[j] * (h[j] - n[j])


@jit
def _cell_grad(g, gates, h_gates, h, x_bar, gates_bar, h_bar):  # type: ignore[no-untyped-def]
    """Make one row of the cotangents of gates_x, gates_h and h.

    As above, each loop writes one array.
    """
    d = h.size
    r, z, n, h3 = gates[:d], gates[d : 2 * d], gates[2 * d :], h_gates[2 * d :]
    x1, x2, x3 = x_bar[:d], x_bar[d : 2 * d], x_bar[2 * d :]
    h3_bar = gates_bar[2 * d :]
    one = h.dtype.type(1)
    for j in range(h.size):
        x3[j] = g[j] * (one - z[j]) * (one - n[j] * n[j])
    for j in range(h.size):
        x1[j] = x3[j] * h3[j] * (r[j] * (one - r[j]))
    for j in range(h.size):
        x2[j] = g[j] * (h[j] - n[j]) * (z[j] * (one - z[j]))
    for j in range(2 * d):
        gates_bar[j] = x_bar[j]
    for j in range(h.size):
        h3_bar[j] = x3[j] * r[j]
    for j in range(h.size):
        h_bar[j] = g[j] * z[j]


@jit
def _cells(x, h_gates, h, state, gates, first, last):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        _cell(x[i], h_gates[i], h[i], state[i], gates[i])


@jit
def _cells_grad(g, gates, h_gates, h, x_bar, gates_bar, h_bar, first, last):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        _cell_grad(g[i], gates[i], h_gates[i], h[i], x_bar[i], gates_bar[i], h_bar[i])


@jit
def _cells_in_chunks(team, x, h_gates, h, state, gates, height):  # type: ignore[no-untyped-def]
    chunks = (len(h) + height - 1) // height
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        first = chunk * height
        _cells(x, h_gates, h, state, gates, first, min(first + height, len(h)))
        finish(team)
    leave(team, chunks)


@jit
def _cells_grad_in_chunks(team, g, gates, h_gates, h, x_bar, gates_bar, h_bar, height):  # type: ignore[no-untyped-def]
    chunks = (len(h) + height - 1) // height
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        first = chunk * height
        last = min(first + height, len(h))
        _cells_grad(g, gates, h_gates, h, x_bar, gates_bar, h_bar, first, last)
        finish(team)
    leave(team, chunks)


def _height(h: np.ndarray) -> int:
    """Return how many rows make a chunk."""
    return max(CHUNK // h.shape[1], len(h) // MOST_CHUNKS) + 1


def gru_cell(
    gates_x: np.ndarray, gates_h: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.recurrent.gru_cell`."""
    gates_x, gates_h, h = map(plain, (gates_x, gates_h, h))
    args = gates_x, gates_h, h, empty(h.shape, h.dtype), empty(gates_x.shape, h.dtype)
    if h.size <= FEW:
        _cells(*args, 0, len(h))
    else:
        crew.run(_cells_in_chunks, *args, _height(h))
    return args[3], args[4]


def gru_cell_grad(
    g: np.ndarray, gates: np.ndarray, gates_h: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.recurrent.gru_cell_grad`."""
    g, gates, gates_h, h = map(plain, (g, gates, gates_h, h))
    results = empty(gates.shape, h.dtype), empty(gates.shape, h.dtype), empty(h.shape, h.dtype)
    if h.size <= FEW:
        _cells_grad(g, gates, gates_h, h, *results, 0, len(h))
    else:
        crew.run(_cells_grad_in_chunks, g, gates, gates_h, h, *results, _height(h))
    return results
