"""One hand for all figures: colours, type sizes, and the figure that shows itself in a notebook.

The lines are Okabe and Ito's colours (2008), the ten classes Paul Tol's "muted" nine (2021) and
black. Both keep their colours apart for every common form of colour blindness. Figures are opaque
white, so that they also read on a dark page.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, VERMILLION = "#0072B2", "#D55E00"
INK, PENCIL, PAPER = "#222222", "#888888", "#DDDDDD"
LINES = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
CLASSES = (
    "#332288",  # indigo
    "#CC6677",  # rose
    "#117733",  # green
    "#DDCC77",  # sand
    "#88CCEE",  # cyan
    "#882255",  # wine
    "#44AA99",  # teal
    "#999933",  # olive
    "#AA4499",  # purple
    "#000000",
)

STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.titlepad": 10,
    "axes.labelsize": 13,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
    "svg.hashsalt": "minivae",
}

P = ParamSpec("P")


class NotebookFigure(Figure):
    """A figure that IPython displays without pyplot and without ``%matplotlib inline``."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Return the picture, and the size in CSS pixels (96 an inch) at which to show it."""
        picture = io.BytesIO()
        with house_style():
            self.savefig(picture, format="png", dpi=150)
        width, height = (round(96 * inches) for inches in self.get_size_inches())
        return picture.getvalue(), {"width": width, "height": height}


def house_style() -> Any:
    """Return a context in which matplotlib draws as this file says, whatever the user has set."""
    return style.context(["default", STYLE])


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a function draw in the house style, and leave the user's settings as they are.

    The layout is settled here, once: an engine that moves the axes by a hair at every drawing
    would make no two files equal.
    """

    @wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            figure = draw(*args, **kwargs)
            layout = figure.get_layout_engine()
            if layout is not None:
                layout.execute(figure)
            figure.set_layout_engine("none")
        return figure

    return wrapper


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of that size in inches, and its axes."""
    figure = NotebookFigure(figsize=(width, height), layout="compressed")
    return figure, figure.subplots()


def new_panels(
    rows: int, columns: int, width: float, height: float, **shared: Any
) -> tuple[Figure, np.ndarray]:
    """Return an empty figure of that size in inches, and its panels (rows, columns)."""
    figure = NotebookFigure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def numeral(value: float, places: int) -> str:
    """Write a number with a true minus sign, and zero without one."""
    return f"{round(float(value), places) + 0.0:.{places}f}".replace("-", "−")
