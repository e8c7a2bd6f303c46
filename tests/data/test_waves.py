"""Sine waves from known factors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import draw_waves, waves


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.floats(0.1, 2), st.floats(0, 4), st.floats(-3, 3), st.integers(1, 20))
def test_a_wave_is_its_formula(dtype, amplitude, frequency, phase, length):
    factors = np.array([[amplitude, frequency, phase], [1, 1, 0]], dtype)
    x = draw_waves(factors, length)
    assert x.dtype == dtype
    a, f, phi = factors[0].tolist()
    expected = [a * math.sin(2 * math.pi * f * t / length + phi) for t in range(length)]
    # An angle of at most 30 is rounded to eps / 2 of itself in each of about four steps.
    np.testing.assert_allclose(x[0], expected, rtol=0, atol=a * 60 * np.finfo(dtype).eps)


def test_noise_is_added_to_the_wave_with_its_std():
    x, factors = waves(5_000, np.random.default_rng(0))
    noise = (x - draw_waves(factors)).astype(np.float64)
    assert abs(noise.std() / 0.05 - 1) < 5 * np.sqrt(1 / (2 * noise.size))
    assert abs(noise.mean()) < 5 * 0.05 / np.sqrt(noise.size)


def test_without_noise_a_wave_is_drawn_from_its_factors():
    x, factors = waves(50, np.random.default_rng(1), noise=0.0)
    np.testing.assert_allclose(x, draw_waves(factors.astype(np.float64)), atol=1e-5)
