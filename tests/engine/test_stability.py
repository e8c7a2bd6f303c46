"""Stable forms: in float32 nothing overflows, no digits are lost, in values and in slopes.

Values are compared with the same mathematics in NumPy's longest floats, which have 64 bits of
mantissa and exponents to 10^±4932 on most machines. An ulp is the distance of the float32 numbers
around the exact value.
"""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import minivae as mv
from minivae.testing.strategies import edge_values

LARGEST = 1e4

needs_long_floats = pytest.mark.skipif(
    np.finfo(np.longdouble).maxexp < 16384, reason="longdouble is no longer than float64 here"
)


@st.composite
def magnitudes(draw, shape=(8,)):
    """Numbers of either sign with exponents drawn evenly from 1e-30 to 1e4, edge values among."""
    size = int(np.prod(shape))
    entry = st.tuples(st.floats(-30, 4), st.sampled_from([-1, 1])).map(lambda p: p[1] * 10 ** p[0])
    moderate = st.floats(-110, 110, width=32)
    drawn = draw(st.lists(entry | moderate, min_size=size, max_size=size))
    x = np.array(drawn, np.float32).reshape(shape)
    edges = draw(edge_values("float32", shape, largest=LARGEST))
    return np.where(draw(st.sampled_from([False, True])), edges, x)


def long(x):
    return np.asarray(x, np.longdouble)


def ulps(found, exact):
    """How many ulps ``found`` lies from ``exact``; the limit of float32 is the least subnormal."""
    assert found.dtype == np.float32
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(exact).astype(np.float32)).astype(np.longdouble)
    return np.abs(long(found) - exact) / unit


def slopes(f, *xs, under="raise"):
    """The value of f and its gradients for a cotangent of ones, computed under errstate raise.

    The tangent along ones is computed too, and must be as finite.
    """
    tensors = [mv.tensor(x, requires_grad=True) for x in xs]
    with np.errstate(all="raise", under=under):
        z = f(*tensors)
        z.backward(np.ones(z.shape, "float32"))
        _, tangent = mv.jvp(f, xs, [np.ones_like(x) for x in xs])
    gradients = [t.grad for t in tensors]
    for a in (z.data, tangent.data, *gradients):
        assert a.dtype == np.float32
        assert np.isfinite(a).all()
    return z.data, *gradients


def exact_sigmoid(x):
    e = np.exp(-np.abs(long(x)))
    return np.where(x > 0, 1, e) / (1 + e)


def exact_softplus(x):
    return np.maximum(long(x), 0) + np.log1p(np.exp(-np.abs(long(x))))


ENTRYWISE = {  # the function, its exact value and slope, and how many ulps the slope may be off
    "softplus": (mv.softplus, exact_softplus, exact_sigmoid, 4),
    "sigmoid": (mv.sigmoid, exact_sigmoid, lambda x: exact_sigmoid(x) * exact_sigmoid(-x), 8),
    "log_sigmoid": (
        mv.log_sigmoid,
        lambda x: -exact_softplus(-x),
        lambda x: exact_sigmoid(-x),
        4,
    ),
}


@needs_long_floats
@pytest.mark.parametrize("name", ENTRYWISE)
def test_softplus_and_the_logistic_function_keep_their_digits(name):
    f, value, slope, bound = ENTRYWISE[name]

    @given(magnitudes())
    @example(np.linspace(-110, 110, 20_001, dtype="float32"))
    def law(x):
        z, gradient = slopes(f, x)
        assert ulps(z, value(x)).max() <= 4
        assert ulps(gradient, slope(x)).max() <= bound

    law()


@needs_long_floats
@given(magnitudes((2, 5)))
@example(np.stack([np.linspace(-110, 110, 999, dtype="float32"), np.zeros(999, "float32")], -1))
@example(np.log(np.random.default_rng(0).dirichlet(np.ones(5), 999)).astype("float32"))
def test_the_logarithm_of_a_sum_of_exponentials_keeps_its_digits(x):
    """Its slopes are shares, of which those that vanish beside 1 are off by |xᵢ - m| roundings."""
    z, gradient = slopes(lambda x: mv.logsumexp(x, axis=-1), x)
    m = long(x).max(axis=-1, keepdims=True)
    exact = m[..., 0] + log_total(x)
    # The two terms may cancel, as for the logarithms of shares: then their float64 roundings stay.
    assert np.all(error_beyond(z, exact, 4) <= 4 * 2.0**-52 * np.abs(m[..., 0]))
    share = np.exp(long(x) - m) / np.exp(long(x) - m).sum(axis=-1, keepdims=True)
    assert ulps(gradient, share).max() <= 8 + 128


@needs_long_floats
@given(magnitudes((2, 5)))
def test_logarithms_of_shares_keep_their_digits(x):
    z, _ = slopes(lambda x: mv.log_softmax(x, axis=-1), x)
    m = long(x).max(axis=-1, keepdims=True)
    assert ulps(z, long(x) - m - log_total(x)[..., None]).max() <= 4


def log_total(x):
    """Log Σᵢ e^(xᵢ - m) along the last axis, exact also where all but one term nearly vanish."""
    ordered = np.sort(long(x), axis=-1)
    return np.log1p(np.exp(ordered[..., :-1] - ordered[..., -1:]).sum(axis=-1))


def error_beyond(found, exact, bound):
    """The error that is left after ``bound`` ulps are allowed."""
    unit = np.spacing(np.abs(exact).astype(np.float32)).astype(np.longdouble)
    return np.abs(long(found) - exact) - bound * unit


@needs_long_floats
@given(magnitudes((2, 5)), st.integers(0, 2**32 - 1), st.booleans())
def test_the_bernoulli_likelihood_keeps_its_digits(logits, seed, grey):
    """For bits and for grey values; the slope σ(a) - x is as exact as the two."""
    x = np.random.default_rng(seed).random((2, 5), "float32")
    x = x if grey else np.round(x)
    z, gradient = slopes(lambda a: mv.bernoulli_nll(a, x), logits)
    terms = long(logits) * ((logits > 0) - long(x)) + np.log1p(np.exp(-np.abs(long(logits))))
    assert ulps(z, terms.sum(axis=-1)).max() <= 4
    error = np.abs(gradient - (exact_sigmoid(logits) - long(x)))
    assert error.max() <= 4 * np.finfo("float32").eps


@needs_long_floats
@given(magnitudes(), magnitudes())
def test_the_kl_divergence_keeps_its_digits(mu, logvar):
    """For variances from nothing to e⁸⁰."""
    logvar = np.minimum(logvar, np.float32(80))
    z, g_mu, g_logvar = slopes(mv.gaussian_kl, mu, logvar)
    line = np.expm1(long(logvar)) - long(logvar)
    y = long(logvar)
    near = y * y * (0.5 + y * (1 / long(6) + y / 24))
    exact = 0.5 * (np.square(long(mu)) + np.where(np.abs(y) < 1e-5, near, line))
    assert ulps(z, exact).max() <= 4
    np.testing.assert_array_equal(g_mu, mu)
    assert ulps(g_logvar, 0.5 * np.expm1(y)).max() <= 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logsumexp_does_not_care_how_large_its_entries_or_other_rows_are(dtype):
    x = np.array([[0.0, 0.0], [1e4, 1e4], [-1e4, -1e4]], dtype)
    np.testing.assert_allclose(
        mv.logsumexp(x, axis=1), [np.log(2), 1e4 + np.log(2), -1e4 + np.log(2)], rtol=1e-6
    )
    np.testing.assert_allclose(mv.logsumexp(x, axis=1)[0], np.log(2), rtol=1e-6)
    t = mv.tensor(x, requires_grad=True)
    mv.logsumexp(t, axis=1).sum().backward()
    np.testing.assert_array_equal(t.grad, np.full_like(x, 0.5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sum_of_exponentials_that_is_all_but_one_keeps_the_rest(dtype):
    """Log(1 + e^-40) is e^-40, also when it is the logarithm of the largest share."""
    x = np.array([0.0, -40.0], dtype)
    np.testing.assert_allclose(mv.logsumexp(x), np.exp(-40.0), rtol=1e-6)
    np.testing.assert_allclose(mv.log_softmax(x), [-np.exp(-40.0), -40.0], rtol=1e-6)


@pytest.mark.parametrize("f", [mv.expm1, mv.log1p, mv.elu])
def test_no_digits_are_lost_near_zero(f):
    for x in (-1e-12, 1e-12):
        np.testing.assert_allclose(f(x), x, rtol=1e-11)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (mv.elu, -30.0, np.exp(-30.0)),
        (mv.expm1, -30.0, np.exp(-30.0)),
        (mv.sigmoid, 40.0, np.exp(-40.0)),
        (mv.sigmoid, -40.0, np.exp(-40.0)),
        (mv.softplus, -40.0, np.exp(-40.0)),
        (mv.elu, 1e4, 1.0),
        (mv.softplus, 1e4, 1.0),
        (mv.sigmoid, -1e4, 0.0),
    ],
)
def test_slopes_in_the_tails_keep_their_digits(f, x, slope):
    assert mv.grad(f)(x).item() == pytest.approx(slope, rel=1e-14, abs=0)


# Their values overflow: e^1e4, and 1e4^1e4. A quotient does where the divisor is small.
OVERFLOWING = {"exp", "expm1", "power"}
NONLINEARITIES = {"elu", "erf", "gelu", "log_sigmoid", "relu", "sigmoid", "softplus", "tanh"}
COMPOSED = {
    "leaky_relu": mv.leaky_relu,
    "log_sigmoid": mv.log_sigmoid,
    "clip": lambda x: mv.clip(x, -1.0, 1.0),
}
SMOOTH = {n: f for n, f in mv.REGISTRY.items() if f.domain and n not in OVERFLOWING} | COMPOSED


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_what_acts_entry_by_entry_raises_no_floating_point_error(name):
    """Value, gradient and tangent are finite for all |x| ≤ 1e4 of the domain.

    From the poles of quotients and logarithms the operands keep a distance of 1e-4. A product or a
    sine may be too small for a float32 and then NumPy may say so; nonlinearities say nothing.
    """
    f = SMOOTH[name]
    n, domain = getattr(f, "arity", 1), getattr(f, "domain", "real")
    pole = f in (mv.divide, mv.log)

    @given(st.tuples(*[magnitudes()] * n))
    def law(xs):
        if domain == "positive":
            xs = [np.abs(x) for x in xs]
        if pole:
            xs = [np.copysign(np.maximum(np.abs(x), np.float32(1e-4)), x) for x in xs]
        slopes(f, *xs, under="raise" if name in NONLINEARITIES else "ignore")

    law()


@pytest.mark.parametrize("f", [mv.softmax, mv.log_softmax, mv.logsumexp, mv.norm])
@given(x=magnitudes())
def test_what_gathers_entries_raises_no_floating_point_error(f, x):
    slopes(f, x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_density_is_finite_where_its_width_vanishes(dtype):
    mu = mv.tensor(np.zeros(2, dtype), requires_grad=True)
    logvar = mv.tensor(np.full(2, -90.0 if dtype == "float32" else -800.0, dtype))
    q = mv.distributions.Normal(mu, logvar)
    log_p = q.log_prob(np.zeros(2, dtype))
    log_p.backward()
    assert np.isfinite(log_p.data)
    assert np.isfinite(mu.grad).all()


def test_shares_of_integers_are_those_of_the_numbers():
    np.testing.assert_array_equal(mv.softmax([1, 2]), mv.softmax([1.0, 2.0]))
    np.testing.assert_array_equal(mv.log_softmax([1, 2]), mv.log_softmax([1.0, 2.0]))
    assert mv.logsumexp([1, 2]) == mv.logsumexp([1.0, 2.0])
