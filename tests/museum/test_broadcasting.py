"""Broadcasts that were not undone: a gradient has the shape of its operand, and is a sum."""

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour, checked_at, for_every, wrong_op
from hypothesis import strategies as st
from points import A, B

import minivae as mv
from minivae.testing import GradientError, gradcheck
from minivae.testing.strategies import broadcastable_shapes

ROOM = Room()


class TestBroadcasting(Tour):
    room = ROOM


@ROOM.exhibit
def a_gradient_of_the_shape_of_the_result():
    """pytorch/pytorch#1787: a stretched operand got a gradient of the shape of the result.

    A broadcast copies, so its adjoint sums. Wherever shapes are equal there is nothing to sum.
    """

    def gradients_of_a_product(x, y, u):
        return u * y, u * x

    def of_equal_shapes(gradients):
        for got, expected in zip(gradients(A, B, A), (A * B, A * A), strict=True):
            np.testing.assert_array_equal(got, expected)

    def of_any_shapes(gradients):
        @for_every(broadcastable_shapes(2), st.integers(0, 99))
        def law(shapes, seed):
            rng = np.random.default_rng(seed)
            x, y = map(rng.standard_normal, shapes)
            u, v = rng.standard_normal((x * y).shape), rng.standard_normal(x.shape)
            gx, gy = gradients(x, y, u)
            assert np.shape(gx) == x.shape, f"{np.shape(gx)} is no gradient of shape {x.shape}"
            assert np.shape(gy) == y.shape, f"{np.shape(gy)} is no gradient of shape {y.shape}"
            assert np.sum(v * y * u) == pytest.approx(np.sum(gx * v), abs=1e-12)

        law()

    def pulled(x, y, u):
        return [g.data for g in mv.vjp(mv.multiply, x, y)[1](u)]

    return Exhibit(
        wrong=gradients_of_a_product,
        weak=of_equal_shapes,
        strong=of_any_shapes,
        caught="is no gradient of shape",
        right=pulled,
    )


@ROOM.exhibit
def a_stretched_operand_that_got_one_share():
    """The same, mended at the wrong end: the gradient is cut to the operand's shape, not summed.

    With one row there is nothing to sum, and the shape is right with any number of rows. (Of
    fourteen engines compared, five undo broadcasting in part, or not at all.)
    """

    @wrong_op(lambda g: g, lambda g, y: g[: len(y)])
    def add_bias(x, y):
        return x + y

    return Exhibit(
        wrong=add_bias,
        weak=checked_at(A[:1], B[:1]),
        strong=checked_at(A, B[:1]),
        caught="Likely mistake: .* the sum over a broadcast axis is missing",
        error=GradientError,
        right=mv.add,
    )


@ROOM.exhibit
def a_broadcast_that_wanted_as_many_axes():
    """HIPS/autograd#384: the gradient of ``broadcast_to`` asserts that no axis was added.

    Where axes of size 1 are stretched it is right. (tinygrad of 2021 has the same limit.)
    """

    def summed(g, x):
        assert g.ndim == x.ndim, "broadcast_to: as many axes as before, please"
        stretched = tuple(i for i, n in enumerate(x.shape) if n == 1 < g.shape[i])
        return g.sum(axis=stretched, keepdims=True)

    @wrong_op(summed)
    def broadcast_to(x, shape=None):
        return np.broadcast_to(x, shape)

    def to_any_shape(f):
        @for_every(broadcastable_shapes(2))
        def law(shapes):
            shape = np.broadcast_shapes(*shapes)
            gradcheck(lambda x: f(x, shape=shape), np.ones(shapes[0]))

        law()

    return Exhibit(
        wrong=broadcast_to,
        weak=lambda f: gradcheck(lambda x: f(x, shape=(3, 4)), A[:1]),
        strong=to_any_shape,
        caught="as many axes as before",
        right=mv.broadcast_to,
    )


@ROOM.exhibit
def an_index_whose_size_the_gradient_did_not_know():
    """HIPS/autograd#376: in ``einsum("i,i", x, y)`` y has one entry and x several.

    The gradient of x is formed from y alone and gets the shape of y. MyGrad's author found it. The
    engine has a guard: an adjoint must have its operand's shape, up to broadcasting.
    """

    @wrong_op(lambda g, y: g * y, lambda g, x: g * x)
    def dot(x, y):
        return np.einsum("i,i", x, y)

    return Exhibit(
        wrong=dot,
        weak=checked_at(A[0], B[0]),
        strong=checked_at(A[0], B[0, :1]),
        caught=r"its adjoint returned shape \(1,\) for an operand of shape \(4,\)",
        error=ValueError,
        right=lambda x, y: mv.einsum("i,i", x, y),
    )
