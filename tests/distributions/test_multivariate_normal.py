"""Normal distributions with a full and with an isotropic covariance, against independent ones."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.distributions import Bernoulli, IsotropicNormal, MultivariateNormal, Normal

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def full(rng, d, n=3):
    """N(μ, L Lᵀ) with diagonals of either sign, rubbish above them, over rows (n, d)."""
    L = rng.standard_normal((n, d, d))
    signs = rng.choice([-1.0, 1.0], (n, d))
    L[:, np.arange(d), np.arange(d)] = signs * rng.uniform(0.3, 2.0, (n, d))
    return MultivariateNormal(rng.standard_normal((n, d)), L)


def moments(q):
    L = np.tril(q.scale_tril.data)
    return q.mu.data, L @ L.swapaxes(-1, -2)


@given(seeds, sizes)
def test_the_density_is_that_of_an_independent_library(seed, d):
    rng = np.random.default_rng(seed)
    q = full(rng, d)
    x = rng.standard_normal((4, 3, d))
    means, covariances = moments(q)
    expected = [
        scipy.stats.multivariate_normal(m, S).logpdf(x[:, i])
        for i, (m, S) in enumerate(zip(means, covariances, strict=True))
    ]
    value = q.log_prob(x)
    assert value.shape == (4, 3)
    np.testing.assert_allclose(value.data, np.transpose(expected), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(q.covariance.data, covariances, rtol=1e-12, atol=1e-12)
    diagonal = np.diagonal(covariances, axis1=-2, axis2=-1)
    np.testing.assert_allclose(q.std.data, np.sqrt(diagonal), rtol=1e-12)
    np.testing.assert_array_equal(q.mean.data, means)


def divergence(p, q):
    """KL between two normal distributions from their moments (Petersen & Pedersen, section 8)."""
    results = []
    for m, S, n, T in zip(*moments(p), *moments(q), strict=True):
        inverse = np.linalg.inv(T)
        terms = np.trace(inverse @ S) + (n - m) @ inverse @ (n - m) - len(m)
        results.append(0.5 * (terms + np.linalg.slogdet(T)[1] - np.linalg.slogdet(S)[1]))
    return results


@given(seeds, sizes)
def test_the_divergence_is_that_of_the_moments(seed, d):
    rng = np.random.default_rng(seed)
    p, q = full(rng, d), full(rng, d)
    np.testing.assert_allclose(p.kl(q).data, divergence(p, q), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(p.kl(p).data, 0, atol=1e-8)
    diagonal = Normal(rng.standard_normal((3, d)), rng.standard_normal((3, d)))
    expected = divergence(p, MultivariateNormal.of(diagonal))
    np.testing.assert_allclose(p.kl(diagonal).data, expected, rtol=1e-8, atol=1e-9)
    same = divergence(MultivariateNormal.of(diagonal), q)
    np.testing.assert_allclose(MultivariateNormal.of(diagonal).kl(q).data, same, rtol=1e-7)


@given(seeds, sizes, st.booleans())
def test_the_shares_of_the_entries_follow_the_chain_rule(seed, d, standard):
    """Share i is E KL(q(zᵢ | z before it) ‖ p(zᵢ)): those of the first entries are their KL."""
    rng = np.random.default_rng(seed)
    q = full(rng, d)
    p = Normal.standard(d) if standard else Normal(*rng.standard_normal((2, d)))
    shares = q.kl_per_dim(p).data
    assert (shares >= -1e-12).all()
    for i in range(1, d + 1):
        first = MultivariateNormal(q.mu.data[:, :i], q.scale_tril.data[:, :i, :i])
        part = first.kl(Normal(p.mu.data[:i], p.logvar.data[:i])).data
        np.testing.assert_allclose(shares[:, :i].sum(axis=1), part, rtol=1e-9, atol=1e-10)


@given(seeds, sizes, st.sampled_from([None, 1, 4]))
def test_a_draw_is_the_mean_and_the_factor_times_the_noise(seed, d, samples):
    rng = np.random.default_rng(seed)
    q = full(rng, d)
    shape = (3, d) if samples is None else (samples, 3, d)
    eps = rng.standard_normal(shape)
    expected = q.mu.data + np.einsum("nij,...nj->...ni", np.tril(q.scale_tril.data), eps)
    np.testing.assert_allclose(q.rsample(samples=samples, eps=eps).data, expected, rtol=1e-12)
    drawn = q.sample(np.random.default_rng(5), samples)
    again = q.rsample(eps=np.random.default_rng(5).standard_normal(shape)).data
    np.testing.assert_array_equal(drawn, again)


@given(seeds)
def test_densities_divergences_and_draws_have_the_gradients_of_their_formulas(seed):
    rng = np.random.default_rng(seed)
    q, p = full(rng, 3), full(rng, 3)
    x, eps = rng.standard_normal((2, 3, 3))
    Q, standard = MultivariateNormal, Normal.standard(3)
    mu, L = q.mu.data, q.scale_tril.data
    mv.testing.gradcheck(lambda mu, L, x: Q(mu, L).log_prob(x), mu, L, x)
    mv.testing.gradcheck(lambda mu, L: Q(mu, L).kl(p), mu, L)
    mv.testing.gradcheck(lambda mu, L: q.kl(Q(mu, L)), mu, L)
    mv.testing.gradcheck(lambda mu, L: Q(mu, L).kl_per_dim(standard), mu, L)
    mv.testing.gradcheck(lambda mu, L: Q(mu, L).rsample(eps=eps), mu, L)


@given(seeds, sizes)
def test_an_isotropic_normal_is_a_diagonal_one_with_equal_variances(seed, d):
    rng = np.random.default_rng(seed)
    mu, log_k, x = rng.standard_normal((3, d)), rng.standard_normal((3, 1)), np.ones((3, d))
    one, other = IsotropicNormal(mu, log_k), Normal(mu, np.repeat(log_k, d, axis=1))
    p = Normal(*rng.standard_normal((2, d)))
    for prior in (Normal.standard(d), p):
        np.testing.assert_allclose(one.kl(prior).data, other.kl(prior).data, rtol=1e-12)
        np.testing.assert_allclose(
            one.kl_per_dim(prior).data.sum(-1), one.kl(prior).data, rtol=1e-10, atol=1e-12
        )
    np.testing.assert_array_equal(one.log_prob(x).data, other.log_prob(x).data)
    eps = rng.standard_normal((2, 3, d))
    np.testing.assert_array_equal(one.rsample(eps=eps).data, other.rsample(eps=eps).data)
    k, k2 = np.exp(log_k[:, 0]), (mu**2).sum(axis=1)
    closed = 0.5 * (d * k + k2 - d - d * log_k[:, 0])
    np.testing.assert_allclose(one.kl(Normal.standard(d)).data, closed, rtol=1e-10, atol=1e-12)
    mv.testing.gradcheck(lambda m, s: IsotropicNormal(m, s).kl(Normal.standard(d)), mu, log_k)


def test_what_has_no_closed_form_or_no_shape_is_refused():
    q = MultivariateNormal(np.zeros(2), np.eye(2))
    with pytest.raises(TypeError, match="no closed form from MultivariateNormal to Bernoulli"):
        q.kl(Bernoulli(np.zeros(2)))
    with pytest.raises(TypeError, match="there is no split; take kl"):
        q.kl_per_dim(q)
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 2, 2\); it has \(3, 3\)"):
        MultivariateNormal(np.zeros(2), np.eye(3))
    with pytest.raises(TypeError, match="pass rng="):
        q.rsample()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_are_kept(dtype):
    q = MultivariateNormal(
        np.zeros((2, 3), dtype), np.broadcast_to(np.eye(3, dtype=dtype), (2, 3, 3))
    )
    results = q.log_prob(np.ones((2, 3))), q.kl(q), q.rsample(np.random.default_rng(0)), q.std
    iso = IsotropicNormal(np.zeros((2, 3), dtype), np.zeros((2, 1)))
    results += iso.kl(Normal.standard(3, dtype)), iso.std, q.kl_per_dim(Normal.standard(3, dtype))
    assert {str(r.dtype) for r in results} == {dtype}
