"""The intrinsic dimension: exact where it is known, and blind to how a surface lies in space."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

import minivae as mv
from minivae.evaluation import intrinsic_dimension

seeds = st.integers(0, 2**32 - 1)


def sphere(d, n=4000, seed=0):
    """Points of the unit sphere of dimension d, which has no edge."""
    x = np.random.default_rng(seed).standard_normal((n, d + 1))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@given(seeds, st.integers(2, 6), st.integers(1, 4))
def test_it_is_the_estimate_of_largest_likelihood(seed, k, d):
    """Σ over all of log d + (d - 1) log(T_j / T_k) is largest there: its slope in d is 0."""
    x = np.random.default_rng(seed).standard_normal((15, d))
    distances = np.sort(np.linalg.norm(x[:, None] - x, axis=-1), axis=1)[:, 1 : k + 1]
    log_ratios = np.log(distances[:, :-1] / distances[:, -1:])
    slope = log_ratios.size / intrinsic_dimension(x, k) + log_ratios.sum()
    assert abs(slope) < 1e-9 * log_ratios.size * (1 + abs(log_ratios).max())


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_spheres_have_their_dimension(d):
    """6 %: a standard error is 0.5 % and more, as neighbourhoods overlap; the rest is curvature."""
    assert intrinsic_dimension(sphere(d)) == pytest.approx(d, rel=0.06)


@given(seeds, st.floats(0.01, 100), st.integers(0, 3))
def test_moved_turned_scaled_or_put_into_more_dimensions_it_is_the_same(seed, scale, more):
    x = sphere(2, n=60, seed=seed)
    x_there = np.pad(x, ((0, 0), (0, more)))
    turn = ortho_group.rvs(3 + more, random_state=seed % 2**31)
    there = scale * x_there @ turn + np.random.default_rng(seed).standard_normal(3 + more)
    assert intrinsic_dimension(there, 5) == pytest.approx(intrinsic_dimension(x, 5), rel=1e-6)


def test_a_swiss_roll_is_a_sheet_until_noise_makes_it_thick():
    x, _ = mv.data.swiss_roll(4000, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    flat, thick = (
        intrinsic_dimension(x),
        intrinsic_dimension(x + x.std() * rng.normal(size=x.shape)),
    )
    assert flat == pytest.approx(2, rel=0.1)
    assert thick == pytest.approx(3, rel=0.1)


def test_what_makes_no_sense_is_refused():
    x = sphere(2, n=20)
    for wrong, k in ((x, 20), (x, 1), (x[0], 2)):
        with pytest.raises(ValueError, match="2 neighbours or more are needed"):
            intrinsic_dimension(wrong, k)
    with pytest.raises(ValueError, match="some data are equal"):
        intrinsic_dimension(np.vstack([x, x[:1]]), 5)
