"""What the divergences from N(0, I) must be, the references and their compiled twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.kernels import divergences

compiled = pytest.importorskip(
    "minivae.kernels.compiled", reason="Numba is not installed here", exc_type=ImportError
)

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
HOMES = pytest.mark.parametrize("home", [divergences, compiled], ids=["reference", "twin"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def eps(dtype):
    return float(np.finfo(dtype).eps)


def values(rng, shape, dtype, scale=1.0):
    """Normal numbers of several sizes."""
    return (scale * rng.standard_normal(shape) * rng.choice([0.01, 1.0, 5.0], shape)).astype(dtype)


@DTYPES
@HOMES
def test_the_full_and_the_isotropic_divergence_are_sums_of_those_of_the_dimensions(home, dtype):
    @given(seeds, st.integers(1, 5), st.integers(1, 9))
    def law(rng, n, d):
        mu, scale = values(rng, (n, d), dtype), np.exp(values(rng, (n, d), dtype, 0.3))
        L = np.zeros((n, d, d), dtype)
        L[:, range(d), range(d)] = scale * rng.choice([-1, 1], (n, d))
        wide = mu.astype("float64")
        each = home.gaussian_kl(wide, 2 * np.log(scale.astype("float64")))
        tolerance = 8 * eps(dtype)
        np.testing.assert_allclose(home.gaussian_kl_full(mu, L), each.sum(1), rtol=tolerance)
        logvar = values(rng, (n, 1), dtype)
        each = home.gaussian_kl(wide, logvar.astype("float64"))
        kl = home.gaussian_kl_isotropic(mu, logvar)
        np.testing.assert_allclose(kl, each.sum(1), rtol=tolerance)

    law()


@DTYPES
@HOMES
def test_close_to_the_prior_the_divergence_keeps_its_digits(home, dtype):
    """½ (e^y - 1 - y) = y²/4 + y³/12 + y⁴/48 + ..., of which the first term alone is 1e-40."""
    y = np.array([s * 10.0**-k for k in range(2, 20) for s in (1, -1)])[:, None].astype(dtype)
    exact = y.astype(np.float64)
    series = exact**2 / 4 * (1 + exact / 3 * (1 + exact / 4 * (1 + exact / 5 * (1 + exact / 6))))
    tolerance = 4 * eps(dtype) + 1e-11
    for kl in (home.gaussian_kl(0 * y, y)[:, 0], home.gaussian_kl_isotropic(0 * y, y)):
        np.testing.assert_allclose(kl, series[:, 0], rtol=tolerance)
    L = np.exp(exact / 2).astype(dtype)
    exact = 2 * np.log(L.astype(np.float64))
    series = exact**2 / 4 * (1 + exact / 3 * (1 + exact / 4 * (1 + exact / 5 * (1 + exact / 6))))
    kl = home.gaussian_kl_full(0 * y, L[..., None])
    np.testing.assert_allclose(kl, series[:, 0], rtol=tolerance)


@DTYPES
@HOMES
def test_what_is_above_the_diagonal_is_not_read(home, dtype):
    rng = np.random.default_rng(0)
    mu, L = values(rng, (4, 5), dtype), values(rng, (4, 5, 5), dtype)
    kl, slope = home.gaussian_kl_full_and_slope(mu, np.tril(L))
    L[:, *np.triu_indices(5, 1)] = np.nan
    for a, b in zip((kl, slope), home.gaussian_kl_full_and_slope(mu, L), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.any(np.triu(slope, 1))


@HOMES
def test_shapes_that_do_not_fit_are_refused(home):
    with pytest.raises(ValueError, match=r"one log variance for each row, of shape \(3,\) or"):
        home.gaussian_kl_isotropic(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"matrix for each row, of shape \(3, 2, 2\)"):
        home.gaussian_kl_full(np.zeros((3, 2)), np.zeros((2, 2)))
