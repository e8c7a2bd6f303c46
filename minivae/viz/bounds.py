"""Figures of the bound: against its samples, its parts, its gap, and rate against distortion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.viz.lines import as_lines, draw_lines, name_ends, tick_at
from minivae.viz.style import BLUE, INK, LINES, PENCIL, VERMILLION, new_figure, numeral, styled


@styled
def bound_against_k(
    ks: ArrayLike,
    bounds: ArrayLike | Mapping[str, ArrayLike],
    truth: float | None = None,
    standard_errors: ArrayLike | Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw the importance-weighted bound L_k against the number of samples k.

    L_k = E[log 1/k Σ p(x, z_i) / q(z_i|x)] grows with k towards log p(x), the dashed line. Bars
    are two standard errors up and down.

    Parameters
    ----------
    ks : array_like, shape (m,)
        Numbers of samples, ascending.
    bounds : array_like, shape (m,), or mapping of str to such
        L_k in nats, mean over the data; several by their names.
    truth : float, optional
        log p(x), mean over the same data.
    standard_errors : array_like, shape (m,), or mapping of str to such, optional
        Those of the bounds.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one bound for each k.

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), theorem 1.
    """
    named = bounds if isinstance(bounds, Mapping) else {"$L_k$": bounds}
    k, lines = as_lines("bound_against_k", ks, named)
    errors = standard_errors
    if errors is not None and not isinstance(errors, Mapping):
        errors = {"$L_k$": errors}
    figure, axes = new_figure(8, 4.5)
    draw_lines(axes, k, lines, errors)
    ends = dict(lines)
    axes.set_xscale("log")
    tick_at(axes.xaxis, k)
    if truth is not None:
        axes.axhline(truth, color=INK, ls="--", lw=1.5)
        ends["$\\log p(x)$"] = np.array([truth])
    axes.set(xlabel="samples $k$", ylabel="nats per datum")
    axes.set_title("The importance-weighted bound rises with its samples")
    name_ends(axes, ends, [*LINES[: len(lines)], INK])
    axes.grid(axis="y", alpha=0.3)
    return figure


@styled
def rate_distortion(
    rate: ArrayLike, distortion: ArrayLike, betas: ArrayLike | None = None
) -> Figure:
    """Draw what a code costs against what it loses, one point for each trained model.

    The negative ELBO is the sum of both; on the dashed line it has its smallest value among these
    models.

    Parameters
    ----------
    rate : array_like, shape (m,)
        E[KL(q(z|x) ‖ p(z))], in nats.
    distortion : array_like, shape (m,)
        -E[log p(x|z)], in nats.
    betas : array_like, shape (m,), optional
        The weight of the KL divergence in training, written at each point.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the numbers of values differ.

    References
    ----------
    Alemi et al. (2018), Fixing a broken ELBO.
    """
    r, lines = as_lines("rate_distortion", rate, {"distortion": distortion})
    d = lines["distortion"]
    figure, axes = new_figure(7.5, 5.2)
    order = np.argsort(r)
    axes.plot(r[order], d[order], "-o", color=BLUE, lw=1.5, ms=6, label="models")
    axes.margins(0.12)
    low, high = axes.get_ylim()
    room = 0.15 * (high - low)  # for the note below the dashed line, where no model can be
    axes.set(xlim=(max(axes.get_xlim()[0], 0), axes.get_xlim()[1]), ylim=(low - room, high))
    best = float(np.min(r + d))
    (x0, x1) = axes.get_xlim()
    axes.plot([x0, x1], [best - x0, best - x1], "--", color=PENCIL, lw=1.2, label="best")
    note = f"dashed: the smallest $-$ELBO,\nrate + distortion = {numeral(best, 1)} nats"
    axes.text(0.02, 0.02, note, transform=axes.transAxes, va="bottom", color=PENCIL)
    if betas is not None:
        for x, y, beta in zip(r, d, np.asarray(betas, float), strict=True):
            axes.annotate(f"β = {beta:g}", (x, y), (7, 5), "data", "offset points", color=BLUE)
    axes.set(
        xlabel="rate: KL (nats per datum)", ylabel="distortion: $-\\log p(x|z)$ (nats per datum)"
    )
    axes.set_title("A code of more nats loses less")
    return figure


@styled
def decomposition_bars(parts: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw what the negative ELBO of each model is made of, as one bar of its parts.

    For example -ELBO = distortion + mutual information + KL(q(z) ‖ p(z)). Negative parts go to
    the left of zero; the sum stands at the end of each bar.

    Parameters
    ----------
    parts : mapping of str to mapping of str to float
        For each model its parts in nats, the same names in each.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no models or no parts, or the names of the parts differ.

    References
    ----------
    Hoffman and Johnson (2016), ELBO surgery.
    """
    names = [tuple(each) for each in parts.values()]
    if len(set(names)) != 1 or not 1 <= len(names[0]) <= len(LINES):
        raise ValueError(
            f"decomposition_bars: every model needs the same 1 to {len(LINES)} parts; these have "
            f"{names}"
        )
    values = np.array([list(each.values()) for each in parts.values()], float)
    figure, axes = new_figure(9, 1.6 + 0.6 * len(parts))
    reach = np.maximum(values, 0).sum(1).max() + np.maximum(-values, 0).sum(1).max()
    rows = np.arange(len(parts))
    right, left = np.zeros(len(parts)), np.zeros(len(parts))
    bright = names[0][3:6]  # white cannot be read on these colours
    for part, value, color in zip(names[0], values.T, LINES, strict=False):
        start = np.where(value >= 0, right, left)
        axes.barh(rows, value, 0.62, start, color=color, label=part, ec="white", lw=1)
        for row in rows[np.abs(value) > 0.07 * reach]:
            middle = start[row] + value[row] / 2
            inside = axes.text(
                middle,
                row,
                numeral(value[row], 1),
                color=INK if part in bright else "white",
                size=11,
            )
            inside.set(ha="center", va="center")
        right, left = right + np.maximum(value, 0), left + np.minimum(value, 0)
    for row in rows:
        total = f"= {numeral(values[row].sum(), 1)}"
        axes.annotate(total, (right[row], row), (6, 0), "data", "offset points", va="center")
    _name_rows(axes, list(parts))
    axes.margins(x=0.1)
    if (left < 0).any():
        axes.axvline(0, color=INK, lw=0.8)
    else:
        axes.set_xlim(left=0)
    axes.set_xlabel("nats per datum")
    axes.set_title("What the negative ELBO is made of", pad=34)
    axes.legend(frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return figure


@styled
def gap_bars(elbos: Mapping[str, float], truth: float) -> Figure:
    """Draw for each posterior family the ELBO, and the gap log p(x) - ELBO as a bar up to log p(x).

    The gap is KL(q(z|x) ‖ p(z|x)): a richer family has the shorter bar.

    Parameters
    ----------
    elbos : mapping of str to float
        The ELBO of each family in nats, mean over the data.
    truth : float
        log p(x), mean over the same data and of the same model.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no families.
    """
    if not elbos:
        raise ValueError("gap_bars: there are no ELBOs; pass one for each posterior family")
    values = np.array(list(elbos.values()), float)
    figure, axes = new_figure(8, 1.6 + 0.55 * len(values))
    rows = np.arange(len(values))
    axes.barh(rows, truth - values, 0.5, values, color=VERMILLION, alpha=0.75, label="gap")
    axes.plot(values, rows, "o", color=BLUE, ms=8, label="ELBO")
    axes.axvline(truth, color=INK, ls="--", lw=1.5)
    places = 2 if np.max(np.abs(truth - values)) >= 0.1 else 4
    for row, value in zip(rows, values, strict=True):
        told = f"{numeral(value, places)} "
        axes.annotate(told, (value, row), (-8, 0), "data", "offset points", va="center", ha="right")
        gap = f" gap {numeral(truth - value, places)}"
        axes.annotate(gap, (max(truth, value), row), (4, 0), "data", "offset points", va="center")
    _name_rows(axes, list(elbos))
    axes.use_sticky_edges = False
    axes.margins(x=0.3)
    evidence = numeral(truth, places)
    axes.set_xlabel(f"nats per datum (dot: ELBO, dashed: $\\log p(x)$ = {evidence})")
    axes.set_title("The gap between ELBO and evidence")
    return figure


def _name_rows(axes: Axes, names: list[str]) -> None:
    """Write the names of horizontal bars, the first on top."""
    axes.set_yticks(np.arange(len(names)), names, size=12)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
