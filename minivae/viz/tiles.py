"""Images as tiles of one picture, in rows and columns."""

from __future__ import annotations

from math import ceil

import numpy as np
from matplotlib.axes import Axes


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
    """Draw (rows, columns, height, width) as one picture, row 0 on top.

    0 is black and 1 is white. Entries that lie around 0, as those of whitened pieces of images,
    are drawn from black over grey (0) to white, 2.5 standard deviations to each side.

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
    std = float(np.nanstd(tiles))
    around_0 = np.nanmin(tiles) < 0 and abs(np.nanmean(tiles)) < std / 4
    low, high = (-2.5 * std, 2.5 * std) if around_0 else (0.0, 1.0)
    axes.imshow(picture, cmap="gray", vmin=low, vmax=high, interpolation="none")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    x = np.arange(columns) * (width + blank) + (width - 1) / 2
    y = np.arange(rows) * (height + blank) + (height - 1) / 2
    return x, y


def in_square(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay flat images (n, d) out in rows of so many, (rows, columns, d); NaN fills the last row."""
    rows = ceil(len(images) / columns)
    grid = np.full((rows * columns, images.shape[1]), np.nan, images.dtype)
    grid[: len(images)] = images
    return grid.reshape(rows, columns, -1)
