"""Binarisation: Bernoulli draws whose mean is the grey level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.data import binarize

DTYPES = [np.float32, np.float64]


@st.composite
def greys(draw):
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
    width = 8 * np.dtype(dtype).itemsize
    return draw(hnp.arrays(dtype, shape, elements=st.floats(0, 1, width=width)))


@given(greys(), st.integers(0, 2**32))
def test_bits_keep_shape_and_dtype_and_certain_pixels(x, seed):
    b = binarize(x, np.random.default_rng(seed))
    assert b.shape == x.shape
    assert b.dtype == x.dtype
    assert np.all((b == 0) | (b == 1))
    assert np.all(b[x == 0] == 0)
    assert np.all(b[x == 1] == 1)


@given(greys(), st.integers(0, 2**32))
def test_same_seed_same_bits(x, seed):
    before = x.copy()
    first, second = (binarize(x, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_the_mean_is_the_grey_level(p, dtype):
    n = 200_000
    b = binarize(np.full(n, p, dtype), np.random.default_rng(1))
    z = (b.mean(dtype=np.float64) - p) / np.sqrt(p * (1 - p) / n)
    assert abs(z) < 5


def test_pixels_are_independent():
    b = binarize(np.full((100_000, 2), 0.5), np.random.default_rng(2))
    counts = np.bincount((2 * b[:, 0] + b[:, 1]).astype(int), minlength=4)
    z = (counts - 25_000) / np.sqrt(100_000 * 0.25 * 0.75)
    assert np.all(np.abs(z) < 5)


def test_successive_draws_differ():
    rng, x = np.random.default_rng(3), np.full(1000, 0.5, np.float32)
    assert np.any(binarize(x, rng) != binarize(x, rng))


@pytest.mark.parametrize("bad", [-1e-6, 1.000001, 255.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_outside_the_unit_interval_are_refused(bad, dtype):
    x = np.full((3, 4), 0.5, dtype)
    x[1, 2] = bad
    with pytest.raises(ValueError, match=r"expected grey levels in \[0, 1\]"):
        binarize(x, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, bool])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match="expected float32 or float64"):
        binarize(np.ones(3, dtype), np.random.default_rng(0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_black_stays_black_even_for_the_smallest_draw(dtype):
    class Smallest(np.random.Generator):
        def random(self, size, dtype):
            return np.zeros(size, dtype)

    assert not binarize(np.zeros(3, dtype), Smallest(np.random.PCG64(0))).any()
