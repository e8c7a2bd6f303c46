"""Layers that rearrange: flat data to images and back, for any number of leading axes."""

from __future__ import annotations

from math import prod
from typing import Any

from minivae.engine.ops import reshape, transpose
from minivae.nn.layers import Sequential
from minivae.nn.module import Module


class Reshape(Module):
    """The entries of each datum, in row-major order, in another shape: (n, ...) to (n, *shape).

    Parameters
    ----------
    *shape : int
        Of one datum; as (1, 28, 28) for a flat image of 784 pixels, or 784 for the way back.

    Raises
    ------
    ValueError
        If a size is less than 1; and, when called, if a datum has more or fewer entries.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> mv.nn.Reshape(1, 28, 28)(np.ones((5, 784))).shape
    (5, 1, 28, 28)
    """

    def __init__(self, *shape: int) -> None:
        if not shape or min(shape) < 1:
            raise ValueError(f"Reshape: sizes must be at least 1, they are {shape}")
        self.shape = tuple(map(int, shape))

    def forward(self, x: Any) -> Any:
        """Map (n, ...) to (n, *shape)."""
        return reshape(x, (len(x), *self.shape))


class Permute(Module):
    """The axes of each datum in another order; the axis of the data stays the first.

    Parameters
    ----------
    *axes : int
        Axis i of the result is axis ``axes[i]`` of a datum: (1, 2, 0) puts channels last.

    Raises
    ------
    ValueError
        If these are not the axes of a datum, each once.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> mv.nn.Permute(1, 2, 0)(np.ones((5, 3, 28, 14))).shape
    (5, 28, 14, 3)
    """

    def __init__(self, *axes: int) -> None:
        if sorted(axes) != list(range(len(axes))):
            raise ValueError(
                f"Permute: name each axis of a datum once, as 0 to {len(axes) - 1} in any order; "
                f"these are {axes}"
            )
        self.axes = axes

    def forward(self, x: Any) -> Any:
        """Permute all axes but the first."""
        return transpose(x, (0, *(axis + 1 for axis in self.axes)))


class Rowwise(Sequential):
    """A composition for rows (n, d), applied to arrays (..., d): all leading axes are one.

    Convolutions take one axis of data, codes may have two: k draws for each of n data.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> images = mv.nn.Conv2d(1, 3, 2, stride=2, rng=np.random.default_rng(0))
    >>> net = mv.nn.Rowwise(mv.nn.Reshape(1, 4, 4), images, mv.nn.Reshape(12))
    >>> net(np.ones((7, 5, 16))).shape
    (7, 5, 12)
    """

    def forward(self, x: Any) -> Any:
        """Map (..., d) to (..., d')."""
        leading = x.shape[:-1]
        z = super().forward(reshape(x, (prod(leading), x.shape[-1])))
        return reshape(z, (*leading, z.shape[-1]))
