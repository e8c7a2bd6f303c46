"""Penalties of autoencoders: each in one pass over activations, and one over weights."""

from __future__ import annotations

import numpy as np

from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

STRANDS = 32  # partial sums of a row, which are made side by side
CHUNK = 1 << 14  # entries of a matrix, about


@jit
def _mean_of_rows(y, total):  # type: ignore[no-untyped-def]
    for i in range(len(y)):
        row = y[i]
        for j in range(total.size):
            total[j] += row[j]
    total /= len(y)


def mean_activity(y: np.ndarray) -> np.ndarray:
    """Twin of :func:`minivae.kernels.penalties.mean_activity`."""
    total = np.zeros(y.shape[1], np.float64)
    _mean_of_rows(plain(y), total)
    return total


@jit
def _sum_of_squares(row, factors, strands):  # type: ignore[no-untyped-def]
    """Return Σⱼ rowⱼ² factorsⱼ, in float64."""
    strands[:] = 0.0
    whole = row.size // STRANDS * STRANDS
    for start in range(0, whole, STRANDS):
        part, weights = row[start : start + STRANDS], factors[start : start + STRANDS]
        for k in range(strands.size):
            x = np.float64(part[k])
            strands[k] += x * x * weights[k]
    total = 0.0
    for k in range(strands.size):
        total += strands[k]
    for j in range(whole, row.size):
        x = np.float64(row[j])
        total += x * x * factors[j]
    return total


@jit
def _norms(team, weight, ones, norms, height):  # type: ignore[no-untyped-def]
    """Write ‖Wⱼ‖², chunks being some rows."""
    chunks = (len(weight) + height - 1) // height
    strands = np.empty(STRANDS, np.float64)
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for j in range(chunk * height, min((chunk + 1) * height, len(weight))):
            norms[j] = _sum_of_squares(weight[j], ones, strands)
        finish(team)
    leave(team, chunks)


@jit
def _weighted_squares(slope, norms, z):  # type: ignore[no-untyped-def]
    strands = np.empty(STRANDS, np.float64)
    for i in range(len(slope)):
        z[i] = _sum_of_squares(slope[i], norms, strands)


def _height(matrix: np.ndarray) -> int:
    """Return how many rows make a chunk."""
    return max(CHUNK // matrix.shape[1], len(matrix) // MOST_CHUNKS) + 1


def contraction(slope: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.penalties.contraction`."""
    slope, weight = plain(slope), plain(weight)
    z, norms = np.empty(len(slope), slope.dtype), np.empty(len(weight), weight.dtype)
    crew.run(_norms, weight, np.ones(weight.shape[1], weight.dtype), norms, _height(weight))
    _weighted_squares(slope, norms, z)
    return z, norms


@jit
def _slope_cotangent(g, slope, norms, out, shares):  # type: ignore[no-untyped-def]
    """Write s̄ᵢⱼ = 2 gᵢ sᵢⱼ ‖Wⱼ‖², and add up Σᵢ gᵢ sᵢⱼ²."""
    for i in range(len(slope)):
        row, result = slope[i], out[i]
        once, twice = np.float64(g[i]), g[i] + g[i]
        for j in range(row.size):
            x = np.float64(row[j])
            shares[j] += once * (x * x)
            result[j] = twice * row[j] * norms[j]


@jit
def _scaled_rows(team, weight, shares, out, height):  # type: ignore[no-untyped-def]
    """Write 2 cⱼ Wⱼₖ, chunks being some rows."""
    chunks = (len(weight) + height - 1) // height
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for j in range(chunk * height, min((chunk + 1) * height, len(weight))):
            row, result = weight[j], out[j]
            twice = shares[j] + shares[j]
            for k in range(row.size):
                result[k] = twice * row[k]
        finish(team)
    leave(team, chunks)


def contraction_grad(
    g: np.ndarray, slope: np.ndarray, weight: np.ndarray, norms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.penalties.contraction_grad`."""
    g, slope, weight, norms = map(plain, (g, slope, weight, norms))
    s, w = empty(slope.shape, slope.dtype), empty(weight.shape, weight.dtype)
    shares = np.zeros(len(weight), np.float64)
    _slope_cotangent(g, slope, norms, s, shares)
    crew.run(_scaled_rows, weight, shares.astype(weight.dtype), w, _height(weight))
    return s, w
