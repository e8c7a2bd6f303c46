"""Adjoints that are wrong everywhere, and the points or cotangents at which they look right."""

import numpy as np
from exhibit import Exhibit, Room, Tour, checked_at, checked_with_ones_at, wrong_op
from points import SQUARE, A

import minivae as mv
from minivae.engine.ops import convolution
from minivae.kernels import convolution as kernels
from minivae.testing import GradientError, gradcheck

ROOM = Room()


class TestAdjoints(Tour):
    room = ROOM


@ROOM.exhibit
def a_convolution_whose_kernels_were_averaged():
    """pygrad's ``numba_ops.conv2d_bwd`` sums the kernel over its output channels, and ``conv2D``
    divides the result by their number.

    For a cotangent of ones, that of ``out.sum()``, this is right: every output channel asks for the
    same. For any other it is wrong. The stacked test that would show it,
    ``test_conv2D_double``, is commented out.
    """

    def gradient_of_images(g, x, weight):
        everything, kernel = g.sum(1, keepdims=True), weight.sum(0, keepdims=True)
        pulled = kernels.conv_image(everything, kernel, convolution.PLAIN, x.shape[2:])
        return pulled / len(weight)

    @wrong_op(
        gradient_of_images,
        lambda g, x, weight: convolution.conv_kernel(g, x, size=weight.shape[2:]),
    )
    def conv2d(x, weight):
        return kernels.conv_result(x, weight, convolution.PLAIN)

    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 2, 2))
    return Exhibit(
        wrong=conv2d,
        weak=checked_with_ones_at(x, weight),
        strong=checked_at(x, weight),
        caught="Likely mistake: it is right for a cotangent of ones only",
        error=GradientError,
        right=mv.conv2d,
    )


@ROOM.exhibit
def a_mean_over_rows_and_pixels_whose_gradient_knew_the_rows_alone():
    """ml-by-hand's binary cross-entropy averages over N D entries forward, and divides the gradient
    by N alone.

    An autoencoder of 784 pixels gets a gradient 784 times too large. The tests compare with
    PyTorch, but on vectors, where D is 1.
    """

    @wrong_op(lambda g, logits, x: g * (mv.sigmoid(logits) - x) / len(x), None)
    def mean_cross_entropy(logits, x):
        return np.mean(np.logaddexp(0.0, logits) - x * logits)

    def of_logits(f, logits):
        x = (logits > 1.0).astype(float)
        return lambda a: f(a, x)

    def right(logits, x):
        return mv.mean(mv.softplus(logits) - x * logits)

    return Exhibit(
        wrong=mean_cross_entropy,
        weak=lambda f: gradcheck(of_logits(f, A[0]), A[0]),
        strong=lambda f: gradcheck(of_logits(f, A), A),
        caught="Likely mistake: it is multiplied by 4 once too often, .* size of axis 1",
        error=GradientError,
        right=right,
    )


@ROOM.exhibit
def a_sum_that_forgot_its_axis():
    """TinyTorch's ``SumBackward`` ignores the axis and broadcasts the cotangent against the input.

    For most shapes that raises. For a square input it does not: the cotangent of a row is handed to
    a column. And if the cotangent is one of ones, nothing is wrong at all.
    """

    @wrong_op(lambda g, x, axis: g * np.ones(x.shape))
    def row_sums(x, axis=-1):
        return x.sum(axis)

    return Exhibit(
        wrong=row_sums,
        weak=checked_with_ones_at(SQUARE),
        strong=checked_at(SQUARE),
        caught="Likely mistake: it is transposed",
        error=GradientError,
        right=lambda x: mv.sum(x, axis=-1),
    )


@ROOM.exhibit
def entries_that_are_picked_twice():
    """The adjoint of x[index] adds the cotangents back: ``full[index] += g`` does so once for each
    place, however often it was picked, and np.add.at as often as it was.

    HIPS autograd and DeZero have it right. A permutation of indices does not tell the two apart.
    """

    def added_once(g, x, index):
        full = np.zeros_like(x)
        full[index] += g
        return full

    @wrong_op(added_once)
    def getitem(x, index=None):
        return x[index]

    return Exhibit(
        wrong=getitem,
        weak=lambda f: gradcheck(lambda x: f(x, index=np.array([2, 0, 1])), A),
        strong=lambda f: gradcheck(lambda x: f(x, index=np.array([2, 0, 2])), A),
        caught=r"only these entries are wrong: \[2, 0\], \[2, 1\]",
        error=GradientError,
        right=mv.getitem,
    )
