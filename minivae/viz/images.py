"""Images in rows and columns: reconstructions beside their originals, and samples."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.engine import no_grad
from minivae.models import VAE, Model
from minivae.viz.style import new_figure, new_panels, styled
from minivae.viz.tiles import as_tiles, draw_tiles, in_square, tallness


@styled
def reconstructions(
    model: Model,
    x: np.ndarray,
    image_shape: tuple[int, int],
    n: int = 10,
    y: np.ndarray | None = None,
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
    y : ndarray, shape (m, c), optional
        The conditions of a conditional model.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.
    """
    x = np.asarray(x)[:n]
    if len(x) == 0:
        raise ValueError("reconstructions: there are no images; pass x of shape (m, d) and n >= 1")
    made = model.reconstruct(x) if y is None else model.reconstruct(x, y[:n])
    return _rows(
        {"original": x, "reconstruction": made},
        image_shape,
        "Images, and the decoder's mean at their codes",
    )


@styled
def image_rows(
    rows: Mapping[str, ArrayLike],
    image_shape: tuple[int, int],
    title: str = "The same images, row by row",
) -> Figure:
    """Draw the same images at several stages below each other: clean, corrupted, reconstructed.

    Parameters
    ----------
    rows : mapping of str to array_like, shape (n, d)
        Images in [0, 1] by the name of their row, the first on top.
    image_shape : tuple of int
        Height and width; their product is d.
    title : str
        What is seen.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no images, or not as many in each row.
    """
    arrays = {name: np.asarray(images) for name, images in rows.items()}
    counts = [len(images) for images in arrays.values()]
    if len(set(counts)) != 1 or 0 in counts:
        raise ValueError(
            "image_rows: every row needs the same number of images, at least one; these have "
            f"{counts}"
        )
    return _rows(arrays, image_shape, title)


def _rows(rows: dict[str, np.ndarray], image_shape: tuple[int, int], title: str) -> Figure:
    tiles = as_tiles(np.stack(list(rows.values())), image_shape)
    count, n = tiles.shape[:2]
    figure, axes = new_figure(max(7.5, 1.6 + 0.95 * n), 0.6 + 0.95 * tallness(tiles) * count)
    _, middles = draw_tiles(axes, tiles, gap=0.08)
    axes.set_yticks(middles, list(rows), size=13)
    axes.set_xticks([])
    axes.set_title(title)
    return figure


@styled
def samples(
    model: Model,
    image_shape: tuple[int, int],
    *,
    rng: np.random.Generator,
    n: int = 64,
    y: np.ndarray | None = None,
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
    y : ndarray, shape (n, c), optional
        The condition of each, for a conditional model.

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
    means = decoder_means(model, model.prior.sample(rng, n), y)
    columns = ceil(sqrt(n))
    tiles = as_tiles(in_square(means, columns), image_shape)
    figure, axes = new_figure(max(4, 0.8 * columns), 0.6 + 0.8 * tallness(tiles) * len(tiles))
    draw_tiles(axes, tiles, gap=0.08)
    axes.set(xticks=[], yticks=[])
    axes.set_title(r"Decoder means at $z \sim p(z)$")
    return figure


@styled
def decodes(
    model: VAE,
    x: np.ndarray,
    image_shape: tuple[int, int],
    *,
    rng: np.random.Generator,
    n: int = 64,
    y: np.ndarray | None = None,
) -> Figure:
    """Draw one image, and what comes back from as many draws of its code: encoding is random.

    Parameters
    ----------
    model : VAE
        Its ``encode(x)`` is what codes are drawn from.
    x : ndarray, shape (d,)
        One image.
    image_shape : tuple of int
        Height and width; their product is d.
    rng : numpy.random.Generator
        Draws z ~ q(z|x).
    n : int
        How many draws.
    y : ndarray, shape (c,), optional
        The condition of a conditional model.

    Returns
    -------
    matplotlib.figure.Figure
        The image on the left, the decoder's means on the right.

    Raises
    ------
    ValueError
        If ``x`` is not one image, or n is less than 1.
    """
    x = np.asarray(x)
    if x.shape != (model.data_dim,) or n < 1:
        raise ValueError(
            f"decodes: pass one image of shape ({model.data_dim},) and n of at least 1; x has "
            f"{x.shape}, n is {n}"
        )
    given = () if y is None else (np.asarray(y)[None],)
    with no_grad():
        z = model.encode(x[None], *given).sample(rng, n)[:, 0]
    means = decoder_means(model, z, None if y is None else np.tile(y, (n, 1)))
    columns = ceil(sqrt(n))
    tiles = as_tiles(in_square(means, columns), image_shape)
    wide = max(3.6, 0.6 * columns)
    height = max(2.8, 0.9 + 0.6 * tallness(tiles) * len(tiles))
    figure, panels = new_panels(1, 2, 2.6 + wide, height, width_ratios=[2.2, wide])
    draw_tiles(panels[0, 0], as_tiles(x[None, None], image_shape))
    panels[0, 0].set_title("$x$")
    draw_tiles(panels[0, 1], tiles, gap=0.08)
    panels[0, 1].set_title(f"Decoder means, {n} draw{'s' * (n > 1)} $z \\sim q(z|x)$")
    for axes in panels[0]:
        axes.set(xticks=[], yticks=[])
    return figure


def decoder_means(model: Model, z: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Return E[x|z], or E[x|z, y], for codes (n, latent)."""
    with no_grad():
        return (model.decode(z) if y is None else model.decode(z, y)).mean.data
