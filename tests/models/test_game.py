"""The game's value against exact divergences, and the slopes of the two losses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial.distance import jensenshannon
from scipy.special import expit
from scipy.stats import norm

import minivae as mv
from minivae.models import minimax_loss, minimax_value, non_saturating_loss

seeds = st.integers(0, 2**32 - 1)


@st.composite
def two_histograms(draw):
    """Counts of two distributions over the same points, equally many of each, some of them 0."""
    n, points = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(seeds))
    return [rng.multinomial(n, rng.dirichlet(np.full(points, 0.5))) for _ in "pq"]


def value_of(logits, p, q):
    """Let each point appear as often as it counts: batch means are then exact expectations."""
    return float(minimax_value(np.repeat(logits, p), np.repeat(logits, q)))


@given(counts=two_histograms())
def test_at_the_optimal_discriminator_the_value_is_2_js_minus_2_log_2(counts):
    """Goodfellow et al. 2014, theorem 1; points that only one of the two reaches have ±∞ logits."""
    p, q = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.log(p) - np.log(q)
    js = jensenshannon(p, q) ** 2
    assert value_of(best, p, q) == pytest.approx(2 * js - 2 * np.log(2), abs=1e-12)


@given(counts=two_histograms(), seed=seeds)
def test_no_other_discriminator_reaches_that_value(counts, seed):
    p, q = counts
    other = 3 * np.random.default_rng(seed).standard_normal(len(p))
    assert value_of(other, p, q) <= 2 * jensenshannon(p, q) ** 2 - 2 * np.log(2) + 1e-12


def gaussian_js(m):
    """JS(N(0, 1) ‖ N(m, 1)) by quadrature."""

    def integrand(x):
        p, q = norm.pdf(x), norm.pdf(x, m)
        return (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))) / 2

    return quad(integrand, -9, 9 + m, epsabs=1e-12, limit=200)[0]


Z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, None]  # the midpoint rule under N(0, 1)


@pytest.mark.parametrize("m", [0.0, 0.3, 1.0, 2.5])
def test_the_value_between_two_gaussians_is_their_js_by_quadrature(m):
    """The logit of D* = p / (p + q) is m (m / 2 - x).

    The midpoint rule errs by at most the total variation over 2 n, here doubled for the tails.
    """
    best_real, best_fake = m * (m / 2 - Z), m * (m / 2 - (Z + m))
    variation = np.ptp(np.logaddexp(0, -best_real)) + np.ptp(np.logaddexp(0, best_fake))
    expected = 2 * gaussian_js(m) - 2 * np.log(2)
    assert abs(float(minimax_value(best_real, best_fake)) - expected) <= variation / len(Z) + 1e-12


@pytest.mark.parametrize("m", [0.5, 1.0, 2.0])
def test_what_each_loss_lowers_when_the_discriminator_is_optimal(m):
    """Minimax: 2 JS. Non-saturating: KL(q ‖ p) - 2 JS (Arjovsky & Bottou 2017, theorem 2.5).

    For G(z) = m + z against N(0, 1), with D fixed at its optimum; KL is m² / 2.
    """
    h = 1e-3
    js_slope = (gaussian_js(m + h) - gaussian_js(m - h)) / (2 * h)
    for loss, slope in ((minimax_loss, 2 * js_slope), (non_saturating_loss, m - 2 * js_slope)):
        found = mv.grad(lambda t, loss=loss: loss(m * (m / 2 - (Z + t))))(np.array(m))
        assert float(found.data) == pytest.approx(slope, abs=1e-3)


@given(seed=seeds, n=st.integers(1, 20), scale=st.sampled_from([1.0, 30.0, 700.0]))
def test_the_slopes_of_the_losses_at_a_logit_are_those_of_the_paper(seed, n, scale):
    """Of log(1 - σ(h)): -σ(h), which vanishes for h ≪ 0. Of -log σ(h): -σ(-h), which does not."""
    h = np.random.default_rng(seed).uniform(-scale, scale, n)
    np.testing.assert_allclose(mv.grad(minimax_loss)(h).data * n, -expit(h), rtol=1e-12)
    np.testing.assert_allclose(mv.grad(non_saturating_loss)(h).data * n, -expit(-h), rtol=1e-12)
