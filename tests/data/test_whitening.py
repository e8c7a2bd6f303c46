"""Whitening: unit variance and no correlation on the kept directions, nothing on the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from minivae.data import fit_whitening

DTYPES = [np.float32, np.float64]


@st.composite
def data(draw, dtype=np.float64):
    """Correlated rows, of less dimensions than coordinates now and then."""
    d = draw(st.integers(1, 6))
    rank = draw(st.integers(1, d))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mix = rng.standard_normal((rank, d)) * np.exp(rng.uniform(-2, 2, d))
    x = rng.standard_normal((50, rank)) @ mix + rng.standard_normal(d)
    return x.astype(dtype)


keeps = st.floats(0.1, 1)


@given(data(), keeps)
def test_the_covariance_of_whitened_data_is_the_identity_on_the_kept_directions(x, keep):
    whitening = fit_whitening(x, keep)
    e = whitening.directions
    w = whitening.apply(x)
    # Rounding of C is amplified by its condition number, here up to 1e6 or so.
    np.testing.assert_allclose(np.cov(w.T, bias=True).reshape(e.shape[0], -1), e @ e.T, atol=1e-6)
    np.testing.assert_allclose(e.T @ e, np.eye(e.shape[1]), atol=1e-10)
    np.testing.assert_allclose(w.mean(axis=0), 0, atol=1e-6)


@given(data(), keeps)
def test_the_fewest_leading_directions_that_hold_the_part_are_kept(x, keep):
    whitening, pca = fit_whitening(x, keep), PCA(svd_solver="full").fit(x)
    k = len(whitening.variances)
    shares = np.cumsum(pca.explained_variance_ratio_)
    assert shares[k - 1] >= keep - 1e-9
    assert k == 1 or shares[k - 2] < keep + 1e-9
    n = len(x)
    expected = pca.explained_variance_[:k] * (n - 1) / n
    np.testing.assert_allclose(whitening.variances, expected, rtol=1e-6)


@given(data(), keeps)
def test_undoing_gives_back_the_data_but_for_the_dropped_directions(x, keep):
    whitening = fit_whitening(x, keep)
    e, mean = whitening.directions, x.mean(axis=0)
    expected = mean + (x - mean) @ e @ e.T
    scale = np.abs(x).max()
    got = whitening.undo(whitening.apply(x))
    np.testing.assert_allclose(got, expected, atol=1e-9 * scale)


@given(data())
def test_with_all_variance_kept_nothing_is_lost(x):
    whitening = fit_whitening(x, 1.0)
    got = whitening.undo(whitening.apply(x))
    np.testing.assert_allclose(got, x, atol=1e-6 * np.abs(x).max())


@given(data())
def test_whitening_is_symmetric_so_that_an_image_is_changed_least(x):
    whitening = fit_whitening(x, 1.0)
    matrix = whitening.apply(np.eye(x.shape[1]) + whitening.mean)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-9, atol=1e-9 * np.abs(matrix).max())


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_dtype_is_kept(dtype):
    x = np.random.default_rng(0).standard_normal((20, 3)).astype(dtype)
    whitening = fit_whitening(x, 0.9)
    assert whitening.apply(x).dtype == whitening.undo(x).dtype == dtype


@pytest.mark.parametrize("keep", [0.0, -0.1, 1.1, 99, np.nan])
def test_what_is_no_part_is_refused(keep):
    with pytest.raises(ValueError, match=r"expected keep in \(0, 1\]"):
        fit_whitening(np.eye(3), keep)


@pytest.mark.parametrize("x", [np.ones((1, 3)), np.ones(3), np.ones((0, 3))])
def test_too_few_rows_are_refused(x):
    with pytest.raises(ValueError, match="at least two rows"):
        fit_whitening(x, 0.9)


def test_data_that_do_not_vary_are_refused():
    with pytest.raises(ValueError, match="all the same"):
        fit_whitening(np.ones((5, 3)), 0.9)
