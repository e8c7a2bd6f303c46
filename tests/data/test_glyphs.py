"""The pen's paths: through the points, evenly, and within the frame."""

import numpy as np
import pytest

from minivae.data.glyphs import GLYPHS, pen_path

symbols = pytest.mark.parametrize("symbol", range(10))


@symbols
@pytest.mark.parametrize("points", [32, 128, 500])
def test_a_path_has_as_many_points_as_asked_for_and_stays_in_its_frame(symbol, points):
    path = pen_path(symbol, points)
    assert path.shape == (points, 2)
    assert np.all(np.abs(path) <= [0.36, 0.53])
    assert np.ptp(path[:, 1]) == pytest.approx(1, abs=0.06)


@symbols
def test_a_path_passes_every_point_it_is_drawn_through(symbol):
    path = pen_path(symbol, 4_000)
    for stroke in GLYPHS[symbol]:
        for point in stroke:
            assert np.linalg.norm(path - point, axis=1).min() < 1e-3


@symbols
def test_points_lie_at_equal_distances_along_each_stroke(symbol):
    gaps = np.linalg.norm(np.diff(pen_path(symbol, 200), axis=0), axis=1)
    steps = np.sort(gaps)[: len(gaps) - len(GLYPHS[symbol]) + 1]  # no jumps between strokes
    assert steps[-1] < 1.1 * np.median(steps)


@pytest.mark.parametrize("symbol", [0, 8])
def test_a_stroke_that_ends_where_it_begins_closes_smoothly(symbol):
    steps = np.diff(pen_path(symbol, 1_000), axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = np.abs(np.angle(np.exp(1j * np.diff(angles, append=angles[0]))))
    # Between its fine points the curve is straight: a turn falls to one step or to two.
    assert turns[-1] <= 2 * turns[:-1].max()
