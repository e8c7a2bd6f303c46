"""Every point of the ellipse is k standard deviations from the mean, for any covariance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minivae.viz.ellipses import ellipse

from .conftest import rim

entry = st.floats(-3, 3)
scale = st.floats(0.05, 3)


@given(entry, entry, scale, entry, scale, st.sampled_from([1, 2, 3]))
def test_the_rim_is_k_standard_deviations_from_the_mean(m1, m2, a, b, c, k):
    L, mean = np.array([[a, 0.0], [b, c]]), np.array([m1, m2])
    whitened = np.linalg.solve(L, (rim(ellipse(mean, L @ L.T, k)) - mean).T)
    # eigenvalues lose up to cond(L)^2 eps, below 1e-8 for these entries
    np.testing.assert_allclose(np.linalg.norm(whitened, axis=0), k, rtol=1e-6)


def test_a_collapsed_direction_makes_a_line():
    flat = rim(ellipse(np.zeros(2), np.diag([0.0, 4.0]), 1))
    np.testing.assert_allclose(np.abs(flat).max(axis=0), [0, 2], atol=1e-12)
