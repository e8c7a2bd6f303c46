"""The continuous Bernoulli: a density on [0, 1], against quadrature and in its limits."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given
from hypothesis import strategies as st

import minivae as mv
from minivae.distributions import Bernoulli, ContinuousBernoulli

NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2  # on [0, 1]
logits = st.floats(-40, 40)
edges = [0.0, 1e-9, -1e-5, 0.2499, 0.2501, -0.2501, 36.0]


def at_edges(test):
    for edge in edges:
        test = example(edge)(test)
    return test


def of(a):
    return ContinuousBernoulli(np.array([a]))


@at_edges
@given(logits)
def test_the_density_integrates_to_one_and_has_the_stated_moments(a):
    p = of(a)
    density = np.exp(p.log_prob(NODES[:, None]).data)
    assert WEIGHTS @ density == pytest.approx(1, abs=1e-12)
    mean = WEIGHTS @ (density * NODES)
    assert p.mean.item() == pytest.approx(mean, abs=1e-12)
    variance = WEIGHTS @ (density * (NODES - mean) ** 2)
    assert p.std.item() ** 2 == pytest.approx(variance, abs=1e-12)


@given(logits, st.floats(0, 1))
def test_it_is_the_cross_entropy_and_a_constant_of_the_logit(a, x):
    """C(λ) = 2 artanh(1 - 2 λ) / (1 - 2 λ), λ = σ(a): artanh(1 - 2 λ) = -a / 2."""
    cross_entropy = Bernoulli(np.array([a])).log_prob(np.array([x])).item()
    ratio = a / np.tanh(a / 2) if abs(a) > 1e-3 else 2 + a * a / 6
    assert of(a).log_prob(np.array([x])).item() == pytest.approx(cross_entropy + np.log(ratio))


@at_edges
@given(st.floats(-1e4, 1e4))
def test_nothing_overflows(a):
    p = of(a)
    x = np.array([0.5])
    values = (
        p.log_prob(x).item(),
        p.mean.item(),
        p.std.item(),
        p.sample(np.random.default_rng(0))[0],
    )
    assert np.isfinite(values).all()
    assert 0 <= p.mean.item() <= 1
    t = mv.tensor([a], requires_grad=True)
    ContinuousBernoulli(t).log_prob(x).backward()
    assert t.grad == pytest.approx(x - p.mean.data, abs=1e-9)  # d log p / da = x - E x


@given(st.lists(logits, min_size=2, max_size=2))
def test_the_divergence_is_its_integral(pair):
    p, q = map(of, pair)
    a, b = (r.log_prob(NODES[:, None]).data for r in (p, q))
    assert p.kl(q).item() == pytest.approx(WEIGHTS @ (np.exp(a) * (a - b)), rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("a", [-30.0, -2.0, -1e-4, 0.0, 0.5, 8.0])
def test_draws_follow_the_distribution_function(a):
    x = of(a).sample(np.random.default_rng(0), 20_000)[:, 0]
    cdf = (lambda t: np.expm1(a * t) / np.expm1(a)) if a else (lambda t: t)
    assert scipy.stats.kstest(x, cdf).pvalue > 1e-5


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_the_gradient_is_that_of_the_formula(a):
    x = np.array([0.0, 0.3, 1.0])
    mv.testing.gradcheck(lambda a: ContinuousBernoulli(a).log_prob(x), np.array(a))
    mv.testing.gradcheck(lambda a: ContinuousBernoulli(a).mean, np.array(a))


def test_types_are_kept_and_other_divergences_refused():
    p = ContinuousBernoulli(np.array([[0.0, 0.1, 3.0, -50.0]], np.float32))
    rng = np.random.default_rng(0)
    results = p.log_prob(np.ones(4)), p.mean, p.std, p.sample(rng), p.sample(rng, 2), p.kl(p)
    assert {str(r.dtype) for r in results} == {"float32"}
    with pytest.raises(TypeError, match="no closed form to Bernoulli"):
        p.kl(Bernoulli(np.zeros(4)))
