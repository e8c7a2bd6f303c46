"""What changes while a model is trained: any column of its history, and where posteriors move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from minivae.training import History
from minivae.viz.lines import as_lines, name_ends
from minivae.viz.style import INK, LINES, PENCIL, new_figure, styled


@styled
def history_curves(
    history: History,
    columns: Sequence[str] | Mapping[str, str],
    ylabel: str,
    title: str | None = None,
) -> Figure:
    """Draw columns of a history against the epochs: both players' losses, KL and active units.

    Parameters
    ----------
    history : History
        With the column ``epoch`` and those that are named.
    columns : sequence of str, or mapping of str to str
        What to draw, all of one unit; with the names to be shown, if they are not the columns'.
    ylabel : str
        What they are, and their unit.
    title : str, optional
        What is seen; otherwise the names of the columns.

    Returns
    -------
    matplotlib.figure.Figure
        One panel; entries that are not finite leave a gap.

    Raises
    ------
    ValueError
        If the history has no epochs, or no columns are named.
    KeyError
        If the history has no such column.
    """
    shown = columns if isinstance(columns, Mapping) else {name: name for name in columns}
    values = {name: history.column(column) for column, name in shown.items()}
    epoch, lines = as_lines("history_curves", history.column("epoch"), values)
    figure, axes = new_figure(8.5, 4.2)
    for (name, line), color in zip(lines.items(), LINES, strict=False):
        marker = "o" if len(epoch) <= 12 else ""
        known = np.isfinite(line)
        axes.plot(epoch[known], line[known], color=color, lw=1.8, marker=marker, label=name)
    axes.set(xlabel="epoch", ylabel=ylabel)
    axes.set_title(title or ", ".join(shown.values()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if len(epoch) == 1:
        axes.set_xlim(epoch[0] - 1, epoch[0] + 1)
    axes.grid(axis="y", alpha=0.3)
    name_ends(axes, {name.replace("_", " "): line for name, line in lines.items()})
    return figure


@styled
def mean_trajectories(
    true_means: ArrayLike, variational_means: ArrayLike, steps: Sequence[int] | None = None
) -> Figure:
    """Draw where posterior means move in training: E_p(z|x)[z] across, E_q(z|x)[z] upwards.

    On the diagonal q is right. Data that move to the right first, along the horizontal axis, have
    an encoder that lags behind; if all stay at the origin, the posterior has collapsed.

    Parameters
    ----------
    true_means, variational_means : array_like, shape (t, n)
        The means for n data at t times, in a latent space of one dimension.
    steps : sequence of int, shape (t,), optional
        After how many updates that was.

    Returns
    -------
    matplotlib.figure.Figure
        One panel; the colour of a dot is its time, from light to dark.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    He, Spokoyny, Neubig and Berg-Kirkpatrick (2019), figure 1.
    """
    p, q = np.asarray(true_means, float), np.asarray(variational_means, float)
    times = np.arange(len(p)) if steps is None else np.asarray(steps)
    if p.ndim != 2 or p.size == 0 or q.shape != p.shape or len(times) != len(p):
        raise ValueError(
            "mean_trajectories: both means must have one shape (t, n), and steps an entry for "
            f"each time; they have {p.shape}, {q.shape} and {np.shape(times)}"
        )
    figure, axes = new_figure(7, 5.6)
    axes.plot(p, q, color=PENCIL, lw=0.7, alpha=0.5, zorder=1)
    shades = colormaps["viridis_r"](np.linspace(0.1, 1, len(p)))
    told = np.unique(np.linspace(0, len(p) - 1, 6).round().astype(int))
    for i in range(len(p)):
        name = f"{times[i]:,}" if i in told else None
        axes.scatter(p[i], q[i], s=16, color=shades[i], lw=0, zorder=2, label=name, rasterized=True)
    reach = 1.1 * max(np.abs(p).max(), np.abs(q).max(), 0.1)
    axes.plot([-reach, reach], [-reach, reach], "--", color=INK, lw=1, zorder=0)
    axes.axhline(0, color=PENCIL, lw=0.8, zorder=0)
    axes.annotate("q is right", (0.8 * reach, 0.8 * reach), (-6, 6), "data", "offset points").set(
        ha="right", color=INK
    )
    axes.annotate("q ignores x", (reach, 0), (0, -6), "data", "offset points").set(
        ha="right", va="top", color=PENCIL
    )
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set(xlabel="mean of $p(z|x)$", ylabel="mean of $q(z|x)$")
    axes.set_title("Posterior means during training")
    axes.legend(
        title="time" if steps is None else "updates",
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        alignment="left",
        scatterpoints=3,
    )
    return figure
