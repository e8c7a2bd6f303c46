"""Glyphs: each factor does to the picture what its name says, and no more."""

import numpy as np
import pytest
from factors import assert_uniform_and_independent
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import draw_strokes, strokes
from minivae.data.glyphs import GLYPHS, pen_path
from minivae.data.strokes import FACTORS, HEIGHT, HIGHEST, LOWEST

POINTS = 128
symbols = st.integers(0, 9)
slants, widths, sizes, places = (st.floats(LOWEST[i], HIGHEST[i]) for i in (1, 2, 3, 4))


def draw(symbol, slant=0.0, width=2.0, size=1.0, x=0.0, y=0.0):
    return draw_strokes(np.array([[symbol, slant, width, size, x, y]])).reshape(28, 28)


@given(symbols, slants, widths, sizes, places, places)
def test_a_pixel_is_inked_by_its_distance_from_the_pens_path(symbol, slant, width, size, x, y):
    # The oracle follows the path in 1,000 steps. Between two points of the drawn path, s apart, a
    # distance d is seen as at most sqrt(d^2 + s^2 / 4): never too near.
    fine = pen_path(symbol, 1_000)
    path = 13.5 + np.array([x, y]) + HEIGHT * size * fine @ [[1, 0], [-slant, 1]]
    rows, columns = np.mgrid[:28, :28]
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    squared = (pixels**2).sum(1)[:, None] + (path**2).sum(1) - 2 * pixels @ path.T
    d = np.sqrt(np.maximum(squared, 0).min(axis=1)).reshape(28, 28)
    step = HEIGHT * size * pen_path(symbol, POINTS) @ [[1, 0], [-slant, 1]]
    gaps = np.linalg.norm(np.diff(step, axis=0), axis=1)
    s = np.sort(gaps)[-len(GLYPHS[symbol])]  # but for the jumps from stroke to stroke
    assert s < 0.6
    ink = draw(symbol, slant, width, size, x, y)
    # 0.01: the oracle's own steps, 0.06 long, at the distances where ink ends, and float32
    most = np.clip(width / 2 + 0.5 - d + 0.01, 0, 1)
    least = np.clip(width / 2 + 0.5 - np.sqrt(d**2 + s**2 / 4) - 0.01, 0, 1)
    assert np.all(ink <= most)
    assert np.all(ink >= least)


@given(symbols, slants, widths, sizes, st.integers(-2, 2), st.integers(-2, 2))
def test_moving_by_whole_pixels_moves_the_picture(symbol, slant, width, size, right, down):
    here = draw(symbol, slant, width, size)
    there = draw(symbol, slant, width, size, right, down)
    np.testing.assert_allclose(there, np.roll(here, (down, right), axis=(0, 1)), atol=1e-4)


@given(symbols, slants, widths, sizes, places, places, st.floats(0, 1))
def test_a_wider_pen_inks_every_pixel_more(symbol, slant, width, size, x, y, more):
    thin, thick = (draw(symbol, slant, w, size, x, y) for w in (width, width + more))
    assert np.all(thick >= thin)


@given(widths, sizes, places)
def test_a_row_through_an_upright_bar_holds_as_much_ink_as_the_pen_is_wide(width, size, x):
    # The pixels sum what a box of the pen's width covers of each, whatever the place.
    rows = draw(1, 0.0, width, size, x)[14:17]
    np.testing.assert_allclose(rows.sum(axis=1), width, atol=0.03)


@given(widths, sizes)
def test_a_column_along_an_upright_bar_is_as_long_as_the_glyph_and_the_pen(width, size):
    x = 0.5 - 0.06 * size * HEIGHT  # the bar stands on column 14
    ink = draw(1, 0.0, width, size, x)[:, 14].sum()
    assert abs(ink - (size * HEIGHT + width)) < 0.03


@given(slants, sizes)
def test_a_slanted_bar_moves_by_the_slant_from_row_to_row(slant, size):
    rows = draw(1, slant, 2.0, size)[[13, 17]]
    top, bottom = (rows * np.arange(28)).sum(axis=1) / rows.sum(axis=1)
    # Each centre is that of the line to about 0.05 pixels: the grey levels of a slanted edge are
    # those of an upright one.
    assert abs((top - bottom) / 4 - slant) < 0.03


@pytest.mark.parametrize("symbol", range(10))
def test_no_glyph_leaves_the_page(symbol):
    path = pen_path(symbol, POINTS)
    for slant in (LOWEST[1], HIGHEST[1]):
        reach = np.abs(HIGHEST[3] * HEIGHT * path @ [[1, 0], [-slant, 1]]).max(axis=0)
        assert np.all(reach + HIGHEST[4] + HIGHEST[2] / 2 <= 14)


def test_different_digits_differ_by_the_ink_of_ten_pixels_or_more():
    images = np.stack([draw(symbol).ravel() for symbol in range(10)])
    gaps = np.abs(images[:, None] - images).sum(axis=-1)
    assert np.all(gaps[~np.eye(10, dtype=bool)] > 10)


def test_rows_are_drawn_one_by_one_alike():
    images, factors = strokes(130, np.random.default_rng(0))
    assert images.dtype == factors.dtype == np.float32
    for i in (0, 63, 64, 129):
        np.testing.assert_array_equal(draw_strokes(factors[i : i + 1])[0], images[i])


def test_factors_are_uniform_and_independent():
    _, factors = strokes(2_000, np.random.default_rng(1))
    discrete = [name == "symbol" for name in FACTORS]
    assert_uniform_and_independent(factors, LOWEST, HIGHEST, discrete)


@pytest.mark.parametrize("shape", [(6,), (2, 5), (1, 2, 6)])
def test_factors_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected factors of shape \(n, 6\)"):
        draw_strokes(np.zeros(shape))


@pytest.mark.parametrize("symbol", [-1, 10, 0.5, np.nan])
def test_what_is_no_digit_is_refused(symbol):
    with pytest.raises(ValueError, match="expected symbols 0 to 9"):
        draw_strokes(np.array([[symbol, 0, 2, 1, 0, 0]]))
