"""Mixtures of normal distributions: density, moments, draws, responsibilities, one component."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.distributions import Mixture, Normal

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 4)


def mixture(rng, k, d):
    components = Normal(2 * rng.standard_normal((k, d)), rng.standard_normal((k, d)))
    return Mixture(rng.standard_normal(k), components)


def weights(p):
    w = np.exp(p.logits.data)
    return w / w.sum()


@given(seeds, few, few)
def test_the_density_is_the_weighted_sum_of_those_of_the_components(seed, k, d):
    rng = np.random.default_rng(seed)
    p, x = mixture(rng, k, d), rng.standard_normal((3, 2, d))
    mu, std = p.components.mu.data, np.exp(p.components.logvar.data / 2)
    each = scipy.stats.norm.pdf(x[..., None, :], mu, std).prod(axis=-1) * weights(p)
    np.testing.assert_allclose(p.log_prob(x).data, np.log(each.sum(axis=-1)), rtol=1e-9)
    shares = each / each.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(p.responsibilities(x).data, shares, rtol=1e-8, atol=1e-12)


@given(seeds, few)
def test_one_component_is_a_normal_distribution(seed, d):
    rng = np.random.default_rng(seed)
    p, x = mixture(rng, 1, d), rng.standard_normal((5, d))
    normal = Normal(p.components.mu.data[0], p.components.logvar.data[0])
    np.testing.assert_allclose(p.log_prob(x).data, normal.log_prob(x).data, rtol=1e-12)
    np.testing.assert_allclose(p.mean.data, normal.mean.data, rtol=1e-12)
    np.testing.assert_allclose(p.std.data, normal.std.data, rtol=1e-12)


def test_the_moments_of_draws_are_those_stated():
    """4.5 standard errors of the means and of the second moments of 200,000 draws."""
    rng = np.random.default_rng(0)
    p = mixture(rng, 3, 2)
    x = p.sample(rng, 200_000)
    assert x.shape == (200_000, 2)
    for moment, stated in (
        (x, p.mean.data),
        ((x - p.mean.data) ** 2, p.std.data**2),
    ):
        error = moment.std(axis=0) / np.sqrt(len(x))
        assert (np.abs(moment.mean(axis=0) - stated) < 4.5 * error).all()
    nearest = p.responsibilities(x).data.mean(axis=0)
    np.testing.assert_allclose(nearest, weights(p), atol=4.5 * 0.5 / np.sqrt(len(x)))
    assert p.sample(rng).shape == (2,)


@given(seeds)
def test_far_away_the_density_is_small_and_not_zero(seed):
    rng = np.random.default_rng(seed)
    p = mixture(rng, 3, 2)
    far = p.log_prob(np.full((1, 2), 1e5)).data
    assert np.isfinite(far).all()
    assert (far < -1e6).all()


@given(seeds)
def test_the_gradients_are_those_of_the_formula(seed):
    rng = np.random.default_rng(seed)
    p, x = mixture(rng, 3, 2), rng.standard_normal((4, 2))
    mv.testing.gradcheck(
        lambda logits, mu, logvar, x: Mixture(logits, Normal(mu, logvar)).log_prob(x),
        p.logits.data,
        p.components.mu.data,
        p.components.logvar.data,
        x,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_are_kept(dtype):
    p = Mixture(np.zeros(3), Normal(np.ones((3, 2), dtype), np.zeros((3, 2))))
    x = np.ones((4, 2))
    results = (
        p.log_prob(x),
        p.mean,
        p.std,
        p.responsibilities(x),
        p.sample(np.random.default_rng(0)),
    )
    assert {str(r.dtype) for r in results} == {dtype}


def test_what_makes_no_mixture_is_refused():
    with pytest.raises(ValueError, match=r"logits have shape \(2,\), the components \(3, 2\)"):
        Mixture(np.zeros(2), Normal(np.zeros((3, 2)), np.zeros((3, 2))))
    p = Mixture(np.zeros(1), Normal(np.zeros((1, 2)), np.zeros((1, 2))))
    with pytest.raises(TypeError, match="a mixture has no closed form"):
        p.kl(Normal.standard(2))
    with pytest.raises(TypeError, match="no closed form from Normal to Mixture"):
        Normal.standard(2).kl(p)
