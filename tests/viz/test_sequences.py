"""Strings stand in their row and column, with their differences marked; waves are what they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae import viz
from minivae.viz.sequences import _split
from minivae.viz.style import VERMILLION

ORIGINALS, COPIES = ["the cat", "a $5 bill", "dog"], ["the cut", "a $5 bill", "do"]


def written(figure):
    """{(column's place, row): {colour: text}} without the header."""
    cells = {}
    for text in figure.axes[0].texts:
        if text.get_family() == ["monospace"]:
            place, content = text.get_position(), text.get_text().replace(r"\$", "$")
            cells.setdefault(place, {})[text.get_color()] = content
    return cells


def test_every_string_is_in_its_row_under_its_column():
    figure = viz.strings({"original": ORIGINALS, "copy": COPIES}, "Copies")
    cells = written(figure)
    columns = sorted({x for x, _ in cells})
    for x, strings in zip(columns, (ORIGINALS, COPIES), strict=True):
        assert [list(cells[x, row].values()) for row in range(3)] == [[s] for s in strings]
    assert [t.get_text() for t in figure.axes[0].texts if t.get_text() in ("original", "copy")]
    assert figure.axes[0].get_title(loc="left") == "Copies"


def test_only_characters_that_differ_are_marked():
    cells = written(viz.strings({"original": ORIGINALS, "copy": COPIES}, compare=True))
    right = max(x for x, _ in cells)
    assert cells[right, 0][VERMILLION] == "     u"
    assert VERMILLION not in cells[right, 1]
    assert cells[right, 2][VERMILLION] == "  _"  # a character is missing
    left = min(x for x, _ in cells)
    assert all(VERMILLION not in cells[left, row] for row in range(3))


@given(st.text("ab c", max_size=8), st.text("ab c", max_size=8))
def test_what_agrees_and_what_differs_make_up_the_string(string, original):
    same, other = _split(string, original)
    n = max(len(string), len(original))
    for i, (s, o) in enumerate(zip(same.ljust(n), other.ljust(n), strict=True)):
        a, b = string.ljust(n)[i], original.ljust(n)[i]
        assert (s, o) == ((a, " ") if a == b else (" ", a if a != " " else "_"))


def test_waves_lie_over_each_other_and_samples_below(rng):
    x, samples = rng.standard_normal((3, 9)), rng.standard_normal((2, 9))
    figure = viz.waves(x, x / 2, samples)
    above, below = figure.axes[:3], figure.axes[3:]
    for axes, wave in zip(above, x, strict=True):
        original, copy = axes.lines
        np.testing.assert_array_equal(original.get_ydata(), wave)
        np.testing.assert_array_equal(copy.get_ydata(), wave / 2)
    for axes, wave in zip(below, samples, strict=False):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), wave)
    assert not below[2].get_visible()
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["original", "reconstruction", "sample"]


def test_waves_need_no_samples_and_wrap_after_six(rng):
    x = rng.standard_normal((8, 4))
    figure = viz.waves(x, x)
    assert [bool(axes.lines) for axes in figure.axes] == [True] * 8 + [False] * 4
    np.testing.assert_array_equal(figure.axes[7].lines[0].get_ydata(), x[7])


def test_samples_stand_below_data_that_nobody_reconstructed(rng):
    x = rng.standard_normal((2, 9))
    figure = viz.waves(x, samples=x)
    assert [len(axes.lines) for axes in figure.axes] == [1] * 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["original", "sample"]


def test_sequences_that_do_not_fit_are_refused():
    for columns in ({}, {"a": []}, {"a": ["x"], "b": ["x", "y"]}):
        with pytest.raises(ValueError, match="same number of strings"):
            viz.strings(columns)
    x = np.ones((2, 5))
    for wrong in [(x, x[:1]), (x[:0], x[:0]), (x, x, np.ones((2, 4))), (x[0], x[0])]:
        with pytest.raises(ValueError, match="must have one shape"):
            viz.waves(*wrong)
