"""The twin of the recurrent unit equals its reference, and the reference its definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae import kernels
from minivae.engine import vjp
from minivae.engine.ops import gru_cell
from minivae.engine.tape import watched
from minivae.kernels import recurrent as reference
from minivae.kernels.crew import crew
from minivae.testing.strategies import operands, strided

compiled = pytest.importorskip(
    "minivae.kernels.compiled.recurrent", reason="Numba is not installed here"
)

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


@st.composite
def states(draw, dtype, special=True, parts=(3, 3, 1)):
    """Arrays of n rows and so many times d columns, in any layout."""
    n, d = draw(st.tuples(st.integers(1, 4), st.integers(1, 4) | st.integers(1, 40)))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1e-3, 1.0, 5.0, 100.0]))
    arrays = [(scale * seed.standard_normal((n, k * d))).astype(dtype) for k in parts]
    if special:
        odd = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 1e30])
        for a in arrays:
            for _ in range(draw(st.integers(0, 2))):
                a[draw(st.integers(0, n - 1)), draw(st.integers(0, a.shape[1] - 1))] = draw(odd)
    return [draw(strided(a)) for a in arrays]


def assert_close(actual, expected, scale, ulps=16):
    """Within so many units of the terms; NaN and infinities where the reference has them."""
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    limits = np.finfo(expected.dtype)
    with np.errstate(all="ignore"):
        allowed = ulps * (limits.eps * scale + limits.smallest_normal)
        assert np.all((np.abs(actual - expected) <= allowed)[finite])


@DTYPES
def test_the_cell_equals_its_reference(dtype):
    """Where x₃ + r h₃ cancels, the rounding of its terms counts."""

    @given(states(dtype))
    def law(arrays):
        gates_x, gates_h, h = arrays
        d = h.shape[1]
        with np.errstate(all="ignore"):
            state, gates = compiled.gru_cell(gates_x, gates_h, h)
            expected, gates_expected = reference.gru_cell(gates_x, gates_h, h)
            slack = np.minimum(np.abs(gates_x) + np.abs(gates_h), 10)  # beyond, all is flat
            slack = np.where(np.isnan(slack), 0, slack)
            assert_close(gates[:, : 2 * d], gates_expected[:, : 2 * d], 1 + slack[:, : 2 * d])
            terms = 1 + np.abs(gates_x) + np.abs(gates_h)
            assert_close(gates[:, 2 * d :], gates_expected[:, 2 * d :], terms[:, 2 * d :])
            new = np.where(np.isfinite(terms), terms, 1)[:, 2 * d :]  # tanh(±∞) is exact
            assert_close(state, expected, new + np.abs(h) * (1 + slack[:, d : 2 * d]))

    law()


@DTYPES
def test_the_cotangents_equal_their_reference(dtype):
    @given(states(dtype, parts=(1, 3, 3, 1)))
    def law(arrays):
        g, gates, gates_h, h = arrays
        with np.errstate(all="ignore"):
            ours = compiled.gru_cell_grad(g, gates, gates_h, h)
            truth = reference.gru_cell_grad(g, gates, gates_h, h)
            most = [np.abs(a)[np.isfinite(a)].max(initial=1) for a in (g, gates, gates_h, h)]
            scale = most[0] * most[1] ** 4 * np.float64(max(most[2:])) * 4
            for a, b in zip(ours, truth, strict=True):
                assert_close(a, b, np.minimum(np.abs(b) * 64 + scale, 1e300))

    law()


@given(states("float64", special=False))
def test_the_reference_is_the_unit_of_pytorch_number_by_number(arrays):
    gates_x, gates_h, h = (np.clip(a, -30, 30) for a in arrays)
    state, gates = kernels.gru_cell(gates_x, gates_h, h)
    n, d = h.shape
    for i, j in np.ndindex(n, d):
        r = 1 / (1 + math.exp(-gates_x[i, j] - gates_h[i, j]))
        z = 1 / (1 + math.exp(-gates_x[i, d + j] - gates_h[i, d + j]))
        new = math.tanh(gates_x[i, 2 * d + j] + r * gates_h[i, 2 * d + j])
        np.testing.assert_allclose(gates[i, j::d], [r, z, new], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(state[i, j], (1 - z) * new + z * h[i, j], rtol=1e-12, atol=1e-12)


@given(states("float64", special=False), st.integers(0, 2**32 - 1))
def test_the_cotangents_are_those_of_finite_differences(arrays, seed):
    arrays = [np.clip(a, -3, 3) for a in arrays]
    rng, step = np.random.default_rng(seed), 1e-6
    g, *along = (rng.standard_normal(a.shape) for a in (arrays[2], *arrays))
    cotangents = kernels.gru_cell_grad(g, kernels.gru_cell(*arrays)[1], *arrays[1:])
    ahead, behind = (
        kernels.gru_cell(*(a + sign * step * v for a, v in zip(arrays, along, strict=True)))[0]
        for sign in (1, -1)
    )
    slope = np.sum(g * (ahead - behind)) / (2 * step)
    found = sum(np.sum(c * v) for c, v in zip(cotangents, along, strict=True))
    assert abs(found - slope) <= 1e-7 * (1 + np.sum(np.abs(g)))


@pytest.mark.parametrize("threads", [1, 2, 3])
@DTYPES
def test_threads_that_share_the_rows_give_the_same_bits(dtype, threads, monkeypatch):
    rng = np.random.default_rng(0)
    x, gates_h, h, g = (rng.standard_normal((40, k)).astype(dtype) for k in (15, 15, 5, 5))
    gates = compiled.gru_cell(x, gates_h, h)[1]
    alone = [*compiled.gru_cell(x, gates_h, h), *compiled.gru_cell_grad(g, gates, gates_h, h)]
    monkeypatch.setattr(compiled, "CHUNK", 1)
    monkeypatch.setattr(compiled, "FEW", 0)
    before = crew.threads
    try:
        crew.resize(threads)
        shared = [*compiled.gru_cell(x, gates_h, h), *compiled.gru_cell_grad(g, gates, gates_h, h)]
    finally:
        crew.resize(before)
    for a, b in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(a, b)


@given(hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=2))
def test_empty_states_have_empty_successors(shape):
    n, d = shape
    arrays = np.ones((n, 3 * d)), np.ones((n, 3 * d)), np.ones((n, d))
    state, gates = kernels.gru_cell(*arrays)
    cotangents = kernels.gru_cell_grad(arrays[2], gates, *arrays[1:])
    shapes = [a.shape for a in (state, gates, *cotangents)]
    assert shapes == [(n, d), (n, 3 * d), (n, 3 * d), (n, 3 * d), (n, d)]


@given(operands("gru_cell"))
def test_one_pass_gives_what_the_adjoints_give_that_watchers_see(call):
    cotangent = np.linspace(1, 2, call.operands[2].size).reshape(call.operands[2].shape)
    together = vjp(gru_cell, *call.operands)[1](cotangent)
    with watched(lambda event, run: run()):
        each = vjp(gru_cell, *call.operands)[1](cotangent)
    for a, b in zip(together, each, strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-12, atol=1e-12)
