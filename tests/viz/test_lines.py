"""Names at the ends of lines keep their distance, and move no further than they must."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from minivae import viz
from minivae.viz.lines import spread

places = st.lists(st.floats(-10, 10), min_size=1, max_size=6).map(np.array)


@given(places, st.floats(0.01, 3))
def test_spread_places_keep_their_order_and_the_distance(y, distance):
    moved = spread(y, distance)
    order = np.argsort(y, kind="stable")
    assert (np.diff(moved[order]) >= distance - 1e-9).all()


@given(places)
def test_places_that_are_far_enough_apart_stay(y):
    y = y + 30 * np.arange(len(y))
    np.testing.assert_allclose(spread(y, 5.0), y, atol=1e-9)


@given(places, st.floats(0.1, 3))
def test_no_other_places_at_that_distance_are_nearer(y, distance):
    moved = np.sort(spread(y, distance))
    y = np.sort(y)
    apart = {"type": "ineq", "fun": lambda v: np.diff(v) - distance}
    start = y.mean() + distance * np.arange(len(y))
    other = minimize(
        lambda v: np.sum((v - y) ** 2), start, jac=lambda v: 2 * (v - y), method="SLSQP",
        constraints=[apart] if len(y) > 1 else [],
    )  # fmt: skip
    assert np.sum((moved - y) ** 2) <= other.fun + 1e-6 * (1 + other.fun)


def test_each_name_stands_beside_the_end_of_its_line_in_its_colour():
    axes = viz.signal_to_noise([1, 10], {"falls": [10.0, 1.0], "rises": [1.0, 10.0]}).axes[0]
    colors = {line.get_label(): line.get_color() for line in axes.lines}
    for text in axes.texts:
        end = {"falls": 1.0, "rises": 10.0}[text.get_text()]
        height = axes.transAxes.inverted().transform(axes.transData.transform([10, end]))[1]
        assert text.xy == (1, np.float64(height).clip(0, 1)) or abs(text.xy[1] - height) < 1e-6
        assert text.get_color() == colors[text.get_text()]
