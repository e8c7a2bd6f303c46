"""Convolutional layers: from images to smaller images of more channels, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.ops import channel_bias, conv2d, conv_transpose2d
from minivae.kernels.convolution import Grid, Pair
from minivae.nn.layers import Layer
from minivae.nn.module import Parameter


class Conv2d(Layer):
    """Convolution z = x * W + b of images, with a kernel for each pair of channels.

    z[n, o, a, b] = Σ x[n, c, s a + i - p, s b + j - p] W[o, c, i, j] + b[o], the sum over c, i, j,
    with stride s and padding p.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of x and of z. ``weight`` is (out, in, i, j), ``bias`` is (out,).
    kernel_size : int or pair of int
        Height i and width j of a kernel.
    stride, padding : int or pair of int
        Step of the kernel and zeros around the image, for height and width.
    rng : numpy.random.Generator
        Draws the weights (Glorot uniform: a result has in · i · j inputs, and an input goes into
        about out · i · j results); the bias begins at 0.
    dtype : optional
        ``"float64"`` or ``"float32"``.

    Raises
    ------
    ValueError
        If a number of channels, the kernel or the stride is not positive, or the padding negative.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> layer = mv.nn.Conv2d(1, 32, 4, stride=2, padding=1, rng=np.random.default_rng(0))
    >>> layer(np.ones((5, 1, 28, 28))).shape
    (5, 32, 14, 14)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        rng: np.random.Generator,
        dtype: Any = "float64",
    ) -> None:
        size = _checked("Conv2d", in_channels, out_channels, kernel_size)
        self.grid = Grid.of(stride, padding, 1)
        self.weight = Parameter(_glorot(rng, (out_channels, in_channels, *size), dtype))
        self.bias = Parameter(np.zeros(out_channels, dtype))

    def forward(self, x: Any, activation: str = "identity") -> Any:
        """Map (n, in, h, w) to (n, out, h', w'), and then by a nonlinearity, if one is named."""
        z = conv2d(x, self.weight, None, self.grid.stride, self.grid.padding)
        return channel_bias(z, self.bias, activation)


class ConvTranspose2d(Layer):
    """Transposed convolution: each pixel of an image lays down a kernel, scaled by its value.

    z[n, o, s a + i - p, s b + j - p] is the sum of all x[n, c, a, b] W[c, o, i, j] that fall there,
    plus b[o]: the adjoint of :class:`Conv2d` with this stride s and padding p.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of x and of z. ``weight`` is (in, out, i, j), ``bias`` is (out,).
    kernel_size, stride, padding, rng, dtype
        As for :class:`Conv2d`.
    output_padding : int or pair of int
        Rows and columns, fewer than the stride, by which z is larger than the smallest image that
        such a convolution maps to the size of x.

    Raises
    ------
    ValueError
        As for :class:`Conv2d`; and if ``output_padding`` is negative or reaches the stride.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> layer = mv.nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1, rng=np.random.default_rng(0))
    >>> layer(np.ones((5, 32, 14, 14))).shape
    (5, 1, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        output_padding: int | Pair = 0,
        rng: np.random.Generator,
        dtype: Any = "float64",
    ) -> None:
        size = _checked("ConvTranspose2d", in_channels, out_channels, kernel_size)
        self.grid = Grid.of(stride, padding, 1)
        unpadded = Grid(self.grid.stride)  # whose smallest result has the size of the kernel
        unpadded.image_size((1, 1), size, output_padding)
        self.output_padding = output_padding
        self.weight = Parameter(_glorot(rng, (in_channels, out_channels, *size), dtype))
        self.bias = Parameter(np.zeros(out_channels, dtype))

    def forward(self, x: Any, activation: str = "identity") -> Any:
        """Map (n, in, h, w) to (n, out, h', w'), and then by a nonlinearity, if one is named."""
        stride, padding = self.grid.stride, self.grid.padding
        z = conv_transpose2d(x, self.weight, None, stride, padding, self.output_padding)
        return channel_bias(z, self.bias, activation)


def _checked(layer: str, in_channels: int, out_channels: int, kernel_size: int | Pair) -> Pair:
    """Return the kernel's height and width, or refuse sizes that make no layer."""
    if in_channels < 1 or out_channels < 1:
        raise ValueError(
            f"{layer}: there must be at least 1 channel, there are {in_channels} and {out_channels}"
        )
    whole = int | np.integer
    size = (kernel_size, kernel_size) if isinstance(kernel_size, whole) else kernel_size
    if np.shape(size) != (2,) or any(not isinstance(k, whole) or k < 1 for k in size):
        raise ValueError(
            f"{layer}: kernel_size must be a positive integer, or two, for height and width; it is "
            f"{kernel_size!r}"
        )
    return int(size[0]), int(size[1])


def _glorot(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Draw kernels from U(-a, a), a = √(6 / ((in + out) i j)).

    Source: Glorot & Bengio 2010, equation 16, with the inputs and outputs of a unit counted over
    the pixels that it sees.
    """
    bound = np.sqrt(6.0 / ((shape[0] + shape[1]) * shape[2] * shape[3]))
    return rng.uniform(-bound, bound, shape).astype(dtype)
