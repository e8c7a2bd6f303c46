"""Independent bits, by enumeration of all outcomes and against an independent library."""

from itertools import product

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minivae as mv
from minivae.distributions import Bernoulli, Normal

logits = st.floats(-8, 8).map(lambda x: round(x, 4))
vectors = st.integers(1, 5).flatmap(lambda d: hnp.arrays(np.float64, d, elements=logits))
pairs = st.integers(1, 5).flatmap(
    lambda d: st.tuples(*[hnp.arrays(np.float64, d, elements=logits)] * 2)
)


def outcomes(d):
    return np.array(list(product([0.0, 1.0], repeat=d)))


def sigma(a):
    return 1 / (1 + np.exp(-a))


@given(vectors)
def test_the_log_probability_is_that_of_an_independent_library(a):
    x = outcomes(len(a))
    truth = scipy.stats.bernoulli.logpmf(x, sigma(a)).sum(axis=-1)
    value = Bernoulli(np.broadcast_to(a, x.shape)).log_prob(x)
    assert value.shape == (len(x),)
    np.testing.assert_allclose(value.data, truth, rtol=1e-11, atol=1e-11)


@given(vectors)
def test_the_probabilities_of_all_outcomes_add_up_to_one(a):
    x = outcomes(len(a))
    p, b = np.exp(Bernoulli(a).log_prob(x).data), Bernoulli(a)
    assert p.sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(p @ x, b.mean.data, rtol=1e-10)
    np.testing.assert_allclose(p @ (x - b.mean.data) ** 2, b.std.data**2, rtol=1e-10)


@given(pairs)
def test_kl_is_the_sum_over_all_outcomes(drawn):
    a, b = drawn
    p, q, x = Bernoulli(a), Bernoulli(b), outcomes(len(a))
    log_p, log_q = p.log_prob(x).data, q.log_prob(x).data
    truth = np.exp(log_p) @ (log_p - log_q)
    assert p.kl(q).shape == ()
    assert p.kl(q).item() == pytest.approx(truth, rel=1e-10, abs=1e-12)


@given(pairs)
def test_kl_is_positive_and_zero_between_equals(drawn):
    a, b = map(Bernoulli, drawn)
    assert a.kl(b).item() >= -1e-14
    assert a.kl(a).item() == 0
    far = np.max(np.abs(a.mean.data - b.mean.data))
    assert a.kl(b).item() >= 2 * far**2 - 1e-14  # Pinsker's inequality


@pytest.mark.parametrize(
    ("rho_hat", "truth"), [(0.01, 0.041291), (0.05, 0.0), (0.2, 0.093943), (0.5, 0.494632)]
)
def test_kl_between_activation_rates(rho_hat, truth):
    """KL(0.05 ‖ ρ̂), the penalty of a sparse autoencoder, by the formula of probabilities."""
    rho = 0.05
    formula = rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat))
    assert formula == pytest.approx(truth, abs=5e-7)
    p, q = (Bernoulli(np.log([r / (1 - r)])) for r in (rho, rho_hat))
    assert p.kl(q).item() == pytest.approx(formula, abs=1e-15)


def test_the_cross_entropy_of_two_grey_images():
    """Data σ(1, 10, 9, 3), logits 2, 5, 6, 7: the 1.0079 nats of the EECS 498 notebook."""
    x, a = sigma(np.array([1.0, 10.0, 9.0, 3.0])), np.array([2.0, 5.0, 6.0, 7.0])
    p = sigma(a)
    truth = -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))
    nll = -Bernoulli(a).log_prob(x).item()
    assert nll == pytest.approx(truth, rel=1e-12)
    assert nll == pytest.approx(1.0079, abs=5e-5)


def test_extreme_logits_are_finite_and_exact():
    b = Bernoulli(np.array([1e4, -1e4]))
    assert b.log_prob(np.array([1.0, 0.0])).item() == 0
    assert b.log_prob(np.array([0.0, 1.0])).item() == -2e4
    assert b.kl(Bernoulli(np.array([-1e4, 1e4]))).item() == 2e4
    np.testing.assert_array_equal(b.mean.data, [1, 0])


def test_draws_are_bits_of_the_right_frequency():
    a, n = np.array([-3.0, 0.0, 0.5, 4.0]), 50_000
    for dtype in ("float32", "float64"):
        x = Bernoulli(a.astype(dtype)).sample(np.random.default_rng(0), n)
        assert x.dtype == dtype
        assert x.shape == (n, 4)
        assert set(np.unique(x)) == {0.0, 1.0}
        p = sigma(a)
        z = (x.mean(axis=0, dtype="float64") - p) / np.sqrt(p * (1 - p) / n)
        assert np.all(np.abs(z) < 5)
        covariance = np.cov(x.T.astype("float64"))
        off = covariance - np.diag(np.diag(covariance))
        assert np.max(np.abs(off)) < 5 * 0.25 / np.sqrt(n)


@pytest.mark.parametrize("samples", [None, 0, 1, 3])
def test_draws_go_along_a_new_first_axis_and_come_from_the_seed(samples):
    b = Bernoulli(np.zeros((4, 2), "float32"))
    first, second = (b.sample(np.random.default_rng(0), samples) for _ in range(2))
    assert first.shape == ((4, 2) if samples is None else (samples, 4, 2))
    assert first.dtype == "float32"
    np.testing.assert_array_equal(first, second)


def test_draws_without_a_derivative_are_refused():
    with pytest.raises(TypeError, match=r"no derivative in the logits; use sample\(rng\)"):
        Bernoulli(np.zeros(2)).rsample(np.random.default_rng(0))


def test_gradients_flow_through_probabilities_and_divergences():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 4))
    x = (rng.random((3, 4)) < 0.5).astype("float64")
    mv.testing.gradcheck(lambda a: Bernoulli(a).log_prob(x), a)
    mv.testing.gradcheck(lambda a, b: Bernoulli(a).kl(Bernoulli(b)), a, b)
    mv.testing.gradcheck(lambda a: Bernoulli(a).mean, a)
    mv.testing.gradcheck(lambda a: Bernoulli(a).std, a)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_has_the_type_of_the_logits(dtype):
    a = mv.tensor(np.zeros((3, 2), dtype), requires_grad=True)
    b, x = Bernoulli(a), np.ones((3, 2), dtype)
    parts = [b.mean, b.std, b.log_prob(x), b.kl(Bernoulli(np.ones(2, dtype)))]
    assert all(t.dtype == dtype for t in parts)
    sum((t.sum() for t in parts), mv.tensor(np.zeros((), dtype))).backward()
    assert a.grad.dtype == dtype


def test_a_divergence_to_another_family_is_refused():
    with pytest.raises(TypeError, match="no closed form to Normal"):
        Bernoulli(np.zeros(2)).kl(Normal.standard(2))
