"""The ring and the Swiss roll: what is known of them holds for every point."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, stats

from minivae.data import ring, ring_log_prob, ring_map, swiss_roll

points = st.tuples(st.floats(-4, 4), st.floats(-4, 4))


@given(points)
def test_the_ring_map_keeps_the_direction_and_adds_a_tenth_of_the_length_to_one(z):
    z = np.array(z)
    r = np.linalg.norm(z)
    assume(r > 1e-3)
    x = ring_map(z)
    np.testing.assert_allclose(x, z / r * (1 + r / 10), rtol=1e-12, atol=1e-15)


@given(points)
def test_the_density_of_the_ring_is_the_gaussians_over_the_maps_jacobian(z):
    z = np.array(z)
    assume(np.linalg.norm(z) > 0.1)
    step = 1e-6
    columns = [(ring_map(z + step * e) - ring_map(z - step * e)) / (2 * step) for e in np.eye(2)]
    expected = stats.norm.logpdf(z).sum() - np.log(abs(np.linalg.det(columns)))
    # Central differences: third derivatives up to 6 / r^3 = 6e3 times step^2 / 6, and rounding
    # of 1e-16 / step, in each entry; ten of either relative to a determinant of at least 0.1.
    assert ring_log_prob(ring_map(z)) == pytest.approx(expected, abs=1e-6)


def test_the_density_of_the_ring_integrates_to_one():
    total, _ = integrate.dblquad(
        lambda rho, angle: (
            rho * np.exp(ring_log_prob(np.array([rho * np.cos(angle), rho * np.sin(angle)])))
        ),
        0,
        2 * np.pi,
        1,
        2,  # r = 10: nothing is left outside
    )
    assert total == pytest.approx(1, abs=1e-6)


@given(points, st.sampled_from([np.float32, np.float64]))
def test_inside_the_unit_circle_the_density_is_zero_and_nobody_is_warned(z, dtype):
    x = np.array([z, (0.0, 0.0)], dtype)
    x[0] /= max(1, np.linalg.norm(x[0]) * dtype(1.001))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log_p = ring_log_prob(x)
    assert log_p.dtype == dtype
    assert log_p[1] == -np.inf
    assert log_p[0] == -np.inf or np.linalg.norm(x[0]) > 1


def test_drawn_points_have_the_rings_radius_and_every_angle():
    x, factors = ring(5_000, np.random.default_rng(0))
    radius, angle = np.linalg.norm(x, axis=1), np.arctan2(x[:, 1], x[:, 0])
    np.testing.assert_allclose(factors, np.stack([angle, radius], axis=1), atol=1e-5)
    assert stats.kstest(10 * (radius - 1), stats.rayleigh.cdf).pvalue > 1e-6
    assert stats.kstest(angle, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-6


def test_a_point_of_the_roll_is_where_its_coordinates_say():
    x, factors = swiss_roll(1_000, np.random.default_rng(0))
    t, h = factors.astype(np.float64).T
    turn = np.stack([np.cos(t), np.sin(t)], axis=1) * t[:, None] / 10
    np.testing.assert_allclose(x, np.insert(turn, 1, h, axis=1), atol=3e-6)  # t to 1e-6 of 14
    assert stats.kstest(t, stats.uniform(1.5 * np.pi, 3 * np.pi).cdf).pvalue > 1e-6
    assert stats.kstest(h, stats.uniform(-1, 2).cdf).pvalue > 1e-6


def test_noise_leaves_the_sheet_by_its_std_in_every_direction():
    rng = np.random.default_rng(1)
    x, factors = swiss_roll(5_000, rng, noise=0.1)
    t, h = factors.astype(np.float64).T
    sheet = np.stack([t * np.cos(t) / 10, h, t * np.sin(t) / 10], axis=1)
    z = (x - sheet) / 0.1
    assert np.all(np.abs(np.cov(z.T) - np.eye(3)) < 5 * np.sqrt(2 / len(z)))


def test_a_neighbourhood_of_the_roll_is_flat_and_the_whole_is_not():
    x, _ = swiss_roll(4_000, np.random.default_rng(2))

    def flat_share(rows):
        variances = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2
        return variances[:2].sum() / variances.sum()

    # Within d of a point, a curve of radius R leaves its tangent by up to d^2 / (2 R): of the
    # variance that is at most (d / 2R)^2; R is at least 0.47 and a 10th neighbour within 0.2.
    for i in range(0, 4_000, 400):
        near = np.argsort(np.linalg.norm(x - x[i], axis=1))[:10]
        assert flat_share(x[near].astype(np.float64)) > 1 - (0.2 / 0.94) ** 2
    assert flat_share(x.astype(np.float64)) < 0.9
