"""Convolution in plain NumPy: windows are looked at in place, and one matrix product does the rest.

The three functions are the derivatives of one trilinear form T(x, W, g), which is written out in
:mod:`minivae.engine.ops.convolution`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Pair = tuple[int, int]


class Grid(NamedTuple):
    """Where a kernel is laid on an image: its steps, the zeros around, and the steps within it."""

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @classmethod
    def of(cls, stride: Any, padding: Any, dilation: Any) -> Grid:
        """Make a grid from numbers or pairs; refuse steps below 1 and padding below 0."""
        pairs = _pair("stride", stride), _pair("padding", padding), _pair("dilation", dilation)
        grid = cls(*pairs)
        if min(grid.stride + grid.dilation) < 1 or min(grid.padding) < 0:
            raise ValueError(f"steps must be at least 1, padding at least 0; {grid}")
        return grid

    def result_size(self, image: Pair, kernel: Pair) -> Pair:
        """Return the size (h', w') of the result; refuse a kernel that does not fit."""
        room = [
            n + 2 * p - d * (k - 1) - 1
            for n, k, p, d in zip(image, kernel, self.padding, self.dilation, strict=True)
        ]
        if min(room) < 0:
            raise ValueError(
                f"kernels of size {tuple(kernel)}, dilation {self.dilation}, do not "
                f"fit into images of size {tuple(image)} with padding {self.padding}; pad more"
            )
        a, b = (r // s + 1 for r, s in zip(room, self.stride, strict=True))
        return a, b

    def image_size(self, result: Pair, kernel: Pair, extra: Any) -> Pair:
        """Return the size of the smallest image with such a result, and ``extra`` pixels."""
        more = _pair("output_padding", extra)
        if any(not 0 <= e < s for e, s in zip(more, self.stride, strict=True)):
            raise ValueError(
                f"output_padding {extra} must be at least 0 and less than the stride {self.stride}"
            )
        h, w = (
            (m - 1) * s - 2 * p + d * (k - 1) + 1 + e
            for m, k, s, p, d, e in zip(result, kernel, *self, more, strict=True)
        )
        if min(h, w) < 1:
            raise ValueError(
                f"padding {self.padding} would leave an image of size {(h, w)} of kernels of size "
                f"{tuple(kernel)} laid on {tuple(result)}; pad less"
            )
        return h, w


def _pair(name: str, n: Any) -> Pair:
    pair = (n, n) if isinstance(n, int | np.integer) else n
    if len(np.shape(pair)) != 1 or len(pair) != 2 or np.asarray(pair).dtype.kind not in "iu":
        raise ValueError(f"{name} must be an integer, or two, for height and width; it is {n!r}")
    return int(pair[0]), int(pair[1])


def conv_result(x: np.ndarray, weight: np.ndarray, grid: Grid) -> np.ndarray:
    """Return z[n, o, a, b] = Σ x[n, c, s a + d i - p, s b + d j - p] W[o, c, i, j]."""
    check_channels(x.shape, weight.shape, 1)
    z = np.tensordot(_windows(x, weight.shape[2:], grid), weight, axes=([1, 4, 5], [1, 2, 3]))
    return z.transpose(0, 3, 1, 2)


def conv_image(g: np.ndarray, weight: np.ndarray, grid: Grid, size: Pair) -> np.ndarray:
    """Return x[n, c, ·, ·] = Σ g[n, o, a, b] W[o, c, i, j] at each place (s a + d i - p, ...)."""
    check_channels(g.shape, weight.shape, 0)
    spread = np.tensordot(weight, g, axes=([0], [1])).transpose(3, 0, 1, 2, 4, 5)  # n c i j a b
    (p, q), (h, w) = grid.padding, size
    x = np.zeros((*spread.shape[:2], h + 2 * p, w + 2 * q), spread.dtype)
    for i, j in np.ndindex(*weight.shape[2:]):
        x[..., *_places(grid, (i, j), g.shape[2:])] += spread[:, :, i, j]
    return x[:, :, p : p + h, q : q + w]


def conv_kernel(g: np.ndarray, x: np.ndarray, grid: Grid, size: Pair) -> np.ndarray:
    """Return W[o, c, i, j] = Σ g[n, o, a, b] x[n, c, s a + d i - p, s b + d j - p]."""
    return np.tensordot(g, _windows(x, size, grid), axes=([0, 2, 3], [0, 2, 3]))


def _windows(x: np.ndarray, size: Pair, grid: Grid) -> np.ndarray:
    """See what each place of the kernel sees: (n, c, h', w', i, j), without a copy but padding."""
    (p, q), (s, t), (d, e) = grid.padding, grid.stride, grid.dilation
    h, w = grid.result_size(x.shape[2:], size)
    if p or q:
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    n, c, y, u = x.strides
    shape, strides = (*x.shape[:2], h, w, *size), (n, c, s * y, t * u, d * y, e * u)
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def _places(grid: Grid, at: Pair, result: Pair) -> tuple[slice, slice]:
    """Return the pixels that entry ``at`` of the kernel meets, as slices of the padded image."""
    rows, columns = (
        slice(d * i, d * i + s * m, s)
        for i, m, s, d in zip(at, result, grid.stride, grid.dilation, strict=True)
    )
    return rows, columns


def check_channels(images: tuple[int, ...], kernels: tuple[int, ...], axis: int) -> None:
    """Refuse images and kernels that do not fit, the images' channels being ``axis`` of these."""
    if len(images) != 4 or len(kernels) != 4 or images[1] != kernels[axis]:
        raise ValueError(
            f"images {images} and kernels {kernels} do not fit: images are (n, c, h, "
            f"w), kernels have four axes, and c must be the size of their axis {axis}"
        )
