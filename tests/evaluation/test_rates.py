"""The bound as a length of code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_gaussians import linear, set_best_encoder
from scipy.stats import norm

import minivae as mv
from minivae.evaluation import (
    LinearGaussian,
    bits_back,
    bits_per_dimension,
    linear_gaussian_gap,
    rate_distortion,
    split_elbo,
)

seeds = st.integers(0, 2**32 - 1)
families = st.sampled_from(["isotropic", "diagonal", "full"])


# --- rate and distortion -----------------------------------------------------------------------


@given(seeds, families, st.integers(1, 4))
def test_rate_and_distortion_are_the_terms_of_the_elbo(seed, family, draws):
    model, x, _ = linear(seed, posterior=family)
    point = rate_distortion(model, x, rng=np.random.default_rng(seed), draws=draws)
    split = split_elbo(model, x, rng=np.random.default_rng(seed), draws=draws)
    assert (point.rate, point.distortion) == (split.kl, -split.reconstruction)
    assert (point.rate_error, point.distortion_error) == (
        split.kl_error,
        split.reconstruction_error,
    )
    assert point.elbo == pytest.approx(split.elbo, rel=1e-12)


def test_at_the_optimum_of_the_linear_vae_the_rate_is_half_the_sum_of_log_ratios():
    """R = ½ Σ log (λᵢ / σ²) over λᵢ > σ², the reverse water-filling of a normal source."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 4)) * [3.0, 2.0, 0.5, 0.3]
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    exact = LinearGaussian.fitted(x, 3, 1.0)
    model = mv.models.VAE.linear(4, 3, sigma=1.0, rng=rng)
    model.decoder.layers[0].weight.data[...] = exact.weight
    model.decoder.layers[0].bias.data[...] = exact.bias
    set_best_encoder(model)
    kept = values[values > 1.0]
    point = rate_distortion(model, x, rng=rng, draws=1)
    assert len(kept) == 2
    assert point.rate == pytest.approx(0.5 * np.sum(np.log(kept)), rel=1e-9)


# --- bits back -------------------------------------------------------------------------------


@given(seeds, families)
def test_what_is_spent_less_what_comes_back_is_the_total(seed, family):
    model, x, rng = linear(seed, posterior=family)
    account = bits_back(model, x, rng=rng, draws=3)
    total = account.code + account.data - account.back
    assert account.total == pytest.approx(total, rel=1e-10, abs=1e-10)
    bits = account.in_bits()
    assert bits.total * np.log(2) == pytest.approx(account.total, rel=1e-12)
    assert bits.total_error * np.log(2) == pytest.approx(account.total_error, rel=1e-12)
    assert bits.back * np.log(2) == pytest.approx(account.back, rel=1e-12)


@given(seeds)
def test_the_three_lengths_are_minus_the_logarithms_of_the_densities(seed):
    """One draw each, and the noise drawn again."""
    model, x, _ = linear(seed)
    account = bits_back(model, x, rng=np.random.default_rng(seed), draws=1)
    q = model.encode(x)
    z = q.sample(np.random.default_rng(seed), 1)
    mean = model.decode(z).mean.data
    expected = {
        "code": -norm.logpdf(z).sum(axis=-1).mean(),
        "data": -norm.logpdf(x, mean, model.likelihood.sigma).sum(axis=-1).mean(),
        "back": -norm.logpdf(z, q.mean.data, q.std.data).sum(axis=-1).mean(),
    }
    for name, value in expected.items():
        assert getattr(account, name) == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_the_total_is_minus_the_elbo_and_its_excess_the_divergence_from_the_posterior():
    model, x, _ = linear(3)
    set_best_encoder(model)
    gap = linear_gaussian_gap(model, x[:1])
    account = bits_back(model, np.tile(x[:1], (4000, 1)), rng=np.random.default_rng(0), draws=1)
    assert abs(account.total + gap.elbo[0]) < 4.5 * account.total_error
    assert gap.kl[0] > 4.5 * account.total_error
    assert abs(account.total - (gap.kl - gap.log_prob)[0]) < 4.5 * account.total_error


def test_at_the_exact_posterior_every_draw_costs_the_evidence():
    model, x, rng = linear(1, posterior="full")
    set_best_encoder(model)
    account = bits_back(model, x, rng=rng, draws=2)
    assert account.total == pytest.approx(-LinearGaussian.of(model).log_prob(x).mean(), rel=1e-9)


# --- bits per dimension ----------------------------------------------------------------------


@given(st.integers(1, 4000), st.integers(2, 65536))
def test_a_uniform_density_costs_the_bits_of_its_levels(d, levels):
    assert bits_per_dimension(0.0, d, levels=levels) == pytest.approx(np.log2(levels))
    as_whole_numbers = bits_per_dimension(-d * np.log(levels), d)
    assert as_whole_numbers == pytest.approx(np.log2(levels))


def test_fair_coins_cost_one_bit_each():
    np.testing.assert_allclose(bits_per_dimension(np.log(0.5) * np.array([7.0, 14.0]), 7), [1, 2])


@pytest.mark.parametrize(("d", "levels"), [(0, None), (3, 0)])
def test_no_dimensions_or_levels_are_refused(d, levels):
    with pytest.raises(ValueError, match="are positive whole numbers"):
        bits_per_dimension(-1.0, d, levels=levels)
