"""Lines of measured values, each named at its end: what the figures of measures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator
from numpy.typing import ArrayLike

from minivae.viz.style import LINES


def as_lines(
    figure: str, x: ArrayLike, lines: Mapping[str, ArrayLike]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Bring places and values to arrays.

    Raises
    ------
    ValueError
        If there are no lines, more than there are colours, not one value for each place, or none
        of a line's values is finite.
    """
    x = np.asarray(x, float)
    arrays = {name: np.asarray(values, float) for name, values in lines.items()}
    if not 1 <= len(arrays) <= len(LINES):
        raise ValueError(
            f"{figure}: {len(LINES)} colours tell 1 to {len(LINES)} lines apart, these are "
            f"{len(arrays)}; draw some of them"
        )
    for name, values in arrays.items():
        if x.ndim != 1 or len(x) == 0 or values.shape != x.shape:
            raise ValueError(
                f"{figure}: every line needs one value for each place on the axis, at least one; "
                f"{name!r} has shape {values.shape}, the places have {x.shape}"
            )
        if not np.isfinite(values).any():
            raise ValueError(f"{figure}: {name!r} holds no finite value, so nothing can be drawn")
    return x, arrays


def draw_lines(
    axes: Axes,
    x: np.ndarray,
    lines: Mapping[str, np.ndarray],
    errors: Mapping[str, ArrayLike] | None = None,
    closed_forms: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Draw measured values as dots, joined by a line, or over the line that they should lie on.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    x : ndarray, shape (m,)
        Places, ascending.
    lines : mapping of str to ndarray, shape (m,)
        Measured values.
    errors : mapping of str to array_like, shape (m,), optional
        Standard errors; bars of two of them up and down are drawn.
    closed_forms : mapping of str to array_like, shape (m,), optional
        What the values of the same name should be.
    """
    for (name, values), color in zip(lines.items(), LINES, strict=False):
        exact = None if closed_forms is None else closed_forms.get(name)
        if exact is not None:
            axes.plot(x, np.asarray(exact, float), "-", color=color, lw=1.5)
        dots: dict[str, Any] = {"color": color, "marker": "o", "ms": 5, "label": name}
        dots["ls"] = "-" if exact is None else ""
        if errors is None or name not in errors:
            axes.plot(x, values, **dots)
        else:
            axes.errorbar(x, values, 2 * np.asarray(errors[name], float), capsize=3, **dots)


def name_ends(axes: Axes, lines: Mapping[str, np.ndarray], colors: Sequence[str] = LINES) -> None:
    """Write the name of each line to the right of its last value, in its colour, none over another.

    To be called when the scales and the limits of the axes are settled.
    """
    ends = np.array([values[np.isfinite(values)][-1] for values in lines.values()])
    places = axes.transData.transform(np.stack([np.full(len(ends), axes.get_xlim()[1]), ends], 1))
    heights = axes.transAxes.inverted().transform(places)[:, 1]
    row = 15 / 72 * axes.figure.dpi / axes.bbox.height
    heights = spread(np.clip(heights, 0, 1), row)
    for name, height, color in zip(lines, heights, colors, strict=False):
        at = axes.annotate(name, (1, height), (8, 0), "axes fraction", "offset points", size=12)
        at.set(color=color, va="center")


def spread(places: np.ndarray, distance: float) -> np.ndarray:
    """Move numbers as little as possible (in squares) until neighbours keep a distance.

    With the numbers sorted, y[i] - i distance must not decrease: an isotonic regression, by
    pooling neighbours that violate it.
    """
    order = np.argsort(places, kind="stable")
    steps = distance * np.arange(len(places))
    pools: list[list[float]] = []
    for value in places[order] - steps:
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    moved = np.empty(len(places))
    moved[order] = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools]) + steps
    return moved


def tick_at(axis: Any, places: np.ndarray) -> None:
    """Put a tick at each of a few places of a logarithmic axis, or at about eight of many."""
    shown = places[:: -(-len(places) // 8)]
    axis.set_ticks(shown, [f"{place:g}" for place in shown])
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
