"""Schedules: where they begin and end, how they go, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.optim import cyclical, staircase, warm_up

lengths = st.integers(1, 10_000)
ends = st.floats(0, 10)


@given(lengths, ends, ends)
def test_a_warm_up_goes_straight_from_start_to_end_and_stays(steps, start, end):
    f = warm_up(steps, start, end)
    assert f(0) == start
    assert f(steps) == f(10 * steps + 1) == pytest.approx(end)
    values = [f(i) for i in np.linspace(0, steps, 7).astype(int)]
    expected = [start + (end - start) * i / steps for i in np.linspace(0, steps, 7).astype(int)]
    assert values == pytest.approx(expected, abs=1e-12)


@given(st.integers(2, 500), st.integers(1, 5), st.floats(0.1, 1.0), ends, ends)
def test_cycles_repeat_and_end_high(period, cycles, ratio, low, high):
    f = cyclical(period, ratio, low, high, cycles)
    assert f(cycles * period) == f(cycles * period + 7) == high
    for step in range(0, cycles * period, max(1, period // 5)):
        phase = step % period
        assert f(step) == f(phase)
        share = min(1.0, phase / (ratio * period))
        assert f(step) == pytest.approx((1 - share) * low + share * high, abs=1e-12)


@given(st.integers(1, 8), st.integers(1, 50), st.floats(1e-4, 1), st.floats(1e-4, 1))
def test_stairs_are_equally_long_and_equally_high_in_ratio(stairs, length, start, end):
    f = staircase(stairs * length, start, end, stairs)
    values = [f(step) for step in range(stairs * length)]
    assert values == [v for v in values[::length] for _ in range(length)]
    assert values[0] == start
    if stairs > 1:
        assert values[-1] == pytest.approx(end)
        ratios = np.diff(np.log(values[::length]))
        np.testing.assert_allclose(ratios, ratios[0], atol=1e-12)
    assert f(stairs * length + 5) == values[-1]


def test_the_eight_learning_rates_of_the_paper():
    """lr = 1e-3 · 10^(-i/7), i = 0 ... 7 (Burda, Grosse & Salakhutdinov 2016, section 5)."""
    f = staircase(8, 1e-3, 1e-4)
    assert [f(i) for i in range(8)] == pytest.approx([1e-3 * 10 ** (-i / 7) for i in range(8)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: warm_up(0), "warm_up: steps must be positive, it is 0"),
        (lambda: cyclical(0), "cyclical: period must be positive"),
        (lambda: cyclical(5, 1.5), "cyclical: ratio must be at most 1, it is 1.5"),
        (lambda: cyclical(5, cycles=0), "cyclical: cycles must be positive"),
        (lambda: staircase(10, 1e-3, 0.0), "staircase: end must be positive, it is 0.0"),
        (lambda: staircase(10, float("nan"), 1.0), "staircase: start must be positive"),
    ],
)
def test_what_makes_no_schedule_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
