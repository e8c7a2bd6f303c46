"""Images in rows and columns: reconstructions beside their originals, and samples."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minivae.engine import no_grad
from minivae.models import Model
from minivae.viz.style import new_figure, styled


@styled
def reconstructions(
    model: Model, x: np.ndarray, image_shape: tuple[int, int], n: int = 10
) -> Figure:
    """Draw images in the upper row, and what the model makes of each one's code in the lower.

    Parameters
    ----------
    model : Model
        Its ``reconstruct(x)`` is the lower row.
    x : ndarray, shape (m, d)
        Data; the first ``n`` are drawn.
    image_shape : tuple of int
        Height and width; their product is d.
    n : int
        How many images.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.
    """
    x = np.asarray(x)[:n]
    if len(x) == 0:
        raise ValueError("reconstructions: there are no images; pass x of shape (m, d) and n >= 1")
    tiles = as_tiles(np.stack([x, model.reconstruct(x)]), image_shape)
    figure, axes = new_figure(max(7.5, 1.6 + 0.95 * len(x)), 0.6 + 0.95 * tallness(tiles) * 2)
    _, middles = draw_tiles(axes, tiles, gap=0.08)
    axes.set_yticks(middles, ["original", "reconstruction"], size=13)
    axes.set_xticks([])
    axes.set_title("Images, and the decoder's mean at their codes")
    return figure


@styled
def samples(
    model: Model, image_shape: tuple[int, int], *, rng: np.random.Generator, n: int = 64
) -> Figure:
    """Draw what the model dreams up: the means of p_theta(x|z) at draws z ~ p(z).

    Parameters
    ----------
    model : Model
        A model with a prior.
    image_shape : tuple of int
        Height and width.
    rng : numpy.random.Generator
        Draws z.
    n : int
        How many, in a square as far as it goes.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the model has no prior, as an autoencoder: it does not say which codes are likely.
    """
    if model.prior is None:
        raise ValueError(
            f"samples: this {type(model).__name__} has no prior p(z) to draw codes from; use a "
            "VAE, or look at reconstructions or traversals"
        )
    if n < 1:
        raise ValueError(f"samples: n must be at least 1, it is {n}")
    with no_grad():
        means = model.decode(model.prior.sample(rng, n)).mean.data
    columns = ceil(sqrt(n))
    rows = ceil(n / columns)
    grid = np.full((rows * columns, means.shape[1]), np.nan, means.dtype)
    grid[:n] = means
    tiles = as_tiles(grid.reshape(rows, columns, -1), image_shape)
    figure, axes = new_figure(max(4, 0.8 * columns), 0.6 + 0.8 * tallness(tiles) * rows)
    draw_tiles(axes, tiles, gap=0.08)
    axes.set(xticks=[], yticks=[])
    axes.set_title(r"Decoder means at $z \sim p(z)$")
    return figure


def as_tiles(images: np.ndarray, image_shape: tuple[int, int]) -> np.ndarray:
    """Reshape flat images (rows, columns, d) to (rows, columns, height, width).

    Raises
    ------
    ValueError
        If ``image_shape`` is not (height, width) with height times width equal to d.
    """
    d = images.shape[-1]
    if len(image_shape) != 2 or image_shape[0] * image_shape[1] != d:
        raise ValueError(
            f"image_shape must be (height, width) with height * width = {d}, it is {image_shape}"
        )
    return images.reshape(*images.shape[:2], *image_shape)


def tallness(tiles: np.ndarray) -> float:
    """Return the height of a tile over its width."""
    return tiles.shape[-2] / tiles.shape[-1]


def draw_tiles(axes: Axes, tiles: np.ndarray, gap: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw (rows, columns, height, width) as one picture, row 0 on top, 0 black and 1 white.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where; they lose their frame, and count in pixels.
    tiles : ndarray
        The images; NaN is left blank.
    gap : float
        Width of the blank between tiles, as a part of the tile's width.

    Returns
    -------
    tuple of ndarray
        The middles of the columns along x, and of the rows along y.
    """
    rows, columns, height, width = tiles.shape
    blank = ceil(gap * width)
    framed = np.full((rows, columns, height + blank, width + blank), np.nan, tiles.dtype)
    framed[:, :, :height, :width] = tiles
    down, right = rows * (height + blank), columns * (width + blank)
    picture = framed.swapaxes(1, 2).reshape(down, right)[: down - blank, : right - blank]
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="none")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    x = np.arange(columns) * (width + blank) + (width - 1) / 2
    y = np.arange(rows) * (height + blank) + (height - 1) / 2
    return x, y
