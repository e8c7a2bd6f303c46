"""Clouds of points: samples over data, modes, push-forwards, and axes to project on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from minivae.viz.style import BLUE, CLASSES, INK, LINES, VERMILLION, new_panels, styled

_WHEEL = LinearSegmentedColormap.from_list(
    "angle", [BLUE, LINES[2], LINES[4], VERMILLION, LINES[3], BLUE]
)


@styled
def samples_over_data(
    data: ArrayLike,
    samples: Mapping[str, ArrayLike],
    centres: ArrayLike | None = None,
    covered: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw points that models made over the points that they learned from.

    Parameters
    ----------
    data : array_like, shape (n, 2)
        The data, grey in every panel.
    samples : mapping of str to array_like, shape (m, 2)
        The points of each model, or of each kind: a panel each.
    centres : array_like, shape (modes, 2), optional
        Centres of the modes of the data, marked by circles.
    covered : mapping of str to array_like of bool, shape (modes,), optional
        Which modes the samples of that name reach; crosses mark the missed ones.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each kind of samples, all on one scale.

    Raises
    ------
    ValueError
        If points are not in the plane, or the modes that are told of are not those of ``centres``.
    """
    x = _plane("samples_over_data", "data", data)
    figure, panels = new_panels(
        1, max(1, len(samples)), 0.6 + 3.7 * max(1, len(samples)), 4.2, sharex=True, sharey=True
    )
    if not samples:
        raise ValueError("samples_over_data: there are no samples; pass points by their names")
    modes = None if centres is None else _plane("samples_over_data", "centres", centres)
    for axes, (name, points) in zip(panels[0], samples.items(), strict=True):
        made = _plane("samples_over_data", name, points)
        axes.scatter(*x.T, s=6, color="#BBBBBB", lw=0, rasterized=True, label="data")
        size, alpha = (5, 0.5) if len(made) > 400 else (10, 0.8)
        axes.scatter(*made.T, s=size, color=BLUE, alpha=alpha, lw=0, rasterized=True, label=name)
        title = name
        if modes is not None:
            reached = np.ones(len(modes), bool)
            if covered is not None and name in covered:
                reached = np.asarray(covered[name], bool)
                title = f"{name}: {reached.sum()} of {len(modes)} modes"
            if reached.shape != (len(modes),):
                raise ValueError(
                    f"samples_over_data: covered needs one entry for each of the {len(modes)} "
                    f"centres; {name!r} has {reached.shape}"
                )
            axes.scatter(*modes[reached].T, s=130, fc="none", ec=INK, lw=1, label="reached")
            axes.scatter(
                *modes[~reached].T, s=110, marker="x", color=VERMILLION, lw=2, label="missed"
            )
        axes.set_aspect("equal")
        marks = "grey: data" if modes is None else "grey: data, circles: modes"
        axes.set(xlabel=f"$x_1$  ({marks})")
        axes.set_title(title, size=13)
    panels[0, 0].set_ylabel("$x_2$")
    return figure


@styled
def mode_coverage(shares: Mapping[str, ArrayLike]) -> Figure:
    """Draw which share of its samples each model gives to each mode of the data.

    The dashed line is an equal share for all; crosses mark modes that get nothing.

    Parameters
    ----------
    shares : mapping of str to array_like, shape (modes,)
        Counts or shares for each model.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a model, one above the other, all on one scale.

    Raises
    ------
    ValueError
        If there are no models, or they differ in the number of modes.
    """
    counts = {name: np.asarray(share, float) for name, share in shares.items()}
    sizes = {share.shape for share in counts.values()}
    if len(sizes) != 1 or len(next(iter(sizes))) != 1 or min(s.sum() for s in counts.values()) <= 0:
        raise ValueError(
            "mode_coverage: every model needs samples in the same modes, one count for each mode; "
            f"the shapes are {[share.shape for share in counts.values()]}"
        )
    figure, panels = new_panels(
        len(counts), 1, 8, 0.9 + 1.7 * len(counts), sharex=True, sharey=True
    )
    for axes, (name, count) in zip(panels[:, 0], counts.items(), strict=True):
        modes = np.arange(1, len(count) + 1)
        axes.bar(modes, 100 * count / count.sum(), 0.75, color=BLUE)
        axes.axhline(100 / len(count), color=INK, ls="--", lw=1)
        missed = modes[count == 0]
        if len(missed):  # unclipped, an empty line would count as one at the corner of the page
            none = np.zeros(len(missed))
            axes.plot(missed, none, "x", color=VERMILLION, ms=9, mew=2, clip_on=False)
        axes.set_ylabel("samples (%)")
        axes.set_title(f"{name}: {len(count) - len(missed)} of {len(count)} modes", size=13)
    panels[-1, 0].set_xlabel("mode (dashed: equal shares, ×: missed)")
    panels[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@styled
def push_forward(stages: Mapping[str, ArrayLike]) -> Figure:
    """Draw points before and after a map, or after each layer of one, each point in one colour.

    The colour is the angle of the point around the middle of the first panel: one sees where every
    part of the plane goes.

    Parameters
    ----------
    stages : mapping of str to array_like, shape (n, 2)
        The same points at every stage, by the titles of the panels.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a stage, from left to right, each on its own scale.

    Raises
    ------
    ValueError
        If there are no stages, or not the same number of points of the plane at each.

    Examples
    --------
    >>> z = np.random.default_rng(0).standard_normal((500, 2))
    >>> ring = z / 10 + z / np.linalg.norm(z, axis=1, keepdims=True)
    >>> [axes.get_title() for axes in push_forward({"$z$": z, "$g(z)$": ring}).axes]
    ['$z$', '$g(z)$']
    """
    arrays = {name: _plane("push_forward", name, points) for name, points in stages.items()}
    if len({len(points) for points in arrays.values()}) != 1:
        raise ValueError(
            "push_forward: the same points are needed at every stage; these have "
            f"{[len(points) for points in arrays.values()]}"
        )
    first = next(iter(arrays.values()))
    first = first - first.mean(axis=0)
    angle = np.arctan2(first[:, 1], first[:, 0])
    figure, panels = new_panels(1, len(arrays), 0.4 + 3.8 * len(arrays), 4.2)
    for axes, (name, points) in zip(panels[0], arrays.items(), strict=True):
        axes.scatter(
            *points.T, c=angle, cmap=_WHEEL, vmin=-np.pi, vmax=np.pi,
            s=8, lw=0, alpha=0.8, rasterized=True,
        )  # fmt: skip
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_title(name, size=13)
    return figure


@styled
def projection_axes(x: ArrayLike, labels: ArrayLike, directions: Mapping[str, ArrayLike]) -> Figure:
    """Draw points of a plane with directions through their mean, and what is seen along each.

    The axis of PCA keeps the most variance, that of LDA tells the classes apart: beside the points
    stand the histograms of the projections on each.

    Parameters
    ----------
    x : array_like, shape (n, 2)
        Data.
    labels : array_like of int, shape (n,)
        Their classes, at most ten.
    directions : mapping of str to array_like, shape (2,)
        Directions by their names; their lengths do not matter.

    Returns
    -------
    matplotlib.figure.Figure
        The points on the left, a histogram for each direction on the right.

    Raises
    ------
    ValueError
        If the points are not in the plane, or the labels or directions do not fit.
    """
    points, labels = _plane("projection_axes", "x", x), np.asarray(labels)
    classes = np.unique(labels)
    if labels.shape != (len(points),) or len(classes) > len(CLASSES):
        raise ValueError(
            f"projection_axes: each of the {len(points)} points needs a label, of at most "
            f"{len(CLASSES)} classes; the labels have shape {labels.shape}, {len(classes)} classes"
        )
    units = {name: np.asarray(v, float) for name, v in directions.items()}
    if not 1 <= len(units) <= len(LINES) or any(
        v.shape != (2,) or not np.linalg.norm(v) > 0 for v in units.values()
    ):
        raise ValueError(
            "projection_axes: pass directions by their names, each two numbers that are not both "
            f"0; these are { {name: v.tolist() for name, v in units.items()} }"
        )
    figure, panels = new_panels(len(units), 2, 9.5, max(4.4, 2 * len(units)), width_ratios=[1.1, 1])
    for spare in panels[1:, 0]:
        spare.remove()
    axes = panels[0, 0]
    axes.set_subplotspec(axes.get_gridspec()[:, 0])
    for label, color in zip(classes, CLASSES, strict=False):
        axes.scatter(
            *points[labels == label].T, s=12, color=color, lw=0, alpha=0.7, rasterized=True
        )
    centred = points - points.mean(axis=0)
    reach = 1.1 * np.linalg.norm(centred, axis=1).max()
    for (name, v), color, below in zip(units.items(), LINES, panels[:, 1], strict=False):
        v = v / np.linalg.norm(v)
        ends = points.mean(axis=0) + reach * np.array([-v, v])
        axes.plot(*ends.T, color=color, lw=2, label=name)
        along = centred @ v
        bins = np.linspace(-reach, reach, 61)
        for label, shade in zip(classes, CLASSES, strict=False):
            below.hist(along[labels == label], bins, color=shade, alpha=0.6)
        below.set_title(f"seen along {name}", size=13, color=color)
        below.set(yticks=[], xlabel="position along the axis" if below is panels[-1, 1] else "")
        below.spines["left"].set_visible(False)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="$x_1$", ylabel="$x_2$")
    axes.legend(frameon=False, loc="upper left", ncols=len(units), bbox_to_anchor=(0, 1.12))
    return figure


def _plane(figure: str, name: str, points: ArrayLike) -> np.ndarray:
    """Bring points of the plane to an array (n, 2) with n >= 1, or refuse them."""
    array = np.asarray(points, float)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) == 0:
        raise ValueError(
            f"{figure}: points of the plane have shape (n, 2), n at least 1; {name!r} has "
            f"{array.shape}; choose two columns"
        )
    return array
