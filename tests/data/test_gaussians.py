"""Mixtures of Gaussians with known modes and known density."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from minivae.data import Gaussians, blobs, gaussian_grid, gaussian_ring

MIXTURES = [gaussian_grid(), gaussian_ring(), Gaussians(np.array([[0.5, -1.0, 2.0]]), 0.3)]
dtypes = st.sampled_from([np.float32, np.float64])


@given(st.integers(1, 4), st.integers(1, 3), st.floats(0.1, 3), st.integers(0, 2**32))
def test_the_density_is_the_mixture_of_scipys(k, d, std, seed):
    rng = np.random.default_rng(seed)
    centres, x = rng.uniform(-3, 3, (k, d)), rng.uniform(-3, 3, (5, d))
    parts = [stats.multivariate_normal(c, std**2).logpdf(x) for c in centres]
    expected = special.logsumexp(parts, axis=0) - np.log(k)
    np.testing.assert_allclose(Gaussians(centres, std).log_prob(x), expected, rtol=1e-9, atol=1e-9)


@given(dtypes, st.floats(1, 1e3))
def test_the_density_keeps_the_dtype_and_is_finite_far_away(dtype, far):
    log_p = gaussian_ring().log_prob(np.array([[far, -far]], dtype))
    assert log_p.dtype == dtype
    assert np.isfinite(log_p).all()


@pytest.mark.parametrize("mixture", MIXTURES, ids=repr)
def test_points_lie_around_the_centre_that_their_label_names(mixture):
    n, (k, d) = 20_000, mixture.centres.shape
    x, labels = mixture.sample(n, np.random.default_rng(0))
    assert x.shape == (n, d)
    assert x.dtype == np.float32
    z = (x - mixture.centres[labels]) / mixture.std
    assert np.all(np.abs(z.mean(axis=0)) < 5 / np.sqrt(n))
    assert np.all(np.abs(np.cov(z.T) - np.eye(d)) < 5 * np.sqrt(2 / n))
    shares = np.bincount(labels, minlength=k) / n
    assert len(shares) == k
    assert np.all(np.abs(shares - 1 / k) <= 5 * np.sqrt(1 / k * (1 - 1 / k) / n))


@given(st.integers(1, 7), st.floats(0.1, 5))
def test_a_grid_has_its_neighbours_at_the_spacing_and_its_middle_at_the_origin(side, spacing):
    centres = gaussian_grid(side, spacing).centres
    assert centres.shape == (side**2, 2)
    np.testing.assert_allclose(centres.mean(axis=0), 0, atol=1e-9)
    steps = centres.reshape(side, side, 2)
    for axis, step in ((0, [spacing, 0]), (1, [0, spacing])):
        gaps = np.diff(steps, axis=axis)
        np.testing.assert_allclose(gaps, np.broadcast_to(step, gaps.shape), atol=1e-9)


@given(st.integers(1, 12), st.floats(0.1, 5))
def test_a_ring_has_equal_distances_and_begins_on_the_right(modes, radius):
    centres = gaussian_ring(modes, radius).centres
    np.testing.assert_allclose(centres[0], [radius, 0])
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), radius)
    chords = np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(chords, 2 * radius * np.sin(np.pi / modes), atol=1e-9)
    assert len(np.unique(centres.round(9), axis=0)) == modes


def test_no_modes_are_refused():
    with pytest.raises(ValueError, match="side of at least 1, got 0"):
        gaussian_grid(0)
    with pytest.raises(ValueError, match="at least 1 mode, got 0"):
        gaussian_ring(0)


def test_what_varies_most_in_the_blobs_does_not_tell_them_apart():
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    n = 20_000
    x, labels = blobs(n, np.random.default_rng(0))
    along, across = np.array([[np.sqrt(3), 1], [-1, np.sqrt(3)]]) / 2  # 30 and 120 degrees
    pca = PCA().fit(x)
    np.testing.assert_allclose(pca.explained_variance_, [4.0, 1.16], rtol=5 * np.sqrt(2 / n))
    # An eigenvector's angle has a standard error of sqrt(l1 l2 / n) / (l1 - l2) = 0.005.
    assert abs(pca.components_[0] @ along) > np.cos(5 * 0.0054)
    lda = LinearDiscriminantAnalysis().fit(x, labels).coef_[0]
    assert abs(lda @ across) / np.linalg.norm(lda) > 0.999
    # Across, errors are those of a Gaussian of std 0.4 beyond 1; along, of a coin.
    wrong = np.mean((x @ across > 0) != labels)
    p = stats.norm.sf(1 / 0.4)
    assert abs(wrong - p) < 5 * np.sqrt(p / n)
    assert abs(np.mean((x @ along > 0) == labels) - 0.5) < 5 * np.sqrt(0.25 / n)
