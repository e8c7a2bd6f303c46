"""The Frechet distance of Gaussians: closed forms, and the laws of a distance."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from minivae.evaluation import frechet_between, frechet_distance

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 5)


def gaussian(rng, d, rank=None):
    a = rng.standard_normal((d, d if rank is None else rank))
    return rng.standard_normal(d), a @ a.T


@given(SEEDS, SIZES)
def test_it_is_the_formula_with_a_matrix_square_root(seed, d):
    rng = np.random.default_rng(seed)
    (m, a), (k, b) = gaussian(rng, d), gaussian(rng, d)
    cross = np.trace(scipy.linalg.sqrtm(a @ b)).real
    expected = np.sum((m - k) ** 2) + np.trace(a) + np.trace(b) - 2 * cross
    assert frechet_distance(m, a, k, b) == pytest.approx(expected, abs=1e-6 * (1 + expected))


@given(SEEDS, SIZES)
def test_independent_entries_add_their_distances(seed, d):
    """In one dimension (m - m')² + (s - s')²."""
    m, k, s, t = np.random.default_rng(seed).standard_normal((4, d))
    expected = np.sum((m - k) ** 2 + (np.abs(s) - np.abs(t)) ** 2)
    distance = frechet_distance(m, np.diag(s**2), k, np.diag(t**2))
    assert distance == pytest.approx(expected, abs=1e-10)


@given(SEEDS)
def test_in_two_dimensions_it_is_a_formula_of_trace_and_determinant(seed):
    """Tr M^½ = √(tr M + 2 √det M) for 2 x 2 matrices M with positive eigenvalues."""
    rng = np.random.default_rng(seed)
    (m, a), (k, b) = gaussian(rng, 2), gaussian(rng, 2)
    cross = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(max(0, np.linalg.det(a) * np.linalg.det(b))))
    expected = np.sum((m - k) ** 2) + np.trace(a) + np.trace(b) - 2 * cross
    assert frechet_distance(m, a, k, b) == pytest.approx(expected, abs=1e-6 * (1 + expected))


@given(SEEDS, SIZES, st.integers(1, 5))
def test_its_root_is_a_distance(seed, d, rank):
    rng = np.random.default_rng(seed)
    three = [gaussian(rng, d, rank) for _ in range(3)]

    def root(i, j):
        return np.sqrt(max(0, frechet_distance(*three[i], *three[j])))

    assert root(0, 1) == pytest.approx(root(1, 0), abs=1e-6)
    assert root(0, 0) == pytest.approx(0, abs=1e-6)
    assert root(0, 2) <= root(0, 1) + root(1, 2) + 1e-6


@given(SEEDS, SIZES, st.floats(0.1, 10))
def test_turning_both_changes_nothing_and_scaling_both_scales_it(seed, d, scale):
    rng = np.random.default_rng(seed)
    (m, a), (k, b) = gaussian(rng, d), gaussian(rng, d)
    turn = scale * np.linalg.qr(rng.standard_normal((d, d)))[0]
    turned = frechet_distance(turn @ m, turn @ a @ turn.T, turn @ k, turn @ b @ turn.T)
    before = frechet_distance(m, a, k, b)
    assert turned == pytest.approx(scale**2 * before, rel=1e-6, abs=1e-6)


@given(SEEDS, st.integers(2, 9), SIZES)
def test_clouds_have_the_distance_of_the_gaussians_fitted_to_them(seed, n, d):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((n, d)), rng.standard_normal((n + 3, d)) * 2 + 1
    fitted = [(c.mean(axis=0), np.cov(c, rowvar=False).reshape(d, d)) for c in (a, b)]
    expected = frechet_distance(*fitted[0], *fitted[1])
    assert frechet_between(a, b) == pytest.approx(expected, abs=1e-9)
    assert frechet_between(a, a[::-1] + 3.0) == pytest.approx(9.0 * d, rel=1e-6)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"means \(d,\) and covariances \(d, d\)"):
        frechet_distance(np.zeros(2), np.eye(3), np.zeros(2), np.eye(2))
    with pytest.raises(ValueError, match="two rows or more"):
        frechet_between(np.zeros((1, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"means \(d,\)"):
        frechet_between(np.zeros((3, 2)), np.zeros((4, 3)))


@given(SEEDS, st.integers(1, 8), SIZES)
def test_rounding_makes_no_distance_negative(seed, d, rank):
    m, a = gaussian(np.random.default_rng(seed), d, rank)
    assert 0 <= frechet_distance(m, a, m, a) < 1e-6 * (1 + np.trace(a))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value):
    rows = np.ones((4, 2))
    rows[1, 1] = value
    for a, b in ((rows, np.ones((3, 2))), (np.ones((3, 2)), rows)):
        with pytest.raises(ValueError, match="^frechet_between: the features contain NaN"):
            frechet_between(a, b)
    with pytest.raises(ValueError, match="^frechet_distance: the means contain NaN"):
        frechet_distance(rows[1], np.eye(2), np.zeros(2), np.eye(2))
    with pytest.raises(ValueError, match="^frechet_distance: the covariances contain NaN"):
        frechet_distance(np.zeros(2), np.eye(2), np.zeros(2), rows[:2])
