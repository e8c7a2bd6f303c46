"""The diagonal normal distribution against quadrature, closed forms and an independent library."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minivae as mv
from minivae.distributions import Bernoulli, IsotropicNormal, Normal

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)  # exact for polynomials up to degree 79
WEIGHTS = WEIGHTS / WEIGHTS.sum()  # E f(ε), ε ~ N(0, 1), is Σ WEIGHTS f(NODES)

coordinates = st.floats(-3, 3).map(lambda x: round(x, 4))


@st.composite
def normals(draw, count=1, most=4):
    """So many normals over vectors of one size."""
    d = draw(st.integers(1, most))
    vectors = hnp.arrays(np.float64, d, elements=coordinates)
    return [Normal(draw(vectors), draw(vectors)) for _ in range(count)]


@st.composite
def batches(draw):
    """Parameters (n, d), sizes 0 and 1 among them, and points of that shape."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4))
    return [draw(hnp.arrays(np.float64, shape, elements=coordinates)) for _ in range(3)]


@given(batches())
def test_the_density_is_that_of_an_independent_library_summed_over_the_last_axis(drawn):
    mu, logvar, x = drawn
    expected = scipy.stats.norm.logpdf(x, mu, np.sqrt(np.exp(logvar))).sum(axis=-1)
    value = Normal(mu, logvar).log_prob(x)
    assert value.shape == mu.shape[:-1]
    np.testing.assert_allclose(value.data, expected, rtol=1e-12, atol=1e-12)


@given(normals(most=1))
def test_the_density_integrates_to_one(drawn):
    (q,) = drawn
    mu, std = q.mean.item(), q.std.item()
    x = np.linspace(mu - 12 * std, mu + 12 * std, 2001)
    p = np.exp(q.log_prob(x[:, None]).data)
    assert np.trapezoid(p, x) == pytest.approx(1, abs=1e-12)
    assert np.trapezoid(x * p, x) == pytest.approx(mu, abs=1e-10)
    assert np.trapezoid((x - mu) ** 2 * p, x) == pytest.approx(std**2, rel=1e-10)


@given(normals(count=2))
def test_kl_is_positive_and_zero_between_equals_alone(drawn):
    p, q = drawn
    per_dim = p.kl_per_dim(q).data
    same = (p.mu.data == q.mu.data) & (p.logvar.data == q.logvar.data)
    assert np.all(per_dim[same] == 0)
    assert np.all(per_dim[~same] > 0)
    assert p.kl(q).item() >= 0
    assert p.kl(p).item() == 0
    assert q.kl(q).item() == 0


@given(normals(count=2))
def test_kl_is_the_expectation_of_the_log_ratio_of_the_densities(drawn):
    """The log ratio is quadratic in x, so that Gauss-Hermite quadrature is exact."""
    p, q = drawn
    for j in range(p.mu.size):
        p_j = Normal(p.mu.data[j : j + 1], p.logvar.data[j : j + 1])
        q_j = Normal(q.mu.data[j : j + 1], q.logvar.data[j : j + 1])
        x = p_j.mean.data + p_j.std.data * NODES[:, None]
        truth = WEIGHTS @ (p_j.log_prob(x).data - q_j.log_prob(x).data)
        size = 1 + np.exp(p_j.logvar.data - q_j.logvar.data).item() * 40
        assert p_j.kl(q_j).item() == pytest.approx(truth, rel=1e-9, abs=1e-11 * size)
        assert p.kl_per_dim(q).data[j] == pytest.approx(p_j.kl(q_j).item(), rel=1e-12)


@given(normals(count=2))
def test_kl_is_the_sum_over_the_dimensions(drawn):
    p, q = drawn
    assert p.kl(q).shape == ()
    assert p.kl_per_dim(q).shape == p.mu.shape
    assert p.kl(q).item() == pytest.approx(p.kl_per_dim(q).data.sum(), rel=1e-14)


@given(normals(count=2), coordinates, coordinates)
def test_kl_does_not_change_when_both_are_shifted_and_scaled(drawn, shift, logscale):
    def moved(n):
        scaled = n.mu.data * np.exp(logscale) + shift
        return Normal(scaled, n.logvar.data + 2 * logscale)

    p, q = drawn
    truth = p.kl(q).item()
    size = 1 + np.exp(np.max(-q.logvar.data)) * 100
    assert moved(p).kl(moved(q)).item() == pytest.approx(truth, rel=1e-9, abs=1e-12 * size)


def test_kl_of_ones_to_the_standard_normal():
    """μ = 1, σ = 1 in 15 dimensions: 15/2 nats, the number of the EECS 498 notebook."""
    q = Normal(np.ones((2, 15)), np.zeros((2, 15)))
    np.testing.assert_allclose(q.kl(Normal.standard(15)).data, [7.5, 7.5], rtol=1e-15)


def test_kl_of_an_isotropic_normal():
    """½ (d k + ‖μ‖² - d - d log k) for N(μ, k I)."""
    mu, k = np.array([0.3, -1.0, 2.0, 0.0, 0.5]), 0.3
    q = Normal(mu, np.full(5, np.log(k)))
    truth = 0.5 * (5 * k + mu @ mu - 5 - 5 * np.log(k))
    assert q.kl(Normal.standard(5)).item() == pytest.approx(truth, rel=1e-14)


def test_kl_keeps_its_digits_where_posterior_and_prior_all_but_agree():
    """For small t, KL(N(0, eᵗ) ‖ N(0, 1)) = ½ (eᵗ - 1 - t) = t²/4 + t³/12 + ..."""
    for t in (1e-2, 1e-4, 1e-6):
        kl = Normal(np.zeros(1), np.full(1, t)).kl(Normal.standard(1)).item()
        truth = t**2 / 4 + t**3 / 12 + t**4 / 48 + t**5 / 240
        assert kl == pytest.approx(truth, rel=1e-8, abs=1e-17)


@given(batches())
def test_a_draw_is_mu_plus_sigma_times_the_noise(drawn):
    mu, logvar, eps = drawn
    z = Normal(mu, logvar).rsample(eps=eps)
    np.testing.assert_allclose(z.data, mu + np.sqrt(np.exp(logvar)) * eps, rtol=1e-13, atol=1e-14)


def test_the_moments_of_draws_are_those_of_the_distribution():
    """By quadrature over the noise: exact up to the eighth power."""
    mu, logvar = np.array([0.7, -1.5]), np.array([-1.0, 0.8])
    q, noise = Normal(mu, logvar), np.repeat(NODES[:, None], 2, axis=1)
    z = q.rsample(eps=noise).data
    var = np.exp(logvar)
    np.testing.assert_allclose(WEIGHTS @ z, mu, rtol=1e-12)
    np.testing.assert_allclose(WEIGHTS @ (z - mu) ** 2, var, rtol=1e-12)
    np.testing.assert_allclose(WEIGHTS @ (z - mu) ** 3, [0, 0], atol=1e-11)
    np.testing.assert_allclose(WEIGHTS @ (z - mu) ** 4, 3 * var**2, rtol=1e-12)
    np.testing.assert_allclose(WEIGHTS @ (z - mu) ** 8, 105 * var**4, rtol=1e-12)
    np.testing.assert_allclose(q.mean.data, mu)
    np.testing.assert_allclose(q.std.data, np.sqrt(var), rtol=1e-14)


def test_random_draws_follow_the_density():
    mu, logvar = np.array([0.7, -1.5]), np.array([-1.0, 0.8])
    x = Normal(mu, logvar).sample(np.random.default_rng(0), 20_000)
    assert isinstance(x, np.ndarray)
    for j in range(2):
        fit = scipy.stats.kstest(x[:, j], scipy.stats.norm(mu[j], np.exp(logvar[j] / 2)).cdf)
        assert fit.pvalue > 1e-4
    assert abs(scipy.stats.pearsonr(x[:, 0], x[:, 1]).statistic) * np.sqrt(20_000) < 5


@pytest.mark.parametrize("samples", [None, 0, 1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_go_along_a_new_first_axis_and_keep_the_type(samples, dtype):
    q = Normal(np.zeros((4, 2), dtype), np.zeros((4, 2), dtype))
    shape = (4, 2) if samples is None else (samples, 4, 2)
    z = q.rsample(np.random.default_rng(0), samples)
    assert (z.shape, z.dtype) == (shape, dtype)
    x = q.sample(np.random.default_rng(0), samples)
    np.testing.assert_array_equal(x, z.data)
    assert q.log_prob(z).shape == shape[:-1]


def test_the_same_seed_gives_the_same_bits_and_draws_differ():
    q = Normal(np.zeros(3), np.zeros(3))
    first, second = (q.sample(np.random.default_rng(5), 2) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first)) == 6
    rng = np.random.default_rng(5)
    assert np.all(q.sample(rng) != q.sample(rng))


def test_gradients_flow_through_draws_densities_and_divergences():
    rng = np.random.default_rng(0)
    mu, logvar, x, eps = rng.standard_normal((4, 3, 2))
    other = Normal(*rng.standard_normal((2, 2)))
    gradcheck = mv.testing.gradcheck
    gradcheck(lambda mu, logvar: Normal(mu, logvar).rsample(eps=eps), mu, logvar)
    gradcheck(lambda mu, logvar, x: Normal(mu, logvar).log_prob(x), mu, logvar, x)
    gradcheck(lambda mu, logvar: Normal(mu, logvar).kl(other), mu, logvar)
    gradcheck(lambda m, t: Normal(mu, logvar).kl(Normal(m, t)), other.mu, other.logvar)
    gradcheck(lambda logvar: Normal(mu, logvar).std, logvar)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_has_the_type_of_the_parameters(dtype):
    mu = mv.tensor(np.ones((3, 2), dtype), requires_grad=True)
    logvar = mv.tensor(np.zeros((3, 2), dtype), requires_grad=True)
    q = Normal(mu, logvar)
    z = q.rsample(eps=np.ones((3, 2)))  # float64 noise
    kl = q.kl(Normal.standard(2, dtype))
    for t in (q.mean, q.std, z, kl, q.kl_per_dim(Normal.standard(2, dtype)), q.log_prob(z)):
        assert t.dtype == dtype
    (z.sum() + kl.sum() + q.log_prob(z).sum()).backward()
    assert mu.grad.dtype == logvar.grad.dtype == dtype


def test_the_standard_normal():
    p = Normal.standard(3, "float32")
    assert p.mean.dtype == p.std.dtype == "float32"
    np.testing.assert_array_equal(p.mean.data, np.zeros(3))
    np.testing.assert_array_equal(p.std.data, np.ones(3))


def test_a_draw_without_noise_or_generator_is_refused():
    with pytest.raises(TypeError, match=r"rsample: pass rng=.*or the noise eps="):
        Normal.standard(2).rsample()


def test_a_divergence_without_closed_form_is_refused():
    with pytest.raises(TypeError, match="no closed form from Normal to Bernoulli"):
        Normal.standard(2).kl(Bernoulli(np.zeros(2)))


@pytest.mark.parametrize("logvar", [np.zeros(3), np.zeros((4, 3)), 0.0])
def test_an_isotropic_normal_with_a_variance_for_each_entry_is_refused(logvar):
    with pytest.raises(ValueError, match=r"logvar must have shape \(\.\.\., 1\)"):
        IsotropicNormal(np.zeros((4, 3)), logvar)
