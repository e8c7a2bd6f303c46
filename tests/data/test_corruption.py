"""Corruption: what is lost is lost at the stated rate, and the rest is left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.data import gaussian, masking, salt_and_pepper

CORRUPTIONS = [masking, gaussian, salt_and_pepper]
DTYPES = [np.float32, np.float64]
seeds = st.integers(0, 2**32)
levels = st.floats(0, 1)


@st.composite
def data(draw):
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
    width = 8 * np.dtype(dtype).itemsize
    return draw(hnp.arrays(dtype, shape, elements=st.floats(0, 1, width=width)))


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
@given(x=data(), seed=seeds, level=levels)
def test_the_clean_data_stay_and_the_draw_depends_on_the_generator_alone(corrupt, x, seed, level):
    before = x.copy()
    first, second = (corrupt(x, np.random.default_rng(seed), level) for _ in range(2))
    assert first.shape == x.shape
    assert first.dtype == x.dtype
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(first, x)


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
@given(x=data(), seed=seeds)
def test_no_corruption_changes_nothing(corrupt, x, seed):
    np.testing.assert_array_equal(corrupt(x, np.random.default_rng(seed), 0), x)


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_successive_draws_differ_and_are_thirty_percent_by_default(corrupt):
    rng, x = np.random.default_rng(0), np.full(1000, 0.5)
    assert np.any(corrupt(x, rng) != corrupt(x, rng))
    first, second = (corrupt(x, np.random.default_rng(1), *level) for level in ((), (0.3,)))
    np.testing.assert_array_equal(first, second)


@given(x=data(), seed=seeds, fraction=levels)
def test_a_masked_value_is_zero_and_another_is_untouched(x, seed, fraction):
    noisy = masking(x, np.random.default_rng(seed), fraction)
    assert np.all((noisy == 0) | (noisy == x))


@given(x=data(), seed=seeds)
def test_everything_masked_is_black(x, seed):
    assert not masking(x, np.random.default_rng(seed), 1).any()


@given(x=data(), seed=seeds, fraction=levels)
def test_a_grain_is_salt_or_pepper(x, seed, fraction):
    noisy = salt_and_pepper(x, np.random.default_rng(seed), fraction)
    assert np.all((noisy == 0) | (noisy == 1) | (noisy == x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.9])
def test_grains_and_holes_come_at_their_rates(fraction, dtype):
    n, rng = 200_000, np.random.default_rng(2)
    x = np.full(n, 0.5, dtype)
    holes, grains = masking(x, rng, fraction), salt_and_pepper(x, rng, fraction)
    half = fraction / 2
    for hits, p in ((holes == 0, fraction), (grains == 0, half), (grains == 1, half)):
        assert abs(hits.mean() - p) < 5 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("corrupt", [masking, salt_and_pepper])
def test_values_are_hit_independently(corrupt):
    hit = corrupt(np.full((100_000, 2), 0.5), np.random.default_rng(3), 0.3) != 0.5
    both, p = np.mean(hit[:, 0] & hit[:, 1]), 0.3**2
    assert abs(both - p) < 5 * np.sqrt(p * (1 - p) / len(hit))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("std", [0.1, 2.0])
def test_gaussian_noise_has_mean_zero_and_the_stated_std(std, dtype):
    n, x = 200_000, np.full(200_000, 0.25, dtype)
    noise = (gaussian(x, np.random.default_rng(4), std) - x).astype(np.float64) / std
    assert abs(noise.mean()) < 5 / np.sqrt(n)
    assert abs(np.mean(noise**2) - 1) < 5 * np.sqrt(2 / n)
    assert abs(np.mean(noise**4) - 3) < 5 * np.sqrt(96 / n)  # Var eps^4 = 105 - 9


@pytest.mark.parametrize("corrupt", [masking, salt_and_pepper])
@pytest.mark.parametrize("fraction", [-0.1, 1.1, 30, np.nan])
def test_what_is_no_fraction_is_refused(corrupt, fraction):
    with pytest.raises(ValueError, match=rf"{corrupt.__name__}: expected fraction in \[0, 1\]"):
        corrupt(np.ones(3), np.random.default_rng(0), fraction)


@pytest.mark.parametrize("std", [-0.1, np.nan, np.inf])
def test_what_is_no_std_is_refused(std):
    with pytest.raises(ValueError, match="gaussian: expected a finite std"):
        gaussian(np.ones(3), np.random.default_rng(0), std)


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, bool])
def test_other_dtypes_are_refused(corrupt, dtype):
    with pytest.raises(ValueError, match=f"{corrupt.__name__}: expected float32 or float64 data"):
        corrupt(np.ones(3, dtype), np.random.default_rng(0))
