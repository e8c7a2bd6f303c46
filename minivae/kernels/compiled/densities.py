"""Twins of the likelihoods: value and gradient of each row in one pass over the data."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from minivae.kernels.compiled.elementary import constants, exp, inline, log1p
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.rows import part, plan, run, sum_rows, together
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

_HALF_LOG_2PI = 0.5 * log(2 * pi)


@inline
def _bernoulli_term(a, x):  # type: ignore[no-untyped-def]
    """Return softplus(a) - x a, as max(a, 0) - x a = a ([a > 0] - x) and log(1 + u), and u."""
    c = constants(a)
    u = exp(-abs(a))
    return a * ((c.one if a > c.zero else c.zero) - x) + log1p(u), u


@inline
def _bernoulli_block(a, x, terms, slope):  # type: ignore[no-untyped-def]
    if slope.size == 0:
        for i in range(terms.size):
            terms[i] = _bernoulli_term(a[i], x[i])[0]
        return
    for i in range(terms.size):
        c = constants(a[i])
        terms[i], u = _bernoulli_term(a[i], x[i])
        slope[i] = (u if a[i] < c.zero else c.one) / (c.one + u) - x[i]


@jit
def _bernoulli(team, rows, width, height, logits, x, nll, slope):  # type: ignore[no-untyped-def]
    blocks, size, chunks = plan(rows, width, height)
    terms, sums = np.empty(height * width, x.dtype), np.empty(width)
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for block in range(chunk * size, min(chunk * size + size, blocks)):
            first, last = block * height, min(block * height + height, rows)
            a, _ = part(logits, first, last, rows, width, height)
            b, _ = part(x, first, last, rows, width, height)
            _bernoulli_block(a, b, terms[: b.size], slope[first * width : last * width])
            sum_rows(terms, width, sums, nll[first:last])
        finish(team)
    leave(team, chunks)


def bernoulli_nll(logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Twin of :func:`minivae.kernels.densities.bernoulli_nll`."""
    rows = together(logits, x)
    nll = empty(rows.shape[:-1], rows.dtype)
    run(_bernoulli, rows, nll, empty((0,), rows.dtype))
    return nll


def bernoulli_nll_and_slope(logits: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.densities.bernoulli_nll_and_slope`: one exponential."""
    rows = together(logits, x)
    nll, slope = empty(rows.shape[:-1], rows.dtype), empty(rows.shape, rows.dtype)
    run(_bernoulli, rows, nll, slope)
    return nll, slope


@inline
def _gaussian_block(mean, x, logstd, precision, terms, by_mean, by_logstd):  # type: ignore[no-untyped-def]
    half, one = x.dtype.type(0.5), x.dtype.type(1)
    constant = x.dtype.type(_HALF_LOG_2PI)
    if by_mean.size == 0:
        for i in range(terms.size):
            t = (x[i] - mean[i]) * precision[i]
            terms[i] = half * (t * t) + (logstd[i] + constant)
        return
    for i in range(terms.size):
        t = (x[i] - mean[i]) * precision[i]
        terms[i] = half * (t * t) + (logstd[i] + constant)
        by_mean[i] = -t * precision[i]
        by_logstd[i] = one - t * t


@jit
def _gaussian(team, rows, width, height, mean, x, logstd, nll, by_mean, by_logstd):  # type: ignore[no-untyped-def]
    blocks, size, chunks = plan(rows, width, height)
    terms, precision = np.empty(height * width, x.dtype), np.empty(height * width, x.dtype)
    sums = np.empty(width)
    known, ready = -1, 0  # the rows whose precision was computed last
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for block in range(chunk * size, min(chunk * size + size, blocks)):
            first, last = block * height, min(block * height + height, rows)
            a, _ = part(mean, first, last, rows, width, height)
            b, _ = part(x, first, last, rows, width, height)
            s, begin = part(logstd, first, last, rows, width, height)
            if begin != known or s.size > ready:
                known, ready = begin, s.size
                for i in range(s.size):
                    precision[i] = exp(-s[i])
            here = slice(first * width, last * width)
            _gaussian_block(a, b, s, precision, terms[: s.size], by_mean[here], by_logstd[here])
            sum_rows(terms, width, sums, nll[first:last])
        finish(team)
    leave(team, chunks)


def gaussian_nll(mean: np.ndarray, x: np.ndarray, logstd: Any) -> np.ndarray:
    """Twin of :func:`minivae.kernels.densities.gaussian_nll`."""
    rows = together(mean, x, logstd)
    nll, none = empty(rows.shape[:-1], rows.dtype), empty((0,), rows.dtype)
    run(_gaussian, rows, nll, none, none)
    return nll


def gaussian_nll_and_slopes(
    mean: np.ndarray, x: np.ndarray, logstd: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twin of :func:`minivae.kernels.densities.gaussian_nll_and_slopes`."""
    rows = together(mean, x, logstd)
    nll, by_mean, by_logstd = (
        empty(shape, rows.dtype) for shape in (rows.shape[:-1], rows.shape, rows.shape)
    )
    run(_gaussian, rows, nll, by_mean, by_logstd)
    return nll, by_mean, by_logstd


@jit
def _scale(team, size, g, slope, result):  # type: ignore[no-untyped-def]
    rows = len(slope)
    chunks = (rows + size - 1) // size
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        for row in range(chunk * size, min(chunk * size + size, rows)):
            factor, s, z = g[row], slope[row], result[row]
            for i in range(z.size):
                z[i] = factor * s[i]
        finish(team)
    leave(team, chunks)


def scale_rows(g: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Twin of :func:`minivae.kernels.densities.scale_rows`."""
    if g.shape != slope.shape[:-1]:
        return np.expand_dims(g, -1) * slope
    rows = plain(slope).reshape(-1, slope.shape[-1])
    result = empty(slope.shape, slope.dtype)
    size = max(1, 8192 // rows.shape[1], -(-len(rows) // MOST_CHUNKS))
    crew.run(_scale, size, plain(g).reshape(-1), rows, result.reshape(rows.shape))
    return result
