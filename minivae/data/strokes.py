"""Digits written with a round pen from known factors: what latents learn of them can be measured.

A glyph is a few curves through points in a frame of height 1, y downwards (``glyphs.py``). The
factors place it on the page: a page point q of the pen's path comes from the glyph's point p by

    q = centre + size * height * [[1, -slant], [0, 1]] p

and a pixel at distance r from the path is ink to the part min(1, max(0, width/2 + 1/2 - r)): the
share of the pixel that a straight edge at that distance covers.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split
from minivae.data.glyphs import GLYPHS, pen_path

SIDE = 28  # pixels
HEIGHT = 16.5  # pixels, of a glyph of size 1
FACTORS = ("symbol", "slant", "width", "size", "x", "y")
LOWEST = (0, -0.3, 1.4, 0.7, -2.5, -2.5)
HIGHEST = (len(GLYPHS), 0.5, 3.2, 1.1, 2.5, 2.5)
TRAIN, TEST = 10_000, 2_000

_POINTS = 128  # of a pen's path: less than half a pixel apart, so that edges come out straight
_BLOCK = 64  # images drawn at a time: what they need stays in the processor's cache


def draw_strokes(factors: NDArray[Any]) -> NDArray[np.float32]:
    """Draw a glyph for each row of factors.

    Parameters
    ----------
    factors : ndarray, shape (n, 6)
        ``symbol``, the digit 0 to 9; ``slant``, the tangent of the angle to the right;
        ``width`` of the pen in pixels; ``size``, 1 for a height of 16.5 pixels; ``x`` and ``y``,
        the centre's place to the right and below the middle of the page, in pixels.

    Returns
    -------
    ndarray of float32, shape (n, 784)
        Grey levels in [0, 1], ink 1, each row an image of 28x28 pixels.

    Raises
    ------
    ValueError
        If ``factors`` have another shape, or a symbol is no digit.

    Examples
    --------
    >>> seven = [7, 0.2, 2.0, 1.0, 0.0, 0.0]
    >>> draw_strokes(np.array([seven])).shape
    (1, 784)
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS):
        raise ValueError(
            f"draw_strokes: expected factors of shape (n, {len(FACTORS)}), for {', '.join(FACTORS)}"
            f"; got shape {factors.shape}"
        )
    if not np.isin(factors[:, 0], np.arange(len(GLYPHS))).all():
        raise ValueError(f"draw_strokes: expected symbols 0 to {len(GLYPHS) - 1}")
    images = np.empty((len(factors), SIDE, SIDE), np.float32)
    for start in range(0, len(factors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        images[rows] = _draw(factors[rows].astype(np.float32))
    return images.reshape(len(factors), SIDE * SIDE)


@functools.cache
def _paths() -> NDArray[np.float32]:
    paths = [pen_path(symbol, _POINTS) for symbol in range(len(GLYPHS))]
    return np.stack(paths, dtype=np.float32)


def _draw(factors: NDArray[np.float32]) -> NDArray[np.float32]:
    symbol, slant, width, size, x, y = factors.T[..., None]
    path = _paths()[symbol[:, 0].astype(np.int64)]
    middle, scale = np.float32((SIDE - 1) / 2), np.float32(HEIGHT) * size
    across = middle + x + scale * (path[..., 0] - slant * path[..., 1])
    down = middle + y + scale * path[..., 1]
    # Squared distances to a point are sums of one term for the row and one for the column.
    pixels = np.arange(SIDE, dtype=np.float32)
    columns = (pixels - across[..., None]) ** 2
    rows = (pixels - down[..., None]) ** 2
    nearest = np.full((len(factors), SIDE, SIDE), np.inf, np.float32)
    squared = np.empty_like(nearest)
    for k in range(path.shape[1]):
        np.add(rows[:, k, :, None], columns[:, k, None, :], out=squared)
        np.minimum(nearest, squared, out=nearest)
    ink = width[..., None] / 2 + np.float32(0.5) - np.sqrt(nearest)
    return np.clip(ink, 0, 1)


def strokes(n: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw glyphs with independent factors, each uniform on its range.

    Symbol 0 to 9, slant -0.3 to 0.5, width 1.4 to 3.2 pixels, size 0.7 to 1.1, x and y -2.5 to
    2.5 pixels: no glyph leaves the page.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    images : ndarray of float32, shape (n, 784)
        Grey levels in [0, 1].
    factors : ndarray of float32, shape (n, 6)
        What each was drawn from, as :func:`draw_strokes` takes them.

    Examples
    --------
    >>> images, factors = strokes(3, np.random.default_rng(0))
    >>> bool(np.all(images == draw_strokes(factors)))
    True
    """
    drawn = rng.uniform(LOWEST, HIGHEST, (n, len(FACTORS)))
    drawn[:, 0] = np.floor(drawn[:, 0])
    factors = drawn.astype(np.float32)
    return draw_strokes(factors), factors


def load_strokes() -> Dataset:
    """Load 12,000 glyphs with their factors and the digit as label, 10,000 of them for training.

    Examples
    --------
    >>> load_strokes().factors
    Factors(symbol, slant, width, size, x, y)
    """
    images, factors = strokes(TRAIN + TEST, np.random.default_rng(SEED))
    return split(
        "strokes",
        images,
        TRAIN,
        source="drawn by minivae: digits of a round pen",
        labels=factors[:, 0].astype(np.int64),
        factors=factors,
        names=FACTORS,
        discrete=("symbol",),
        image_shape=(SIDE, SIDE),
    )
