"""Where the data lie in latent space."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke

from minivae.distributions import Normal
from minivae.engine import no_grad
from minivae.models import VAE, Model
from minivae.viz.style import CLASSES, INK, PENCIL, new_figure, styled


@styled
def latent_scatter(model: Model, x: np.ndarray, labels: np.ndarray) -> Figure:
    """Draw the code of each datum, coloured by its class, whose name stands at its median.

    Names that would cover each other are moved apart. Of more than two latent dimensions the two
    are drawn that tell most: for a VAE those with the largest KL divergence from the prior, for an
    autoencoder those with the largest variance. Where the prior is normal its circles of 1, 2 and
    3 standard deviations are drawn.

    Parameters
    ----------
    model : Model
        Its ``codes(x)`` are the points.
    x : ndarray, shape (n, d)
        Data.
    labels : ndarray of int, shape (n,)
        The class of each datum; at most ten classes.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the numbers of data and labels differ, there are none, there are more than ten classes,
        or the latent space is a line.
    """
    labels = np.asarray(labels)
    classes, index = np.unique(labels, return_inverse=True)
    if labels.shape != (len(x),) or len(x) == 0:
        raise ValueError(
            f"latent_scatter: every datum needs one label; there are {len(x)} data and labels of "
            f"shape {labels.shape}"
        )
    if len(classes) > len(CLASSES):
        raise ValueError(
            f"latent_scatter: {len(CLASSES)} colours tell at most {len(CLASSES)} classes apart, "
            f"these are {len(classes)}; draw some of them"
        )
    if model.latent < 2:
        raise ValueError("latent_scatter: a plane of codes needs at least 2 latent dimensions")
    codes = model.codes(x)
    dims, names = _most_telling(model, x, codes)
    points = codes[:, dims]

    figure, axes = new_figure(7.6, 6.4)
    colors = np.array(CLASSES)
    size = float(np.clip(8000 / len(x), 5, 30))
    many = len(x) > 3000  # then as pixels in an .svg too, which would otherwise be huge
    axes.scatter(
        points[:, 0], points[:, 1], s=size, c=colors[index], alpha=0.75, lw=0, rasterized=many
    )
    prior = model.prior
    if isinstance(prior, Normal):
        _draw_circles(axes, prior.mean.data[dims], prior.std.data[dims])
    _mark_classes(axes, points, classes, index)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set_title(f"{len(x):,} codes, coloured by class")
    return figure


def _most_telling(model: Model, x: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the two dimensions to draw, and the labels of their axes."""
    if model.latent == 2:
        return np.arange(2), ["$z_1$", "$z_2$"]
    if isinstance(model, VAE):
        with no_grad():
            share = model.encode(x).kl_per_dim(model.prior).data.mean(axis=0)
        measure, unit = "KL", " nats"
    else:
        share, measure, unit = codes.var(axis=0), "variance", ""
    dims = np.argsort(-share, kind="stable")[:2]
    ranks = ["largest", "second"]
    return dims, [
        f"$z_{{{j + 1}}}$ ({measure} {share[j]:.2f}{unit}, {rank} of {model.latent})"
        for j, rank in zip(dims, ranks, strict=True)
    ]


def _mark_classes(axes: Axes, points: np.ndarray, classes: np.ndarray, index: np.ndarray) -> None:
    """Write each class at the median of its points, and all of them into the legend."""
    medians = [np.median(points[index == k], axis=0) for k in range(len(classes))]
    places = _apart(np.array(medians), 0.06 * max(axes.dataLim.width, axes.dataLim.height))
    halo = [withStroke(linewidth=5, foreground="white"), withStroke(linewidth=1, foreground=INK)]
    for name, color, (x, y) in zip(classes, CLASSES, places, strict=False):
        digit = axes.text(x, y, str(name), color=color, size=20, weight="bold", zorder=4)
        digit.set(ha="center", va="center", path_effects=halo)
    dots = [
        Line2D([], [], ls="", marker="o", ms=8, color=color, label=str(name))
        for name, color in zip(classes, CLASSES, strict=False)
    ]
    axes.legend(
        handles=dots, title="class", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5)
    )


def _apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Push places (k, 2) apart that are nearer to each other than ``distance``."""
    if distance == 0:
        return places
    angle = np.arange(len(places))  # equal places start in different directions
    places = places + 1e-6 * distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for _ in range(100):
        difference = places[:, None] - places
        length = np.hypot(difference[..., 0], difference[..., 1])
        np.fill_diagonal(length, np.inf)
        if length.min() >= 0.99 * distance:
            break
        push = np.maximum(distance - length, 0) / 2
        neighbours = np.maximum(np.sum(push > 0, axis=1), 1)[:, None]
        places += np.sum((push / length)[..., None] * difference, axis=1) / neighbours
    return places


def _draw_circles(axes: Axes, mean: np.ndarray, std: np.ndarray) -> None:
    """Draw 1, 2 and 3 standard deviations of the prior."""
    for k in (1, 2, 3):
        width, height = 2 * k * std
        circle = Ellipse(tuple(mean), width, height, fill=False, ec=PENCIL, lw=0.8, alpha=0.7)
        axes.add_patch(circle)
        name = axes.text(mean[0], mean[1] + k * std[1], f"{k}σ", color=PENCIL, size=10, zorder=3)
        name.set(
            ha="center", va="center", path_effects=[withStroke(linewidth=3, foreground="white")]
        )
