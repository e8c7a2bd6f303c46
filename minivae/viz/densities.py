"""Densities on a line: what is fitted to what, and what a likelihood charges."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.viz.lines import as_lines
from minivae.viz.style import INK, LINES, PAPER, PENCIL, new_figure, styled


@styled
def fitted_densities(axis: ArrayLike, target: ArrayLike, fits: Mapping[str, ArrayLike]) -> Figure:
    """Draw a density in grey, and densities that were fitted to it as lines.

    For example a Gaussian q that minimises KL(p ‖ q), and so covers both modes of p, and one that
    minimises KL(q ‖ p), and so settles on one of them.

    Parameters
    ----------
    axis : array_like, shape (m,)
        Places, ascending.
    target : array_like, shape (m,)
        The density p there.
    fits : mapping of str to array_like, shape (m,)
        Densities q there, by what they minimise.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one value for each place.
    """
    x, lines = as_lines("fitted_densities", axis, fits)
    _, named = as_lines("fitted_densities", x, {"p": target})
    p = named["p"]
    figure, axes = new_figure(8.5, 4)
    axes.fill_between(x, p, color=PAPER, lw=0, label="$p$")
    axes.plot(x, p, color=PENCIL, lw=1)
    for (name, q), color in zip(lines.items(), LINES, strict=False):
        axes.plot(x, q, color=color, lw=2, label=name)
    axes.set(xlabel="$z$", ylabel="density", ylim=(0, None), xlim=(x[0], x[-1]))
    axes.set_title("What is fitted depends on the direction of the divergence")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


@styled
def likelihood_families(
    means: ArrayLike, costs: Mapping[str, ArrayLike], x: float | None = None
) -> Figure:
    """Draw what each likelihood charges for a prediction: -log p(x | mean) against the mean.

    Parameters
    ----------
    means : array_like, shape (m,)
        Predicted means of one pixel, ascending.
    costs : mapping of str to array_like, shape (m,)
        -log p(x | mean) in nats for each family. It is negative where a density is above 1.
    x : float, optional
        The value of the pixel, marked.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one value for each mean.
    """
    m, lines = as_lines("likelihood_families", means, costs)
    figure, axes = new_figure(8.5, 4.4)
    for (name, cost), color in zip(lines.items(), LINES, strict=False):
        axes.plot(m, cost, color=color, lw=2, label=name)
    if x is not None:
        axes.axvline(x, color=INK, ls="--", lw=1)
        axes.annotate(
            f"x = {x:g}", (x, 0.98), (5, 0), ("data", "axes fraction"), "offset points", va="top"
        )
    where = "of one pixel" if x is None else f"of a pixel of {x:g}"
    axes.set(xlabel=f"predicted mean {where}", ylabel="$-\\log p(x)$ (nats)")
    axes.set_title("What each likelihood charges for a prediction")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    axes.grid(axis="y", alpha=0.3)
    return figure
