"""The ELBO taken apart: information, aggregate posterior, correlation of the dimensions."""

import numpy as np
import pytest
import scipy.stats
from affine import with_posteriors
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from minivae.evaluation import elbo_surgery, information
from minivae.models import VAE


def drawn(seed, n, latent=3, dtype="float64"):
    rng = np.random.default_rng(seed)
    model = VAE.mlp(5, hidden=(7,), latent=latent, dtype=dtype, rng=rng)
    for parameter in model.parameters():
        parameter.data *= 3  # posteriors that differ
    return model, (rng.random((n, 5)) < 0.5).astype(dtype)


def repeated(model, x, name, samples, times=40):
    """The mean of a term over ``times`` surgeries, and its error by their spread: of the draws."""
    values = [
        np.sum(getattr(elbo_surgery(model, x, rng=np.random.default_rng(i), samples=samples), name))
        for i in range(times)
    ]
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(times)


SIZES = {"seed": st.integers(0, 2**32 - 1), "n": st.integers(1, 12), "samples": st.integers(1, 3)}


@given(**SIZES)
def test_the_parts_add_up_to_the_bound_of_the_same_draws(seed, n, samples):
    model, x = drawn(seed, n)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(seed), samples=samples)
    q = model.encode(x)
    z = q.sample(np.random.default_rng(seed), samples)
    reconstruction = model.decode(z).log_prob(x).data.mean()
    kl = (q.log_prob(z).data - model.prior.log_prob(z).data).mean()
    assert parts.reconstruction == pytest.approx(reconstruction, abs=1e-10)
    assert parts.mutual_information + parts.aggregate_kl == pytest.approx(kl, abs=1e-10)
    assert parts.kl == pytest.approx(kl, abs=1e-10)
    assert parts.elbo == pytest.approx(reconstruction - kl, abs=1e-10)
    split = parts.total_correlation + parts.dimension_kl.sum()
    assert split == pytest.approx(parts.aggregate_kl, abs=1e-10)


@given(**SIZES, std=st.sampled_from([1e-3, 0.1, 1.0, 30.0]))
def test_no_estimate_of_the_information_exceeds_its_cap(seed, n, samples, std):
    means = np.random.default_rng(seed).standard_normal((n, 2))
    model, x = with_posteriors(means, std)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(seed), samples=samples)
    assert parts.cap == np.log(n)
    assert parts.mutual_information <= parts.cap + 1e-12


@given(n=st.integers(2, 9), latent=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_posteriors_that_do_not_meet_tell_everything_in_each_dimension(n, latent, seed):
    """I = log n exactly, and latent copies of one code have total correlation (d - 1) log n."""
    model, x = with_posteriors(np.repeat(np.arange(n)[:, None], latent, axis=1), 1e-3)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(seed))
    assert parts.mutual_information == pytest.approx(np.log(n), abs=1e-9)
    assert parts.total_correlation == pytest.approx((latent - 1) * np.log(n), abs=1e-9)


@given(n=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_equal_posteriors_tell_nothing(n, seed):
    model, x = with_posteriors(np.full((n, 2), 0.7), [0.4, 1.3])
    parts = elbo_surgery(model, x, rng=np.random.default_rng(seed))
    assert parts.mutual_information == pytest.approx(0, abs=1e-12)
    assert parts.total_correlation == pytest.approx(0, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), std=st.sampled_from([0.1, 1.0]))
def test_an_aggregate_posterior_of_independent_entries_has_no_total_correlation(seed, std):
    """Means on a rectangular lattice: q(z) is the product of its margins, at every z."""
    rng = np.random.default_rng(seed)
    a, b = np.meshgrid(rng.standard_normal(4), rng.standard_normal(3))
    model, x = with_posteriors(np.stack([a.ravel(), b.ravel()], axis=1), std)
    parts = elbo_surgery(model, x, rng=rng)
    assert parts.total_correlation == pytest.approx(0, abs=1e-10)


def test_the_terms_are_the_integrals_in_one_dimension():
    """Quadrature of the mixture q(z); 4.5 standard errors of 40 repetitions."""
    means, std = np.array([[-1.5], [-0.2], [0.1], [2.0]]), 0.6
    model, x = with_posteriors(means, std)

    def log_q(z):
        return np.log(scipy.stats.norm.pdf(z, means[:, 0], std).mean())

    def expectation(f):
        return quad(lambda z: np.exp(log_q(z)) * f(z), -8, 8, epsabs=1e-10)[0]

    entropy = expectation(lambda z: -log_q(z))
    information = entropy - scipy.stats.norm.entropy(scale=std)
    divergence = -entropy - expectation(scipy.stats.norm.logpdf)
    for name, truth in (
        ("mutual_information", information),
        ("aggregate_kl", divergence),
        ("dimension_kl", divergence),
    ):
        value, error = repeated(model, x, name, samples=100)
        assert 0 < error < 0.02
        assert abs(value - truth) < 4.5 * error, name
    assert repeated(model, x, "total_correlation", 100)[0] == pytest.approx(0, abs=1e-12)


def test_the_total_correlation_is_the_integral_in_two_dimensions():
    means, std = np.array([[-1.0, -0.8], [0.3, 0.1], [0.9, 1.2]]), np.array([0.5, 0.7])
    model, x = with_posteriors(means, std)
    value, error = repeated(model, x, "total_correlation", samples=150)
    grid = np.linspace(-7, 7, 701)  # the trapezoid rule of a smooth, vanishing integrand
    margins = scipy.stats.norm.pdf(grid[:, None, None], means, std)  # (grid, n, 2)
    joint = np.einsum("ai,bi->ab", margins[..., 0], margins[..., 1]) / 3
    product = np.outer(margins[..., 0].mean(1), margins[..., 1].mean(1))
    truth = np.sum(joint * np.log(joint / product)) * (grid[1] - grid[0]) ** 2
    assert abs(value - truth) < 4.5 * error < 0.1 * truth


@given(n=st.integers(2, 12), samples=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_errors_are_those_of_means_over_data_however_many_the_draws(n, samples, seed):
    model, x = drawn(seed, n)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(seed), samples=samples)
    q = model.encode(x)
    z = q.sample(np.random.default_rng(seed), samples)
    reconstruction = model.decode(z).log_prob(x).data.mean(axis=0)
    error = scipy.stats.sem(reconstruction)
    assert parts.errors["reconstruction"] == pytest.approx(error, rel=1e-9, abs=1e-12)
    aggregate = np.logaddexp.reduce(q.log_prob(z[..., None, :]).data, axis=-1) - np.log(n)
    of_data = (aggregate - model.prior.log_prob(z).data).mean(axis=0)
    error = scipy.stats.sem(of_data)
    assert parts.errors["aggregate_kl"] == pytest.approx(error, rel=1e-7, abs=1e-10)
    assert parts.errors["dimension_kl"].shape == (3,)


def test_one_datum_has_no_error_over_data():
    model, x = drawn(0, 1)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(0), samples=20)
    assert all(np.isnan(error).all() for error in parts.errors.values())
    assert parts.errors["dimension_kl"].shape == (3,)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda x: x[:, :4], "must have shape"), (lambda x: x + 1, "in \\[0, 1\\]")],
)
def test_data_that_the_model_does_not_take_are_refused(change, message):
    model, x = drawn(0, 3)
    with pytest.raises(ValueError, match=message):
        elbo_surgery(model, change(x), rng=np.random.default_rng(0))


def test_data_of_another_type_are_brought_into_the_models():
    model, x = drawn(0, 3)
    parts = [
        elbo_surgery(model, data, rng=np.random.default_rng(0))
        for data in (x, x.astype(int).tolist())
    ]
    assert parts[0].elbo == parts[1].elbo


@given(n=st.integers(2, 9), seed=st.integers(0, 2**32 - 1))
def test_correlated_posteriors_and_mixture_priors_are_taken_whole(n, seed):
    """KL, and I of one posterior for all data, by the distributions' own densities."""
    rng = np.random.default_rng(seed)
    model = VAE.mlp(
        5, (7,), 3, posterior="full", prior="mixture", components=4, dtype="float64", rng=rng
    )
    x = rng.standard_normal((n, 5)).round().clip(0, 1)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(seed))
    q = model.encode(x)
    z = q.sample(np.random.default_rng(seed), 1)
    own = q.log_prob(z).data[0]
    assert parts.kl == pytest.approx((own - model.prior.log_prob(z).data).mean(), abs=1e-10)
    log_q = [
        np.logaddexp.reduce(model.encode(x).log_prob(z[0, i]).data) - np.log(n) for i in range(n)
    ]
    assert parts.mutual_information == pytest.approx((own - log_q).mean(), abs=1e-10)
    assert parts.dimension_kl is None
    assert parts.cap == np.log(n)


def test_a_condition_is_passed_on():
    rng = np.random.default_rng(0)
    model = VAE.mlp(4, (5,), 2, condition=2, dtype="float64", rng=rng)
    x, y = rng.random((6, 4)), np.eye(2)[[0, 1, 0, 1, 1, 0]]
    parts = elbo_surgery(model, x, y, rng=np.random.default_rng(3))
    z = model.encode(x, y).sample(np.random.default_rng(3), 1)
    expected = model.decode(z, y).log_prob(x).data.mean()
    assert parts.reconstruction == pytest.approx(expected, abs=1e-12)


def test_blocks_of_pairs_change_nothing(monkeypatch):
    model, x = drawn(3, 11)
    whole = elbo_surgery(model, x, rng=np.random.default_rng(0), samples=2)
    monkeypatch.setattr(information, "_ENTRIES", 5 * 11 * 3)
    parts = elbo_surgery(model, x, rng=np.random.default_rng(0), samples=2)
    assert parts.mutual_information == pytest.approx(whole.mutual_information, abs=1e-14)
    np.testing.assert_allclose(parts.dimension_kl, whole.dimension_kl, atol=1e-14)


def test_single_precision_gives_the_same_to_single_precision():
    (double, x), (single, x32) = drawn(4, 9), drawn(4, 9, dtype="float32")
    single.load_state_dict(double.state_dict())
    found = [repeated(*of, "aggregate_kl", samples=200) for of in ((single, x32), (double, x))]
    (a, error_a), (b, error_b) = found
    assert abs(a - b) < 4.5 * np.hypot(error_a, error_b) < 0.1 * b


@pytest.mark.parametrize(("n", "samples"), [(0, 1), (3, 0)])
def test_a_mean_over_nothing_is_refused(n, samples):
    model, x = drawn(0, 3)
    with pytest.raises(ValueError, match="^elbo_surgery: a mean needs at least one datum"):
        elbo_surgery(model, x[:n], rng=np.random.default_rng(0), samples=samples)
