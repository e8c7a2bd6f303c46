"""Schedules: numbers that change while training goes on, as functions of the update's number."""

from __future__ import annotations

from collections.abc import Callable

Schedule = Callable[[int], float]


def warm_up(steps: int, start: float = 0.0, end: float = 1.0) -> Schedule:
    """Return the schedule that goes from ``start`` to ``end`` in a straight line, and stays there.

    For β: the KL divergence counts little until the decoder has learned to use z (Bowman et al.
    2016, section 3.1; Sønderby et al. 2016).

    Parameters
    ----------
    steps : int
        Updates until ``end`` is reached.

    Examples
    --------
    >>> beta = warm_up(100)
    >>> beta(0), beta(50), beta(1000)
    (0.0, 0.5, 1.0)
    """
    _positive("warm_up", steps=steps)
    return lambda step: start + (end - start) * min(1.0, step / steps)


def cyclical(
    period: int, ratio: float = 0.5, low: float = 0.0, high: float = 1.0, cycles: int = 4
) -> Schedule:
    """Return the schedule that warms up again and again, and ends at ``high``.

    In each of the ``cycles`` periods it goes from ``low`` to ``high`` during the first ``ratio``
    of the updates, and stays there for the rest of the period (Fu et al. 2019).

    Parameters
    ----------
    period : int
        Updates of one cycle.
    ratio : float
        The part of a cycle that the way up takes, in (0, 1].

    Examples
    --------
    >>> beta = cyclical(100, cycles=2)
    >>> beta(25), beta(75), beta(125), beta(1000)
    (0.5, 1.0, 0.5, 1.0)
    """
    _positive("cyclical", period=period, ratio=ratio, cycles=cycles)
    if ratio > 1:
        raise ValueError(f"cyclical: ratio must be at most 1, it is {ratio}")

    def value(step: int) -> float:
        if step >= cycles * period:
            return high
        return low + (high - low) * min(1.0, (step % period) / (ratio * period))

    return value


def staircase(steps: int, start: float, end: float, stairs: int = 8) -> Schedule:
    """Return the schedule of ``stairs`` equally long constant stretches, in a geometric sequence.

    For learning rates: start · (end / start)^(i / (stairs - 1)), i = 0 ... stairs - 1. 8 stairs
    from 1e-3 to 1e-4 are the rates of Burda, Grosse & Salakhutdinov (2016, section 5), who keep
    rate i for 3^i passes over the data; here all last equally long.

    Parameters
    ----------
    steps : int
        Updates in all; afterwards the value stays at ``end``.

    Examples
    --------
    >>> lr = staircase(90, 1e-2, 1e-4, stairs=3)
    >>> [f"{lr(step):.0e}" for step in (0, 29, 30, 60, 1000)]
    ['1e-02', '1e-02', '1e-03', '1e-04', '1e-04']
    """
    _positive("staircase", steps=steps, start=start, end=end, stairs=stairs)
    if stairs == 1:
        return lambda step: start
    return lambda step: (
        start * (end / start) ** (min(stairs - 1, step * stairs // steps) / (stairs - 1))
    )


def _positive(who: str, **numbers: float) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{who}: {name} must be positive, it is {number}")
