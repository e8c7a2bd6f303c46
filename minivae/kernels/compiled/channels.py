"""A bias and a nonlinearity for each channel of images, and the way back, each in one pass."""

from __future__ import annotations

import numpy as np

from minivae.kernels.activations import ACTIVATIONS
from minivae.kernels.compiled.elementary import activate_row, slope_row
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

CHUNK = 1 << 14  # entries, about


@jit
def _raise_and_activate(team, kind, planes, z, bias, y):  # type: ignore[no-untyped-def]
    """Write f(z + b) of each plane; a plane is one channel of one image."""
    total, size = z.shape
    chunks = (total + planes - 1) // planes
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for i in range(chunk * planes, min(chunk * planes + planes, total)):
            b, here, there = bias[i % bias.size], z[i], y[i]
            for j in range(size):
                there[j] = here[j] + b
            activate_row(kind, there)
        finish(team)
    leave(team, chunks)


@jit
def _slope_and_sum(team, kind, planes, g, y, out, sums):  # type: ignore[no-untyped-def]
    """Write g f'(a) and, in double precision, its sum over each plane."""
    total, size = g.shape
    chunks = (total + planes - 1) // planes
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for i in range(chunk * planes, min(chunk * planes + planes, total)):
            row = out[i]
            if kind:
                slope_row(kind, y[i], g[i], row)
            p = q = r = s = 0.0
            whole = size // 4 * 4
            for j in range(0, whole, 4):  # four sums, none of which waits for another
                p += row[j]
                q += row[j + 1]
                r += row[j + 2]
                s += row[j + 3]
            for j in range(whole, size):
                p += row[j]
            sums[i] = (p + q) + (r + s)
        finish(team)
    leave(team, chunks)


def _in_planes(x: np.ndarray) -> np.ndarray:
    return plain(x).reshape(x.shape[0] * x.shape[1], -1)


def _planes_of_a_chunk(planes: int, size: int) -> int:
    return max(1, CHUNK // size, -(-planes // MOST_CHUNKS))


def channel_bias(z: np.ndarray, bias: np.ndarray, activation: str) -> np.ndarray:
    """Twin of :func:`minivae.kernels.channels.channel_bias`."""
    y, kind = empty(z.shape, z.dtype), ACTIVATIONS.index(activation)
    flat = _in_planes(z)
    planes = _planes_of_a_chunk(*flat.shape)
    crew.run(_raise_and_activate, kind, planes, flat, plain(bias), y.reshape(flat.shape))
    return y


def channel_cotangent(
    g: np.ndarray, y: np.ndarray, activation: str
) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.channels.channel_cotangent`."""
    kind = ACTIVATIONS.index(activation)
    flat = _in_planes(g)
    out = empty(g.shape, g.dtype) if kind else flat
    sums = np.empty(len(flat))
    planes = _planes_of_a_chunk(*flat.shape)
    crew.run(_slope_and_sum, kind, planes, flat, _in_planes(y), out.reshape(flat.shape), sums)
    total = sums.reshape(g.shape[:2]).sum(axis=0).astype(g.dtype)
    return (out if kind else g), total
