"""Convolution of images: one trilinear form, read in three ways.

For images x (n, c, h, w), kernels W (o, c, i, j) and results g (n, o, h', w') let, with a stride s,
padding p and dilation d,

    T(x, W, g) = Σ x[n, c, s a + d i - p, s b + d j - p] W[o, c, i, j] g[n, o, a, b],

the sum over all indices, x being 0 outside. T is linear in each of the three, so its derivative
with respect to one is an operation on the other two: with respect to g the convolution, to x the
transposed convolution, to W the gradient of the kernel. Each is the adjoint of the others.

As in all of deep learning, "convolution" here does not flip the kernel.
"""

from __future__ import annotations

from typing import Any

from minivae.engine.op import op
from minivae.engine.ops.channels import channel_bias
from minivae.engine.registry import composed
from minivae.kernels import convolution as reference
from minivae.kernels.backend import with_twin
from minivae.kernels.convolution import Grid

PLAIN = Grid()
_result = with_twin(reference.conv_result)
_image = with_twin(reference.conv_image)
_kernel = with_twin(reference.conv_kernel)


@op(holomorphic=True)
def conv_result(x: Any, weight: Any, grid: Grid = PLAIN) -> Any:
    """Return ∂T/∂g: images (n, c, h, w) and kernels (o, c, i, j) to (n, o, h', w')."""
    return _result(x, weight, grid)


@op(holomorphic=True)
def conv_image(g: Any, weight: Any, grid: Grid = PLAIN, size: Any = None) -> Any:
    """Return ∂T/∂x, for images of ``size`` (h, w)."""
    return _image(g, weight, grid, size)


@op(holomorphic=True)
def conv_kernel(g: Any, x: Any, grid: Grid = PLAIN, size: Any = None) -> Any:
    """Return ∂T/∂W, for kernels of ``size`` (i, j)."""
    return _kernel(g, x, grid, size)


conv_result.tangent(
    lambda v, weight, grid: conv_result(v, weight, grid),
    lambda v, x, grid: conv_result(x, v, grid),
)
conv_result.adjoint(
    lambda g, x, weight, grid: conv_image(g, weight, grid, x.shape[2:]),
    lambda g, x, weight, grid: conv_kernel(g, x, grid, weight.shape[2:]),
)
conv_image.tangent(
    lambda v, weight, grid, size: conv_image(v, weight, grid, size),
    lambda v, g, grid, size: conv_image(g, v, grid, size),
)
conv_image.adjoint(
    lambda x, weight, grid: conv_result(x, weight, grid),
    lambda x, g, weight, grid: conv_kernel(g, x, grid, weight.shape[2:]),
)
conv_kernel.tangent(
    lambda v, x, grid, size: conv_kernel(v, x, grid, size),
    lambda v, g, grid, size: conv_kernel(g, v, grid, size),
)
conv_kernel.adjoint(
    lambda weight, x, grid: conv_result(x, weight, grid),
    lambda weight, g, x, grid: conv_image(g, weight, grid, x.shape[2:]),
)


@composed("x", "weight", "bias")
def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Any:
    """Convolve images with kernels, as ``torch.nn.functional.conv2d``.

    Parameters
    ----------
    x : array_like or Tensor
        Images, (n, c, h, w).
    weight : array_like or Tensor
        Kernels, (o, c, i, j).
    bias : array_like or Tensor, optional
        Added to each channel of the result, (o,).
    stride, padding, dilation : int or pair of int
        Step of the kernel, zeros around the image, step within the kernel, for height and width.

    Returns
    -------
    Tensor
        (n, o, h', w') with h' = ⌊(h + 2 padding - dilation (i - 1) - 1) / stride⌋ + 1.

    Raises
    ------
    ValueError
        If channels differ, the kernel is larger than the padded image, a step is not positive, or
        the bias is not (o,).
    """
    z = conv_result(x, weight, Grid.of(stride, padding, dilation))
    return z if bias is None else channel_bias(z, bias)


@composed("x", "weight", "bias")
def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Any:
    """Spread images by kernels, the adjoint of :func:`conv2d`, as in PyTorch.

    Parameters
    ----------
    x : array_like or Tensor
        Images, (n, c, h, w).
    weight : array_like or Tensor
        Kernels, (c, o, i, j): those of the convolution from o to c channels whose adjoint this is.
    bias : array_like or Tensor, optional
        Added to each channel of the result, (o,).
    stride, padding, output_padding, dilation : int or pair of int
        Those of that convolution. With a stride it maps images of several sizes to one size;
        ``output_padding``, less than the stride, chooses among them.

    Returns
    -------
    Tensor
        (n, o, h', w') with h' = (h - 1) stride - 2 padding + dilation (i - 1) + output_padding + 1.

    Raises
    ------
    ValueError
        If channels differ, a step is not positive, ``output_padding`` reaches the stride, the
        padding leaves nothing of the result, or the bias is not (o,).
    """
    grid = Grid.of(stride, padding, dilation)
    reference.check_channels(x.shape, weight.shape, 0)
    size = grid.image_size(x.shape[2:], weight.shape[2:], output_padding)
    z = conv_image(x, weight, grid, size)
    return z if bias is None else channel_bias(z, bias)
