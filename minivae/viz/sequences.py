"""Sequences: strings in columns, with their differences marked, and waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.viz.style import BLUE, INK, PAPER, PENCIL, VERMILLION, new_figure, new_panels, styled

_LINE = 0.27  # inches from one string to the next
_CHARACTER = 0.109  # inches that a character of 13 points takes


@styled
def strings(
    columns: Mapping[str, Sequence[str]], title: str = "Strings", *, compare: bool = False
) -> Figure:
    """Draw strings as a table: generated ones, or originals beside their reconstructions.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        Strings by the names of their columns; rows belong together.
    title : str
        What is seen.
    compare : bool
        Whether characters that differ from the first column's at their place are marked, in
        vermillion; "_" stands for a missing one.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no strings, or not as many in each column.
    """
    counts = [len(column) for column in columns.values()]
    if len(set(counts)) != 1 or counts[0] == 0:
        raise ValueError(
            "strings: every column needs the same number of strings, at least one; these have "
            f"{counts}"
        )
    n = counts[0]
    widths = [max(map(len, [name, *column])) + 3 for name, column in columns.items()]
    left = np.concatenate([[0], np.cumsum(widths)[:-1]])
    figure, axes = new_figure(
        max(4.5, 0.4 + _CHARACTER * sum(widths), 0.4 + 0.125 * len(title)), 0.8 + _LINE * (n + 1)
    )
    axes.set(xlim=(-0.5, sum(widths)), ylim=(n - 0.4, -1.6), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for row in range(0, n, 2):
        axes.axhspan(row - 0.5, row + 0.5, color=PAPER, alpha=0.4, lw=0)
    look: dict[str, Any] = {"family": "monospace", "size": 13, "va": "center"}
    first = next(iter(columns.values()))
    for at, (name, column) in zip(left, columns.items(), strict=True):
        axes.text(at, -1, name, size=12, color=PENCIL, va="center")
        for row, (string, original) in enumerate(zip(column, first, strict=True)):
            same, other = _split(string, original if compare else string)
            axes.text(at, row, _plain(same), color=INK, **look)
            if other.strip():
                axes.text(at, row, _plain(other), color=VERMILLION, weight="bold", **look)
    axes.set_title(title, loc="left")
    return figure


def _split(string: str, original: str) -> tuple[str, str]:
    """Return the characters that agree, and those that do not, each with blanks for the others."""
    length = max(len(string), len(original))
    pairs = list(zip(string.ljust(length), original.ljust(length), strict=True))
    same = "".join(a if a == b else " " for a, b in pairs)
    other = "".join(" " if a == b else a if a != " " else "_" for a, b in pairs)
    return same.rstrip(), other.rstrip()


def _plain(string: str) -> str:
    """Keep a dollar sign from being read as mathematics."""
    return string.replace("$", r"\$")


@styled
def waves(
    originals: ArrayLike,
    reconstructions: ArrayLike | None = None,
    samples: ArrayLike | None = None,
) -> Figure:
    """Draw real-valued sequences over their reconstructions, and samples of the model below.

    Parameters
    ----------
    originals : array_like, shape (n, T)
        Sequences, one a panel.
    reconstructions : array_like, shape (n, T), optional
        What the model made of each one's code.
    samples : array_like, shape (m, T), optional
        What the model made up; the second row of panels.

    Returns
    -------
    matplotlib.figure.Figure
        At most six panels a row, all on one scale.

    Raises
    ------
    ValueError
        If there are no sequences, or the shapes differ.
    """
    x = np.asarray(originals, float)
    made = x if reconstructions is None else np.asarray(reconstructions, float)
    drawn = np.zeros((0, x.shape[-1])) if samples is None else np.asarray(samples, float)
    if x.ndim != 2 or 0 in x.shape or made.shape != x.shape or drawn.shape[1:] != x.shape[1:]:
        raise ValueError(
            "waves: originals and reconstructions must have one shape (n, T), and samples (m, T); "
            f"they have {x.shape}, {made.shape} and {drawn.shape}"
        )
    wide = min(6, max(len(x), len(drawn)))
    tops, bottoms = -(-len(x) // wide), -(-len(drawn) // wide)
    figure, panels = new_panels(
        tops + bottoms, wide, max(6, 2.1 * wide), 0.9 + 1.7 * (tops + bottoms),
        sharex=True, sharey=True,
    )  # fmt: skip
    above, below = panels[:tops].ravel(), panels[tops:].ravel()
    time = np.arange(x.shape[1])
    for axes, original, copy in zip(above, x, made, strict=False):
        axes.plot(time, original, color=INK, lw=1.5, label="original")
        if reconstructions is not None:
            axes.plot(time, copy, color=VERMILLION, lw=1.8, ls="--", label="reconstruction")
    for axes, sample in zip(below, drawn, strict=False):
        axes.plot(time, sample, color=BLUE, lw=1.5, label="sample")
    for axes in [*above[len(x) :], *below[len(drawn) :]]:
        axes.set_visible(False)
    for axes in panels[-1]:
        axes.set_xlabel("step")
    handles = [*above[0].lines, *(below[0].lines if len(below) else [])]
    figure.legend(handles=handles, frameon=False, loc="outside upper center", ncols=3)
    return figure
