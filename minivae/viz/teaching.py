"""Figures that only the lectures need: walls of given images, and posteriors over a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from minivae.distributions import MultivariateNormal, Normal
from minivae.viz.ellipses import ellipse
from minivae.viz.latent import moments
from minivae.viz.style import VERMILLION, NotebookFigure, styled
from minivae.viz.tiles import as_tiles, draw_tiles, in_square


@styled
def image_walls(
    walls: Mapping[str, np.ndarray], image_shape: tuple[int, int], columns: int = 6
) -> Figure:
    """Draw sets of images beside each other, each as a wall under its title.

    Parameters
    ----------
    walls : mapping of str to ndarray, shape (n, d)
        Images in [0, 1] by their titles; every wall has as many.
    image_shape : tuple of int
        Height and width; their product is d.
    columns : int
        Images in a row of each wall.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a wall, from left to right.

    Raises
    ------
    ValueError
        If there are no walls, no images, or not as many in each wall.
    """
    counts = {len(images) for images in walls.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            f"image_walls: every wall needs the same number of images, at least one; these have "
            f"{[len(images) for images in walls.values()]}"
        )
    rows = ceil(counts.pop() / columns)
    tall = image_shape[0] / image_shape[1]
    figure = NotebookFigure(
        figsize=(0.6 * columns * len(walls), 0.6 + 0.6 * tall * rows), layout="compressed"
    )
    for axes, (title, images) in zip(
        figure.subplots(1, len(walls), squeeze=False)[0], walls.items(), strict=True
    ):
        grid = in_square(np.asarray(images, float), columns)
        draw_tiles(axes, as_tiles(grid, image_shape), gap=0.08)
        axes.set(xticks=[], yticks=[])
        axes.set_title(title)
    return figure


@styled
def posterior_planes(
    images: np.ndarray,
    posterior: np.ndarray,
    q: Normal | MultivariateNormal,
    axis: np.ndarray,
    image_shape: tuple[int, int],
    titles: Sequence[str] | None = None,
    reach: float = 1.8,
) -> Figure:
    """Draw for each image the true posterior over a latent plane, and the Gaussian q on top of it.

    Each plane is shaded by p(z|x), from white to its own maximum; ellipses are 1 and 2 standard
    deviations of q(z|x).

    Parameters
    ----------
    images : ndarray, shape (n, d)
        The data x.
    posterior : ndarray, shape (n, m, m)
        p(z|x) up to a factor: entry [i, j, k] at z = (axis[k], axis[j]), as ``np.meshgrid`` has it.
    q : Normal or MultivariateNormal
        q(z|x) of each image, its mean (n, 2).
    axis : ndarray, shape (m,)
        The values of either latent dimension on the grid, ascending.
    image_shape : tuple of int
        Height and width; their product is d.
    titles : sequence of str, optional
        What stands above each plane.
    reach : float
        Half the side of what is shown of each plane, a square around the mean of q.

    Returns
    -------
    matplotlib.figure.Figure
        The images above, their planes below.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    n, m = len(images), len(axis)
    if posterior.shape != (n, m, m) or q.mean.shape != (n, 2):
        raise ValueError(
            f"posterior_planes: {n} images and {m} values on the axis need posteriors of shape "
            f"{(n, m, m)} and q of shape {(n, 2)}; these are {posterior.shape}, {q.mean.shape}"
        )
    tiles = as_tiles(np.asarray(images)[:, None], image_shape)
    figure = NotebookFigure(figsize=(2.6 * n, 4.6), layout="constrained")
    means, covariances = moments(q)
    above, below = figure.subplots(2, n, squeeze=False, height_ratios=[1, 2.2])
    for i in range(n):
        draw_tiles(above[i], tiles[i : i + 1])
        above[i].set(xticks=[], yticks=[])
        _draw_plane(below[i], posterior[i], means[i], covariances[i], axis, reach)
        below[i].set_title(titles[i] if titles is not None else "", size=12)
        below[i].set_xlabel("$z_1$")
    below[0].set_ylabel("$z_2$")
    handles = [
        Patch(color="black", label="$p(z|x)$"),
        Line2D([], [], color=VERMILLION, lw=1.5, label="$q(z|x)$, 1σ and 2σ"),
    ]
    figure.legend(handles=handles, frameon=False, loc="outside lower center", ncols=2)
    return figure


def _draw_plane(
    axes: Axes,
    posterior: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    axis: np.ndarray,
    reach: float,
) -> None:
    """Shade a plane by the posterior, and draw the ellipses of q."""
    half = (axis[1] - axis[0]) / 2
    extent = (axis[0] - half, axis[-1] + half, axis[0] - half, axis[-1] + half)
    axes.imshow(
        posterior / posterior.max(), cmap="Greys", vmin=0, vmax=1, origin="lower", extent=extent
    )
    for k in (1, 2):
        axes.add_patch(ellipse(mean, covariance, k, ec=VERMILLION, lw=1.5, zorder=3))
    (left, low), (right, high) = mean - reach, mean + reach
    axes.set(xlim=(left, right), ylim=(low, high))
