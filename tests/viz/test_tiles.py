"""Grey levels go from black to white, and what lies around 0 is drawn around grey."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minivae import viz


def grey(x):
    """The entries that are drawn as black and as white, of one row of 2x2 images."""
    figure = viz.image_rows({"x": x}, (2, 2))
    return figure.axes[0].images[0].get_clim()


@settings(max_examples=10)
@given(st.integers(0, 99), st.floats(1e-3, 1e3))
def test_entries_around_0_are_drawn_around_grey(seed, scale):
    x = scale * np.random.default_rng(seed).standard_normal((5, 4))
    x -= x.mean()
    low, high = grey(x)
    assert low == -high
    assert high == pytest.approx(2.5 * x.std())


@pytest.mark.parametrize("least", [0.0, -0.3])
def test_an_image_with_a_few_negative_entries_is_still_one_from_black_to_white(least):
    x = np.full((3, 4), 0.7)
    x[0, 0] = least
    assert grey(x) == (0, 1)


def test_a_black_image_is_black():
    assert grey(np.zeros((1, 4))) == (0, 1)
