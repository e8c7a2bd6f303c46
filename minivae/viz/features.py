"""What the hidden units of an autoencoder look for, and how many directions a code keeps."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from minivae.viz.style import LINES, new_figure, new_panels, styled
from minivae.viz.tiles import as_tiles, draw_tiles, in_square


@styled
def filters(
    weights: ArrayLike | Mapping[str, ArrayLike],
    image_shape: tuple[int, int],
    title: str = "What each unit looks for",
) -> Figure:
    """Draw a wall of images with one tile for each hidden unit: its weights to the pixels.

    Every tile has its own scale, from black (-m) over grey (0) to white (m), with m its largest
    absolute weight: the tile w / ‖w‖, the input of length 1 that activates a unit of one layer
    most, looks the same.

    Parameters
    ----------
    weights : array_like, shape (units, d), or mapping of str to such
        A row for each unit: weights, or inputs that activate it. Several walls by their titles.
    image_shape : tuple of int
        Height and width; their product is d.
    title : str
        What stands above the only wall, or above all of them.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a wall, from left to right.

    Raises
    ------
    ValueError
        If there are no units, or their weights do not have the shape of an image.
    """
    walls = weights if isinstance(weights, Mapping) else {"": weights}
    arrays = {name: np.asarray(wall, float) for name, wall in walls.items()}
    for name, wall in arrays.items():
        if wall.ndim != 2 or len(wall) == 0:
            raise ValueError(
                f"filters: a wall is (units, d) with at least one unit; {name!r} has {wall.shape}"
            )
    if not arrays:
        raise ValueError("filters: there are no walls; pass weights of shape (units, d)")
    columns = ceil(sqrt(max(map(len, arrays.values()))))
    rows = max(ceil(len(wall) / columns) for wall in arrays.values())
    size = float(np.clip(6 / columns, 0.45, 1.2))
    width = max(3.6, size * columns)
    tall = image_shape[0] / image_shape[-1]
    figure, panels = new_panels(1, len(arrays), 0.3 + width * len(arrays), 0.9 + size * tall * rows)
    for axes, (name, wall) in zip(panels[0], arrays.items(), strict=True):
        largest = np.abs(wall).max(axis=1, keepdims=True)
        scaled = 0.5 + 0.5 * wall / np.where(largest > 0, largest, 1)
        draw_tiles(axes, as_tiles(in_square(scaled, columns), image_shape), gap=0.1)
        axes.set(xticks=[], yticks=[])
        axes.set_title(name or title)
    if list(arrays) != [""]:
        figure.suptitle(title, size=15)
    return figure


@styled
def jacobian_spectra(spectra: Mapping[str, ArrayLike]) -> Figure:
    """Draw the singular values of the encoder's Jacobian, the largest first.

    A contractive code keeps the few directions along which the data vary, and flattens all others:
    its spectrum falls early. Where there are Jacobians at many data, the line is the median and
    the band holds the middle 80 %.

    Parameters
    ----------
    spectra : mapping of str to array_like, shape (k,) or (n, k)
        Singular values for each model, of one Jacobian or of one at each of n data.

    Returns
    -------
    matplotlib.figure.Figure
        One panel; singular values of zero leave a blank on its logarithmic axis.

    Raises
    ------
    ValueError
        If there are no models or more than there are colours, or one has no singular values.

    References
    ----------
    Rifai et al. (2011), Contractive auto-encoders, figure 3.
    """
    if not 1 <= len(spectra) <= len(LINES):
        raise ValueError(
            f"jacobian_spectra: {len(LINES)} colours tell 1 to {len(LINES)} models apart, these "
            f"are {len(spectra)}"
        )
    figure, axes = new_figure(8, 4.5)
    for (name, values), color in zip(spectra.items(), LINES, strict=False):
        s = np.atleast_2d(np.asarray(values, float))
        if s.ndim != 2 or s.size == 0 or (s < 0).any():
            raise ValueError(
                f"jacobian_spectra: singular values are (k,) or (n, k) and not negative; those of "
                f"{name!r} have shape {np.shape(values)} and the least is {np.min(s, initial=0):g}"
            )
        s = -np.sort(-s, axis=1)
        s = np.where(s > 0, s, np.nan)
        low, middle, high = np.quantile(s, [0.1, 0.5, 0.9], axis=0)
        index = np.arange(1, s.shape[1] + 1)
        axes.plot(index, middle, "-o", color=color, ms=4, lw=1.5, label=name)
        if len(s) > 1:
            axes.fill_between(index, low, high, color=color, alpha=0.18, lw=0)
    axes.set_yscale("log")
    axes.set(xlabel="rank", ylabel="singular value of $\\partial z / \\partial x$")
    axes.set_title("Directions that a code keeps, and those that it flattens")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    axes.grid(alpha=0.3)
    return figure
