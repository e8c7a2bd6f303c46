"""Gradient estimators on toys: unbiased, with the variances that can be calculated by hand."""

from itertools import product
from math import exp, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

import minivae as mv
from minivae.evaluation import (
    ESTIMATORS,
    cosine_moments,
    gradient_samples,
    squared_norm,
    squared_norm_moments,
    variance_estimate,
)

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(6)  # exact up to degree 11 in ε
WEIGHTS = WEIGHTS / WEIGHTS.sum()
means, widths, frequencies = st.floats(-2, 2), st.floats(0.3, 2), st.floats(0.1, 4)


def expectation(f):
    """E[f(ε)], ε ~ N(0, 1), by SciPy's adaptive quadrature; beyond 9 there is less than 1e-18."""
    value, _ = quad(lambda e: f(e) * exp(-e * e / 2), -9, 9, limit=200, epsabs=1e-11, epsrel=1e-11)
    return value / sqrt(2 * pi)


def grid(dimensions):
    """The nodes (m, dimensions) and weights (m,) of Gauss-Hermite quadrature."""
    points = np.array(list(product(NODES, repeat=dimensions)))
    return points, np.array([np.prod(w) for w in product(WEIGHTS, repeat=dimensions)])


def rng_of(seed=0):
    return np.random.default_rng(seed)


# --- the closed forms, derived a second time ---------------------------------------------------


def definitions(f, slope, mu, sigma, baseline):
    """Both variances of d/dμ E[f(z)] from their definitions, in one dimension."""
    gradient = expectation(lambda e: slope(mu + sigma * e))
    pathwise = expectation(lambda e: slope(mu + sigma * e) ** 2) - gradient**2
    score = expectation(lambda e: ((f(mu + sigma * e) - baseline) * e / sigma) ** 2) - gradient**2
    return gradient, pathwise, score


@given(means, widths, st.floats(-3, 3))
def test_the_variances_of_a_square_are_those_of_quadrature(mu, sigma, baseline):
    moments = squared_norm_moments(mu, sigma)
    gradient, pathwise, score = definitions(np.square, lambda z: 2 * z, mu, sigma, baseline)
    assert moments.gradient == pytest.approx(gradient, abs=1e-8)
    assert moments.variance("pathwise") == pytest.approx(pathwise, rel=1e-8)
    assert moments.variance("score", baseline=baseline) == pytest.approx(score, rel=1e-8)


@given(frequencies, means, widths, st.floats(-3, 3))
def test_the_variances_of_a_cosine_are_those_of_quadrature(omega, mu, sigma, baseline):
    moments = cosine_moments(omega, mu, sigma)
    f, slope = (lambda z: np.cos(omega * z)), (lambda z: -omega * np.sin(omega * z))
    gradient, pathwise, score = definitions(f, slope, mu, sigma, baseline)
    assert moments.value == pytest.approx(expectation(lambda e: f(mu + sigma * e)), abs=1e-8)
    square = expectation(lambda e: f(mu + sigma * e) ** 2)
    assert moments.square == pytest.approx(square, abs=1e-8)
    assert moments.gradient == pytest.approx(gradient, abs=1e-8)
    assert moments.variance("pathwise") == pytest.approx(pathwise, rel=1e-7, abs=1e-8)
    assert moments.variance("score", baseline=baseline) == pytest.approx(score, rel=1e-7, abs=1e-8)


@given(st.lists(means, min_size=1, max_size=4), widths, st.floats(-3, 3))
def test_the_variances_of_a_squared_norm_are_those_of_quadrature_for_every_entry(
    mu, sigma, baseline
):
    mu = np.array(mu)
    moments = squared_norm_moments(mu, sigma)
    eps, weights = grid(len(mu))
    z = mu + sigma * eps
    f, s = (z**2).sum(axis=1, keepdims=True), eps / sigma
    for name, terms in {"pathwise": 2 * z, "score": (f - baseline) * s}.items():
        mean = weights @ terms
        np.testing.assert_allclose(moments.gradient, mean, atol=1e-9)
        chosen = {"baseline": baseline} if name == "score" else {}
        exact = weights @ (terms - mean) ** 2
        np.testing.assert_allclose(moments.variance(name, **chosen), exact, rtol=1e-9)


@given(means, widths, st.integers(2, 5))
def test_the_variance_of_leave_one_out_is_that_of_quadrature_over_all_its_draws(mu, sigma, draws):
    eps, weights = grid(draws)
    f, s = (mu + sigma * eps) ** 2, eps / sigma
    others = (f.sum(axis=1, keepdims=True) - f) / (draws - 1)
    estimates = ((f - others) * s).mean(axis=1)
    mean = weights @ estimates
    assert mean == pytest.approx(2 * mu, abs=1e-9)
    exact = weights @ (estimates - mean) ** 2
    variance = squared_norm_moments(mu, sigma).variance("leave_one_out", draws=draws)
    assert variance == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("theta", [-1.5, 0.0, 0.3, 1.0, 4.0])
def test_the_polynomial_of_a_square(theta):
    moments = squared_norm_moments(theta)
    assert moments.variance("pathwise") == pytest.approx(4)
    assert moments.variance("score") == pytest.approx(theta**4 + 14 * theta**2 + 15)
    assert moments.variance("score", baseline=moments.value) == pytest.approx(8 * theta**2 + 10)
    assert moments.variance("score", baseline=moments.best_baseline) == pytest.approx(
        8 * theta**2 + 6
    )


@pytest.mark.parametrize(("d", "variance"), [(1, 15), (2, 24), (10, 168), (784, 619_368)])
def test_the_polynomial_in_the_dimension(d, variance):
    moments = squared_norm_moments(np.zeros(d))
    np.testing.assert_allclose(moments.variance("pathwise"), np.full(d, 4.0))
    np.testing.assert_allclose(moments.variance("score"), np.full(d, variance))
    assert variance == (d - 1) ** 2 + 8 * (d - 1) + 15


@given(st.lists(means, min_size=1, max_size=4), widths, st.floats(-2, 2))
def test_no_constant_baseline_is_better_than_the_best_one(mu, sigma, change):
    moments = squared_norm_moments(np.array(mu), sigma)
    best = moments.variance("score", baseline=moments.best_baseline)
    other = moments.variance("score", baseline=moments.best_baseline + change)
    np.testing.assert_allclose(other - best, change**2 / moments.sigma**2, rtol=1e-6, atol=1e-8)


# --- the estimates meet the closed forms -------------------------------------------------------


def within(samples, exact, percent=5):
    """Check a variance against the exact one: within 5 %, and within 4.5 standard errors."""
    value, error = variance_estimate(samples)
    assert abs(value - exact) < 4.5 * error
    assert value == pytest.approx(exact, rel=percent / 100)


@pytest.mark.parametrize(("estimator", "n"), [("pathwise", 20_000), ("score", 200_000)])
@pytest.mark.parametrize("theta", [0.0, 1.0, -2.0])
def test_estimated_variances_of_a_square_are_within_five_percent(estimator, n, theta):
    exact = {"pathwise": 4, "score": theta**4 + 14 * theta**2 + 15}[estimator]
    within(gradient_samples(mv.square, theta, 1.0, estimator, n, rng_of()), exact)


@pytest.mark.parametrize("d", [2, 10, 100, 784])
@pytest.mark.parametrize("estimator", ["pathwise", "score"])
def test_estimated_variances_in_d_dimensions_are_within_five_percent(estimator, d):
    """All entries have the same law at μ = 0; for d > 1 their estimates are nearly independent."""
    exact = {"pathwise": 4, "score": (d - 1) ** 2 + 8 * (d - 1) + 15}[estimator]
    n = max(1000, 200_000 // d)
    samples = gradient_samples(squared_norm, np.zeros(d), 1.0, estimator, n, rng_of(d))
    value, error = variance_estimate(samples)
    assert value.mean() == pytest.approx(exact, rel=0.05)
    assert np.all(np.abs(value - exact) < 6 * error)  # the largest of up to 784


@pytest.mark.parametrize("omega", [0.25, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("estimator", ["pathwise", "score"])
def test_estimated_variances_of_a_cosine_are_within_five_percent(estimator, omega):
    decay = exp(-2 * omega**2)
    exact = {
        "pathwise": omega**2 * (1 - decay) / 2,
        "score": 0.5 + 0.5 * (1 - 4 * omega**2) * decay,
    }[estimator]
    within(
        gradient_samples(lambda z: mv.cos(omega * z), 0.0, 1.0, estimator, 100_000, rng_of()), exact
    )


@pytest.mark.parametrize("draws", [2, 3, 10])
@pytest.mark.parametrize("theta", [0.0, 1.0])
def test_estimated_variances_of_leave_one_out_are_within_five_percent(draws, theta):
    exact = squared_norm_moments(theta).variance("leave_one_out", draws=draws)
    samples = gradient_samples(
        mv.square, theta, 1.0, "leave_one_out", 300_000 // draws, rng_of(1), draws=draws
    )
    within(samples, exact)


@pytest.mark.parametrize("baseline", [1.0, 3.0])
def test_a_constant_baseline_lowers_the_variance_as_calculated(baseline):
    samples = gradient_samples(mv.square, 0.0, 1.0, "score", 200_000, rng_of(), baseline=baseline)
    within(samples, {1.0: 10, 3.0: 6}[baseline])


def test_the_mean_of_draws_divides_the_variance():
    for estimator, single in {"pathwise": 4, "score": 15}.items():
        samples = gradient_samples(mv.square, 0.0, 1.0, estimator, 60_000, rng_of(), draws=5)
        within(samples, single / 5)


# --- which one is better -----------------------------------------------------------------------


def log_ratio(omega, n=400_000):
    """Log of the estimated pathwise variance over that of the score function, for cos(ω z)."""
    variances = [
        gradient_samples(lambda z: mv.cos(omega * z), 0.0, 1.0, name, n, rng_of(2)).var()
        for name in ("pathwise", "score")
    ]
    return np.log(variances[0] / variances[1])


def test_above_a_frequency_of_0_851_the_score_function_is_the_better_one():
    """Found from draws alone; the closed forms have their crossing at the same place."""
    found = brentq(log_ratio, 0.3, 2.0, xtol=1e-3)
    assert found == pytest.approx(0.851, abs=0.02)
    exact = brentq(
        lambda w: cosine_moments(w).variance("pathwise") - cosine_moments(w).variance("score"),
        0.3,
        2.0,
    )
    assert exact == pytest.approx(0.8512, abs=5e-5)


@given(st.integers(1, 1000), st.floats(-3, 3))
def test_for_a_squared_norm_the_pathwise_estimator_is_always_the_better_one(d, theta):
    """Against any constant baseline: 4 < 6 ≤ the least variance of the score function."""
    moments = squared_norm_moments(np.full(d, theta))
    least = moments.variance("score", baseline=moments.best_baseline)
    assert np.all(moments.variance("pathwise") < least)


def test_the_pathwise_estimator_does_not_see_a_jump():
    """d/dμ E[sign z] = 2 φ(0) at μ = 0, and sign has slope 0 wherever it has one."""
    pathwise = gradient_samples(mv.sign, 0.0, 1.0, "pathwise", 100, rng_of())
    assert not pathwise.any()
    score = gradient_samples(mv.sign, 0.0, 1.0, "score", 100_000, rng_of())
    assert abs(score.mean() - 2 / sqrt(2 * pi)) < 4.5 * score.std() / sqrt(len(score))


# --- all of them are unbiased ------------------------------------------------------------------


@pytest.mark.parametrize("phi", [0.5, -0.1])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_derivative_through_mean_and_width_is_the_analytic_one(estimator, phi):
    """d/dφ E[x² + sin x], x ~ N(φ³, e^φ squared): 5.728164 at φ = 0.5."""
    mu, sigma = phi**3, exp(phi)
    exact = 6 * phi**5 + 2 * exp(2 * phi)
    exact += (3 * phi**2 * np.cos(mu) - sigma**2 * np.sin(mu)) * exp(-(sigma**2) / 2)
    if phi == 0.5:
        assert exact == pytest.approx(5.728164, abs=1e-6)

    def estimates(of):
        def f(x):
            return mv.square(x) + mv.sin(x)

        return gradient_samples(f, mu, sigma, estimator, 50_000, rng_of(), of=of, draws=2)

    # the same seed: the same ε in both terms of the chain rule
    samples = 3 * phi**2 * estimates("mu") + exp(phi) * estimates("sigma")
    assert abs(samples.mean() - exact) < 4.5 * samples.std() / sqrt(len(samples))


@pytest.mark.parametrize("of", ["mu", "sigma"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_entries_with_widths_of_their_own_get_their_own_gradients(estimator, of):
    """f = z₀ z₁² + z₂: E = μ₀ (μ₁² + σ₁²) + μ₂."""
    mu, sigma = np.array([0.7, -0.4, 0.1]), np.array([0.5, 1.2, 0.8])
    exact = {
        "mu": [mu[1] ** 2 + sigma[1] ** 2, 2 * mu[0] * mu[1], 1.0],
        "sigma": [0.0, 2 * mu[0] * sigma[1], 0.0],
    }[of]
    samples = gradient_samples(
        lambda z: z[:, 0] * z[:, 1] * z[:, 1] + z[:, 2],
        mu, sigma, estimator, 50_000, rng_of(4), of=of, draws=3,
    )  # fmt: skip
    assert samples.shape == (50_000, 3)
    error = samples.std(axis=0) / sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - exact) < 4.5 * error + 1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_shift_of_f_leaves_all_but_the_bare_score_function_alone(estimator):
    samples = [
        gradient_samples(
            lambda z, c=c: mv.square(z) + c, 0.5, 1.0, estimator, 1000, rng_of(), draws=4
        )
        for c in (0.0, 100.0)
    ]
    same = np.allclose(*samples, rtol=1e-9, atol=1e-9)
    assert same == (estimator != "score")


# --- the variance and its standard error -------------------------------------------------------


def test_the_variance_is_the_unbiased_one():
    samples = rng_of().standard_normal((50, 3))
    np.testing.assert_allclose(variance_estimate(samples).value, samples.var(axis=0, ddof=1))


@pytest.mark.parametrize("kind", ["normal", "uniform", "exponential"])
def test_the_standard_error_is_the_spread_of_the_variance_over_repetitions(kind):
    """2,000 repetitions give a standard deviation to 1.6 %; 8 % is five times that."""
    draw = getattr(rng_of(3), kind)
    value, error = variance_estimate(draw(size=(1000, 2000)))
    assert np.sqrt(np.mean(error**2)) == pytest.approx(value.std(), rel=0.08)


# --- types and errors --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("of", ["mu", "sigma"])
def test_samples_have_the_type_of_the_mean_and_the_same_bits_for_the_same_seed(
    dtype, estimator, of
):
    mu = np.ones(3, dtype)
    twice = [
        gradient_samples(squared_norm, mu, 0.5, estimator, 4, rng_of(9), of=of, draws=2)
        for _ in range(2)
    ]
    assert twice[0].dtype == dtype
    assert twice[0].shape == (4, 3)
    np.testing.assert_array_equal(*twice)


def test_what_makes_no_sense_is_refused():
    def call(f=mv.square, mu=0.0, sigma=1.0, estimator="score", n=10, **choices):
        return gradient_samples(f, mu, sigma, estimator, n, rng_of(), **choices)

    with pytest.raises(ValueError, match="estimator is one of pathwise, score, leave_one_out"):
        call(estimator="reinforce")
    with pytest.raises(ValueError, match="and of= is mu or sigma"):
        call(of="z")
    with pytest.raises(ValueError, match="leave_one_out needs .* draws of at least 2"):
        call(estimator="leave_one_out")
    with pytest.raises(ValueError, match="n of at least 1"):
        call(n=0)
    with pytest.raises(ValueError, match="a constant baseline belongs to the score function"):
        call(estimator="pathwise", baseline=1.0)
    with pytest.raises(ValueError, match="sigma must be positive"):
        call(sigma=0.0)
    with pytest.raises(ValueError, match=r"f must map draws \(10, 2\) to one value each"):
        call(mu=np.zeros(2))
    with pytest.raises(ValueError, match="a standard error needs 4 samples or more, not 3"):
        variance_estimate([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="one sigma for all entries"):
        squared_norm_moments(np.zeros(2), [1.0, 2.0])
    with pytest.raises(ValueError, match="variance: estimator is one of"):
        cosine_moments(1.0).variance("reinforce")
