"""Logistic function, softplus and Bernoulli likelihood against forty-digit arithmetic."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.kernels import bernoulli_nll, bernoulli_nll_grad, sigmoid, softplus

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
GRID = [s * a for s in (-1, 1) for a in (0, 1e-30, 1e-8, 0.1, 1, 5, 15, 30, 37, 90, 110, 700, 1e4)]


def true_sigmoid(x):
    with localcontext() as context:
        context.prec = 40
        return 1 / (1 + (-Decimal(float(x))).exp())


def true_softplus(x):
    """Log(1 + eˣ); below e^-50 the first term of its series, which forty digits cannot tell."""
    with localcontext() as context:
        context.prec = 40
        e = Decimal(float(x)).exp()
        return (1 + e).ln() if x > -50 else e


def true_nll(a, x):
    """For x = 1 the softplus of -a, for x = 0 that of a."""
    return true_softplus(-a if x else a)


def reals(dtype):
    width = 8 * np.dtype(dtype).itemsize
    return (
        st.sampled_from(GRID)
        | st.floats(-100, 100, width=width)
        | st.floats(-(2.0**13), 2.0**13, width=width)
    )


def assert_close(value, truth, dtype, ulps=8):
    limits = np.finfo(dtype)
    assert value.dtype == dtype
    error = abs(Decimal(float(value)) - truth)
    assert error <= Decimal(float(ulps * limits.eps)) * abs(truth) + Decimal(float(limits.tiny))


@DTYPES
def test_the_logistic_function_keeps_its_digits(dtype):
    @given(reals(dtype))
    def law(x):
        x = np.array([x], dtype)
        assert_close(sigmoid(x)[0], true_sigmoid(x[0]), dtype)

    law()


@DTYPES
def test_softplus_keeps_its_digits(dtype):
    @given(reals(dtype))
    def law(x):
        x = np.array([x], dtype)
        assert_close(softplus(x)[0], true_softplus(x[0]), dtype)

    law()


@DTYPES
def test_the_bernoulli_likelihood_of_a_bit_keeps_its_digits(dtype):
    """Also where the bit is all but certain: -log σ(15) is 3e-7, not the 0 of 15 - 15."""

    @given(reals(dtype), st.integers(0, 1))
    def law(a, bit):
        a, x = np.array([[a]], dtype), np.array([[bit]], dtype)
        assert_close(bernoulli_nll(a, x)[0], true_nll(a[0, 0], bit), dtype)

    law()


@DTYPES
def test_the_bernoulli_likelihood_of_a_row_is_the_sum_over_its_entries(dtype):
    rng = np.random.default_rng(0)
    a = (10 * rng.standard_normal((5, 7))).astype(dtype)
    x = rng.random((5, 7)).astype(dtype)
    nll = bernoulli_nll(a, x)
    assert nll.shape == (5,)
    for i in range(5):
        terms = [
            Decimal(float(t)) * true_softplus(-b) + (1 - Decimal(float(t))) * true_softplus(b)
            for b, t in zip(a[i], x[i], strict=True)
        ]
        assert_close(nll[i], sum(terms), dtype, ulps=32)


@DTYPES
def test_the_gradient_of_the_bernoulli_likelihood_is_finite_and_right(dtype):
    @given(reals(dtype), st.integers(0, 1), st.sampled_from([-3.0, 1.0, 0.25]))
    def law(a, bit, g):
        a, x, g = np.array([[a]], dtype), np.array([[bit]], dtype), np.array([g], dtype)
        gradient = bernoulli_nll_grad(g, a, x)
        truth = Decimal(float(g[0])) * (true_sigmoid(a[0, 0]) - bit)
        assert gradient.shape == (1, 1)
        assert gradient.dtype == dtype
        assert abs(Decimal(float(gradient[0, 0])) - truth) <= Decimal(
            16 * float(np.finfo(dtype).eps)
        )

    law()


@DTYPES
@pytest.mark.parametrize("function", [sigmoid, softplus])
def test_no_warning_and_the_right_limits_at_infinity(function, dtype):
    low, high = function(np.array([-np.inf, np.inf], dtype))
    assert low == 0
    assert high == (1 if function is sigmoid else np.inf)
    assert np.isnan(function(np.array([np.nan], dtype)))


@DTYPES
def test_sigmoid_is_odd_about_one_half_and_both_rise(dtype):
    x = np.linspace(-50, 50, 1001).astype(dtype)
    np.testing.assert_allclose(sigmoid(x) + sigmoid(-x), 1, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(softplus(x) - softplus(-x), x, rtol=0, atol=64 * np.finfo(dtype).eps)
    assert np.all(np.diff(softplus(x)) >= 0)
