"""Each tile of a wall is its unit's weights; spectra are sorted and summarised."""

import numpy as np
import pytest

from minivae import viz


def tile(axes, row, column, shape):
    blank = int(np.ceil(0.1 * shape[1]))
    top, left = row * (shape[0] + blank), column * (shape[1] + blank)
    picture = axes.images[0].get_array().filled(np.nan)
    return picture[top : top + shape[0], left : left + shape[1]]


def test_a_filter_is_grey_at_zero_and_black_or_white_at_its_largest_weight(rng, shape):
    W = rng.standard_normal((7, 12))
    axes = viz.filters(W, shape).axes[0]
    for unit in range(7):  # three rows of three, the last two empty
        drawn = tile(axes, *divmod(unit, 3), shape)
        expected = W[unit].reshape(shape) / np.abs(W[unit]).max()
        np.testing.assert_allclose(2 * drawn - 1, expected, atol=1e-12)
    assert np.isnan(tile(axes, 2, 2, shape)).all()
    assert axes.images[0].get_clim() == (0, 1)


def test_the_length_of_a_filter_does_not_show(rng, shape):
    W = rng.standard_normal((4, 12))
    scaled = W * np.array([[1e-3], [1.0], [7.0], [1e3]])
    for unit in range(4):
        place = *divmod(unit, 2), shape
        one, other = (tile(viz.filters(w, shape).axes[0], *place) for w in (W, scaled))
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_dead_unit_is_grey(shape):
    np.testing.assert_array_equal(
        tile(viz.filters(np.zeros((1, 12)), shape).axes[0], 0, 0, shape), 0.5
    )


def test_walls_of_different_numbers_of_units_have_tiles_of_one_size(rng, shape):
    walls = {"no corruption": rng.standard_normal((9, 12)), "30 %": rng.standard_normal((4, 12))}
    figure = viz.filters(walls, shape, "Filters")
    assert [axes.get_title() for axes in figure.axes] == list(walls)
    assert figure.get_suptitle() == "Filters"
    pitches = {axes.transData.transform([[0, 0], [1, 0]])[:, 0].tolist()[1]
               - axes.transData.transform([[0, 0]])[0, 0] for axes in figure.axes}  # fmt: skip
    assert max(pitches) == pytest.approx(min(pitches), rel=0.01)


def test_a_spectrum_is_the_sorted_median_in_a_band_of_the_middle_80_percent(rng):
    s = rng.random((11, 3)) + np.array([0.0, 5.0, 10.0])
    axes = viz.jacobian_spectra({"contractive": s, "plain": [3.0, 1.0, 2.0]}).axes[0]
    many, one = axes.lines
    np.testing.assert_array_equal(many.get_ydata(), np.median(s, axis=0)[::-1])
    np.testing.assert_array_equal(one.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    (band,) = axes.collections
    at_first = band.get_paths()[0].vertices
    at_first = at_first[at_first[:, 0] == 1, 1]
    low, high = np.quantile(s[:, 2], [0.1, 0.9])
    assert at_first.min() == pytest.approx(low)
    assert at_first.max() == pytest.approx(high)
    assert axes.get_yscale() == "log"


def test_a_singular_value_of_zero_leaves_a_blank():
    (line,) = viz.jacobian_spectra({"dead": [1.0, 0.0]}).axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [1, np.nan])


def test_what_is_no_wall_and_no_spectrum_is_refused(rng, shape):
    with pytest.raises(ValueError, match=r"'' has \(12,\)"):
        viz.filters(np.ones(12), shape)
    with pytest.raises(ValueError, match="there are no walls"):
        viz.filters({}, shape)
    with pytest.raises(ValueError, match=r"height \* width = 12"):
        viz.filters(np.ones((2, 12)), (3, 3))
    with pytest.raises(ValueError, match="tell 1 to 7 models apart, these are 0"):
        viz.jacobian_spectra({})
    with pytest.raises(ValueError, match="not negative"):
        viz.jacobian_spectra({"a": [1.0, -1.0]})
    with pytest.raises(ValueError, match=r"shape \(0,\)"):
        viz.jacobian_spectra({"a": []})
