"""Slopes that are wrong at a single point: a zero, a kink, equal entries. Random points miss it."""

import numpy as np
from exhibit import Exhibit, Room, Tour, checked_at, wrong_op
from points import A

import minivae as mv
from minivae.testing import GradientError

ROOM = Room()


class TestSpecialPoints(Tour):
    room = ROOM


@ROOM.exhibit
def a_product_of_entries_divided_by_each():
    """HIPS autograd's ``grad_np_prod`` divides the product by each factor: z̄ z / xᵢ.

    At a zero this is 0 / 0, though the slope is the product of all others. Where
    tensors switch NumPy's warnings off, as pygrad's do, nothing is heard of it.
    """

    def divided(g, z, x):
        with np.errstate(all="ignore"):
            return g * z / x

    @wrong_op(divided)
    def prod(x):
        return np.prod(x)

    return Exhibit(
        wrong=prod,
        weak=checked_at(A[0]),
        strong=checked_at(np.array([0.5, 0.0, 2.0])),
        caught="1 of its 3 entries are not finite",
        error=GradientError,
        right=mv.prod,
    )


def slope_at(x, expected):
    """Where a function has a kink there is a slope by convention, which must be a number."""

    def check(f):
        slope = mv.grad(lambda t: f(t).sum())(np.array(x)).data
        assert np.isfinite(slope).all(), f"the slope is {slope}"
        np.testing.assert_array_equal(slope, expected)

    return check


@ROOM.exhibit
def a_length_without_a_slope_at_zero():
    """The gradient x / ‖x‖ of a length is NaN at 0: HIPS/autograd#151, #183, #268, #370, #393, #586
    and #617, from 2016 to 2024.

    Random points are never 0; initial weights and differences of equal things are.
    """

    def unit(g, z, x):
        with np.errstate(all="ignore"):
            return g * x / z

    @wrong_op(unit)
    def norm(x):
        return np.sqrt(np.sum(x * x))

    return Exhibit(
        wrong=norm,
        weak=checked_at(A),
        strong=slope_at([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        caught="the slope is .*nan",
        right=mv.norm,
    )


@ROOM.exhibit
def a_standard_deviation_of_constants():
    """pytorch/pytorch#4320: where all entries are equal, the chain rule gives ∞ · 0 = NaN.

    The root √0 has an infinite slope. No random batch has equal entries; a pixel that is always
    black has nothing else.
    """

    def halved(g, z):
        with np.errstate(all="ignore"):
            return g / (2.0 * z)

    root = wrong_op(halved)(lambda x: np.sqrt(x))

    def std(x):
        with np.errstate(invalid="ignore"):
            return root(mv.var(x))

    return Exhibit(
        wrong=std,
        weak=checked_at(A),
        strong=lambda f: _quietly(slope_at([2.0, 2.0, 2.0], [0.0, 0.0, 0.0]), f),
        caught="the slope is .*nan",
        right=mv.std,
    )


def _quietly(check, f):
    with np.errstate(all="ignore"):
        check(f)


@ROOM.exhibit
def a_ramp_with_a_slope_at_zero():
    """tinygrad's ReLU of 2021 passes the gradient where x >= 0, so that the slope at 0 is 1.

    Units whose input is exactly 0 (padding, zero biases) then learn although they are off. Random
    points are never 0. Two derivations of the slope disagree there: that of changes (x > 0) and
    that of cotangents.
    """

    @wrong_op(
        lambda g, x: g * (x >= 0),
        tangents=[lambda v, x: mv.where(x > 0, v, 0.0)],
    )
    def relu(x):
        return np.maximum(x, 0)

    def two_derivations_agree(f):
        x, v, u = np.array([1.0, 0.0, -1.0]), np.ones(3), np.array([2.0, 3.0, 4.0])
        _, change = mv.jvp(f, [x], [v])
        _, pull = mv.vjp(f, x)
        forward, reverse = change.data @ u, pull(u)[0].data @ v
        assert forward == reverse, f"<J v, u> is {forward} and <v, Jᵀ u> is {reverse}"

    return Exhibit(
        wrong=relu,
        weak=checked_at(A - 1.2),
        strong=two_derivations_agree,
        caught="<J v, u> is 2.0 and <v, Jᵀ u> is 5.0",
        right=mv.relu,
    )
