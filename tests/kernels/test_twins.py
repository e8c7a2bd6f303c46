"""Each compiled twin equals its reference, and the reference its textbook."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae import kernels
from minivae.kernels import reference

compiled = pytest.importorskip(
    "minivae.kernels.compiled", reason="Numba is not installed here", exc_type=ImportError
)

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
BETAS = st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999])


@st.composite
def adam_arguments(draw, dtype, special=True):
    """p, g, m, v of one shape, sizes 0 and 1 among them, and the numbers of a step."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=5))
    width = 8 * np.dtype(dtype).itemsize
    real = st.floats(
        allow_nan=special,
        allow_infinity=special,
        width=width,
        min_value=None if special else -1e3,
        max_value=None if special else 1e3,
    )
    moderate = st.floats(-1e3, 1e3, width=width)
    p, g, m = (draw(hnp.arrays(dtype, shape, elements=real | moderate)) for _ in range(3))
    v = np.array(np.abs(draw(hnp.arrays(dtype, shape, elements=real | moderate))))
    lr = draw(st.sampled_from([1e-4, 1e-3, 0.1, 1.0]))
    eps = draw(st.sampled_from([1e-8, 1e-4]))
    step = draw(st.integers(1, 10_000))
    return (p, g, m, v), (lr, draw(BETAS), draw(BETAS), eps, step)


def after(kernel, arrays, numbers):
    """The arrays p, m and v as a step leaves them, and the gradient, which it must not touch."""
    p, g, m, v = (a.copy() for a in arrays)
    with np.errstate(all="ignore"):
        kernel(p, g, m, v, *numbers)
    np.testing.assert_array_equal(g, arrays[1])
    return p, m, v


def assert_within_ulps(actual, expected, ulps, scale=None):
    """|actual - expected| is at most so many units in the last place; NaN meets NaN, inf inf."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    limits = np.finfo(expected.dtype)
    scale = np.abs(expected) if scale is None else scale
    with np.errstate(all="ignore"):
        bound = ulps * (limits.eps * scale + limits.smallest_subnormal)
        assert np.all((np.abs(actual - expected) <= bound)[finite])


@DTYPES
def test_the_adam_twin_equals_its_reference(dtype):
    @given(adam_arguments(dtype))
    def law(arguments):
        arrays, numbers = arguments
        ours = after(compiled.adam_step, arrays, numbers)
        truth = after(reference.adam_step, arrays, numbers)
        p, m, v = truth
        with np.errstate(all="ignore"):
            assert_within_ulps(ours[1], m, 4, np.abs(arrays[2]) + np.abs(arrays[1]))
            assert_within_ulps(ours[2], v, 4)
            assert_within_ulps(ours[0], p, 4, np.abs(arrays[0]) + np.abs(p - arrays[0]))

    law()


@DTYPES
def test_the_second_moment_of_the_twin_has_no_bias(dtype):
    """(1 - 0.999) g² in float32: the factor is the rounded 0.001, not 1 minus the rounded 0.999."""
    arrays = [np.zeros(1, dtype), np.ones(1, dtype), np.zeros(1, dtype), np.zeros(1, dtype)]
    compiled.adam_step(*arrays, 1e-3, 0.9, 0.999, 1e-8, 1)
    assert arrays[3] == pytest.approx(1.0 - 0.999, rel=2 * float(np.finfo(dtype).eps))


@given(adam_arguments("float64", special=False))
def test_the_reference_is_algorithm_1_of_kingma_and_ba(arguments):
    arrays, (lr, beta1, beta2, eps, t) = arguments
    ours = [a.ravel() for a in after(reference.adam_step, arrays, (lr, beta1, beta2, eps, t))]
    for i, (theta, g, m, v) in enumerate(zip(*(a.ravel().tolist() for a in arrays), strict=True)):
        m_t = beta1 * m + (1 - beta1) * g
        v_t = beta2 * v + (1 - beta2) * g**2
        m_hat = m_t / (1 - beta1**t)
        v_hat = v_t / (1 - beta2**t)
        theta_t = theta - lr * m_hat / (math.sqrt(v_hat) + eps)
        rounding = 1e-12 * (abs(m) + abs(g))
        assert abs(ours[1][i] - m_t) <= rounding
        assert ours[2][i] == pytest.approx(v_t, rel=1e-12, abs=1e-300)
        slack = lr * rounding / (1 - beta1**t) / (math.sqrt(v_hat) + eps)
        assert abs(ours[0][i] - theta_t) <= 1e-12 * (abs(theta) + abs(theta_t - theta)) + slack


@DTYPES
@pytest.mark.parametrize("steps", [1, 2, 100])
def test_the_first_steps_have_the_size_of_the_learning_rate(dtype, steps):
    """With a constant gradient, m̂ = g and v̂ = g², so that each step is lr sign(g)."""
    p, g = np.zeros(2, dtype), np.array([3.0, -0.2], dtype)
    m, v = np.zeros(2, dtype), np.zeros(2, dtype)
    for t in range(1, steps + 1):
        kernels.adam_step(p, g, m, v, 0.01, 0.9, 0.999, 1e-12, t)
    np.testing.assert_allclose(p, -0.01 * steps * np.sign(g), rtol=3e-6 * steps)


@pytest.mark.parametrize("bad", [0, 1, 2, 3])
@DTYPES
def test_arrays_that_are_not_contiguous_go_to_the_reference(dtype, bad, monkeypatch):
    kernels.use("numba")
    rng = np.random.default_rng(bad)
    arrays = [np.abs(rng.standard_normal((4, 3))).astype(dtype) for _ in range(4)]
    expected = after(reference.adam_step, arrays, (0.01, 0.9, 0.999, 1e-8, 3))
    monkeypatch.setattr(compiled, "adam_step", None)  # calling it would be an error
    mixed = [np.asfortranarray(a) if i == bad else a.copy() for i, a in enumerate(arrays)]
    kernels.adam_step(*mixed, 0.01, 0.9, 0.999, 1e-8, 3)
    for ours, truth in zip((mixed[0], *mixed[2:]), expected, strict=True):
        np.testing.assert_array_equal(ours, truth)


def test_arrays_of_several_types_go_to_the_reference(monkeypatch):
    kernels.use("numba")
    monkeypatch.setattr(compiled, "adam_step", None)
    p, m, v = np.ones(3, "float32"), np.zeros(3, "float32"), np.zeros(3, "float32")
    kernels.adam_step(p, np.ones(3), m, v, 0.5, 0.9, 0.999, 1e-8, 1)
    assert p.dtype == "float32"
    np.testing.assert_allclose(p, 0.5, rtol=1e-6)


def test_contiguous_arrays_go_to_the_twin_and_use_numpy_keeps_them_from_it(monkeypatch):
    called = []
    monkeypatch.setattr(compiled, "adam_step", lambda *args: called.append(args))
    arguments = ([1.0], [1.0], [0.0], [0.0])
    try:
        kernels.use("numba")
        assert kernels.backend() == "numba"
        kernels.adam_step(*map(np.array, arguments), 0.5, 0.9, 0.999, 1e-8, 1)
        assert len(called) == 1
        kernels.use("numpy")
        assert kernels.backend() == "numpy"
        p = np.array([1.0])
        kernels.adam_step(p, *map(np.array, arguments[1:]), 0.5, 0.9, 0.999, 1e-8, 1)
        assert len(called) == 1
        assert p == pytest.approx([0.5])
    finally:
        kernels.use("numba")
