"""Images along paths of codes: from one datum to another, and the same content in other classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from minivae.models import Model
from minivae.viz.images import decoder_means
from minivae.viz.style import PENCIL, new_figure, styled
from minivae.viz.tiles import as_tiles, draw_tiles, tallness


@styled
def interpolation(
    model: Model,
    start: np.ndarray,
    end: np.ndarray,
    image_shape: tuple[int, int],
    n: int = 9,
    y: np.ndarray | None = None,
) -> Figure:
    """Draw decoder means along the line from the code of one image to that of another.

    Row i holds the images decoded at z = (1 - t) z(start_i) + t z(end_i), t from 0 to 1, between
    the two originals, which are set apart.

    Parameters
    ----------
    model : Model
        Its ``codes`` are the ends of the line.
    start, end : ndarray, shape (m, d)
        Images, a pair a row.
    image_shape : tuple of int
        Height and width; their product is d.
    n : int
        Decoded images in a row, at least 2.
    y : ndarray, shape (m, c), optional
        The condition of each row, for a conditional model.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no pairs, or less than 2 steps.
    """
    start, end = np.asarray(start), np.asarray(end)
    if start.shape != end.shape or start.ndim != 2 or len(start) == 0 or n < 2:
        raise ValueError(
            "interpolation: pass as many images to end at as to start from, (m, d), and n of at "
            f"least 2; the shapes are {start.shape} and {end.shape}, n is {n}"
        )
    given = () if y is None else (y,)
    first, last = model.codes(start, *given), model.codes(end, *given)
    t = np.linspace(0, 1, n, dtype=first.dtype)[:, None]
    z = (1 - t) * first[:, None] + t * last[:, None]
    conditions = None if y is None else np.repeat(y, n, axis=0)
    means = decoder_means(model, z.reshape(-1, model.latent), conditions).reshape(len(z), n, -1)
    blank = np.full((len(z), 1, means.shape[-1]), np.nan, means.dtype)
    row = [start[:, None], blank, means, blank, end[:, None]]
    tiles = as_tiles(np.concatenate(row, axis=1), image_shape)
    figure, axes = new_figure(max(6.5, 0.75 * (n + 4)), 1.1 + 0.75 * tallness(tiles) * len(z))
    x, _ = draw_tiles(axes, tiles, gap=0.08)
    shown = sorted({2, 2 + (n - 1) // 2, n + 1}) if n % 2 else [2, n + 1]
    steps = [f"{(i - 2) / (n - 1):g}" for i in shown]
    axes.set_xticks([x[0], *x[shown], x[-1]], ["start", *steps, "end"], size=12)
    axes.set(yticks=[], xlabel="position on the line between the two codes")
    axes.set_title("Decoder means on the way from one code to another")
    return figure


@styled
def label_swaps(
    model: Model,
    x: np.ndarray,
    y: np.ndarray,
    image_shape: tuple[int, int],
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw each image's content in every class: rows share a code z, columns a condition.

    A conditional model that has taken the class out of z keeps the style of the row.

    Parameters
    ----------
    model : Model
        A conditional model.
    x : ndarray, shape (n, d)
        Images, whose codes the rows take; they stand on the left, set apart.
    y : ndarray, shape (n, c)
        Their conditions, one-hot.
    image_shape : tuple of int
        Height and width; their product is d.
    names : sequence of str, optional
        The names of the c classes; their numbers otherwise.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no images, not one condition for each, or not one name for each class.
    """
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 2 or len(y) != len(x) or len(x) == 0:
        raise ValueError(
            "label_swaps: every image needs its condition, y of shape (n, c); there are "
            f"{len(x)} images and y has {y.shape}"
        )
    classes = y.shape[1]
    names = [str(c) for c in range(classes)] if names is None else names
    if len(names) != classes:
        raise ValueError(f"label_swaps: {classes} classes need as many names, not {len(names)}")
    z = np.repeat(model.codes(x, y), classes, axis=0)
    each = np.tile(np.eye(classes, dtype=y.dtype), (len(x), 1))
    means = decoder_means(model, z, each).reshape(len(x), classes, -1)
    blank = np.full((len(x), 1, means.shape[-1]), np.nan, means.dtype)
    tiles = as_tiles(np.concatenate([x[:, None], blank, means], axis=1), image_shape)
    figure, axes = new_figure(max(6.5, 0.75 * (classes + 2)), 1.1 + 0.75 * tallness(tiles) * len(x))
    at, _ = draw_tiles(axes, tiles, gap=0.08)
    axes.set_xticks([at[0], *at[2:]], ["original", *names], size=12)
    if max(map(len, names)) > 6:
        for text in axes.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")
    axes.get_xticklabels()[0].set_color(PENCIL)
    axes.set(yticks=[], xlabel="class that the decoder is told")
    axes.set_title("The content of each row in the class of each column")
    return figure
