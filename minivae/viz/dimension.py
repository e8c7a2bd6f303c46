"""How many dimensions: those that a classifier is given, and those along which data vary."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.viz.lines import as_lines, draw_lines, name_ends, tick_at
from minivae.viz.style import LINES, PENCIL, new_figure, styled


@styled
def accuracy_against_dimension(
    dims: ArrayLike,
    accuracies: Mapping[str, ArrayLike],
    chance: float | None = None,
    standard_errors: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw the accuracy of a classifier against the number of dimensions that it is given.

    With a fixed number of data accuracy rises while dimensions bring information, and falls after
    a peak, which is marked.

    Parameters
    ----------
    dims : array_like, shape (m,)
        Numbers of dimensions, ascending.
    accuracies : mapping of str to array_like, shape (m,)
        Shares of right answers in [0, 1], for each classifier or number of data by its name.
    chance : float, optional
        The accuracy of guessing, a dashed line.
    standard_errors : mapping of str to array_like, shape (m,), optional
        Those of the accuracies, under the same names.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one accuracy for each number of dimensions.
    """
    d, lines = as_lines("accuracy_against_dimension", dims, accuracies)
    percent = {name: 100 * values for name, values in lines.items()}
    errors = {
        name: 100 * np.asarray(values, float) for name, values in (standard_errors or {}).items()
    }
    figure, axes = new_figure(8.5, 4.4)
    draw_lines(axes, d, percent, errors)
    axes.set_xscale("log")
    tick_at(axes.xaxis, d)
    for values, color in zip(percent.values(), LINES, strict=False):
        best = int(np.nanargmax(values))
        axes.plot(d[best], values[best], "o", color=color, mfc="none", ms=13, mew=1.5)
    ends = dict(percent)
    if chance is not None:
        axes.axhline(100 * chance, color=PENCIL, ls="--", lw=1)
        ends["chance"] = np.array([100 * chance])
    axes.set(xlabel="dimensions (best: ringed)", ylabel="accuracy (%)")
    axes.set_title("Accuracy peaks, then falls: the data stay as many")
    axes.margins(y=0.12)
    name_ends(axes, ends, [*LINES[: len(percent)], PENCIL])
    axes.grid(axis="y", alpha=0.3)
    return figure


@styled
def intrinsic_dimensions(
    noises: ArrayLike,
    estimates: Mapping[str, ArrayLike],
    truths: Mapping[str, float] | None = None,
) -> Figure:
    """Draw the estimated intrinsic dimension of data against the noise that was added to them.

    Without noise a swiss roll is a plane and a ring a line, whatever the space that they lie in;
    noise fills that space.

    Parameters
    ----------
    noises : array_like, shape (m,)
        Standard deviations of the noise, ascending.
    estimates : mapping of str to array_like, shape (m,)
        Estimated dimensions, for each data set by its name.
    truths : mapping of str to float, optional
        The dimensions without noise, under the same names: dashed lines.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one estimate for each noise.
    """
    noise, lines = as_lines("intrinsic_dimensions", noises, estimates)
    figure, axes = new_figure(8.5, 4.4)
    draw_lines(axes, noise, lines)
    for name, color in zip(lines, LINES, strict=False):
        if truths is not None and name in truths:
            axes.axhline(truths[name], color=color, ls="--", lw=1)
    axes.set_ylim(bottom=0)
    axes.set(xlabel="standard deviation of the noise", ylabel="estimated dimension")
    axes.set_title("Noise gives data dimensions that they do not have")
    name_ends(axes, lines)
    axes.grid(axis="y", alpha=0.3)
    return figure
