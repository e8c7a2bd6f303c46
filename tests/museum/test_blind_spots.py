"""Checks that looked where nothing is wrong: a lucky point, entry, cotangent, tolerance or range.

Here ``weak`` is the exhibit, re-enacted from a public project, and ``wrong`` is what it lets pass.
"""

import numpy as np
from exhibit import Exhibit, Room, Tour, checked_at, checked_with_ones_at, wrong_op
from points import A

import minivae as mv
from minivae.testing import GradientError, gradcheck

ROOM = Room()


class TestBlindSpots(Tour):
    room = ROOM


@ROOM.exhibit
def only_the_exponent_zero_was_drawn():
    """needle's homework 1 draws the exponent of a power by ``randint(1)``, which is always 0.

    There the slope n xⁿ⁻¹ is 0, and so is whatever else is multiplied by n: xⁿ passes for xⁿ⁻¹.
    ``randint`` excludes its upper end, which is easily forgotten, and the test was green.
    """

    @wrong_op(lambda g, z, n: g * n * z)
    def power(x, n=1.0):
        return x**n

    def check_at_a_drawn_exponent(f):
        exponent = float(np.random.default_rng(0).integers(1))
        checked_with_ones_at(A)(lambda x: f(x, exponent))

    def check_at_exponents(f):
        for exponent in (0.0, 1.0, 2.0, -1.5):
            gradcheck(lambda x, n=exponent: f(x, n), A)

    return Exhibit(
        wrong=power,
        weak=check_at_a_drawn_exponent,
        strong=check_at_exponents,
        caught="is wrong in",
        error=GradientError,
        right=mv.power,
    )


def zero(g):
    return 0.0 * g


@ROOM.exhibit
def a_slope_next_to_nothing_was_compared_to_a_hundredth():
    """minitorch checks d log(a + 100000)/da to an absolute 1e-2, where the slope is 1e-5.

    A gradient of zero passes, as it does for its exp(a - 200). The tolerance of a comparison has to
    be relative to the size of what is compared.
    """

    @wrong_op(zero)
    def far_log(x):
        return np.log(x + 1e5)

    return Exhibit(
        wrong=far_log,
        weak=checked_with_ones_at(A, tolerance=1e-2),
        strong=checked_at(A),
        caught="Likely mistake: it is always zero",
        error=GradientError,
        right=lambda x: mv.log(x + 1e5),
    )


@ROOM.exhibit
def one_entry_at_a_fixed_seed_was_looked_at():
    """minitorch's ``grad_check`` looks at one random entry of each argument, after random.seed(10).

    So the random entry of an argument is the same in every check, and all others are never looked
    at. A random *direction* moves all entries at once.
    """

    def all_but_the_first(g, x):
        g = 2.0 * g * x
        g[0, 0] = 0.0
        return g

    @wrong_op(all_but_the_first)
    def square(x):
        return np.square(x)

    def check_one_entry(f):
        at = tuple(np.random.default_rng(10).integers(A.shape))
        moved, h = np.zeros_like(A), 1e-6
        moved[at] = h
        slope = (f(mv.tensor(A + moved)).data - f(mv.tensor(A - moved)).data).sum() / (2 * h)
        _, pull = mv.vjp(f, A)
        np.testing.assert_allclose(pull(np.ones(A.shape))[0].data[at], slope, rtol=1e-2, atol=1e-2)

    return Exhibit(
        wrong=square,
        weak=check_one_entry,
        strong=checked_at(A),
        caught=r"only these entries are wrong: \[0, 0\]",
        error=GradientError,
        right=mv.square,
    )


@ROOM.exhibit
def the_sum_of_a_softmax_was_differentiated():
    """DeZero tests the backward pass of softmax by the gradient of its sum, which is always 1.

    So the true gradient is zero, and a backward pass that returns zeros is right. tinygrad's
    ``helper_test_op`` takes the cotangent of ones, too.
    """

    @wrong_op(zero)
    def softmax(x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    return Exhibit(
        wrong=softmax,
        weak=checked_with_ones_at(A, tolerance=1e-8),
        strong=checked_at(A),
        caught="Likely mistake: it is always zero",
        error=GradientError,
        right=lambda x: mv.softmax(x, axis=-1),
    )


@ROOM.exhibit
def the_inputs_were_bounded_so_that_nothing_overflows():
    """MyGrad's tests of sigmoid bound the inputs, and cs249r_book#1870 filtered the warning away.

    Either way the test stays green, and the overflow stays in the code. tinygrad's sigmoid had it
    reported as #59 in 2020.
    """

    def sigmoid(x):
        return 1.0 / (1.0 + mv.exp(-x))

    def small_inputs(f):
        gradcheck(f, np.linspace(-5.0, 5.0, 7))

    def large_inputs(f):
        with np.errstate(all="raise", under="ignore"):
            slopes = mv.grad(lambda x: f(x).sum())(np.array([-1e4, 0.0, 1e4]))
        np.testing.assert_allclose(slopes.data, [0.0, 0.25, 0.0], atol=1e-300)

    return Exhibit(
        wrong=sigmoid,
        weak=small_inputs,
        strong=large_inputs,
        caught="overflow",
        error=FloatingPointError,
        right=mv.sigmoid,
    )


def test_what_numpy_hides_is_a_slope_that_is_no_number():
    """Were the warning of the last exhibit filtered away: the value is right, the slope is not."""
    x = mv.tensor(np.array([-1e4]), requires_grad=True)
    with np.errstate(all="ignore"):
        z = 1.0 / (1.0 + mv.exp(-x))
        z.sum().backward()
    assert z.data == 0.0
    assert np.isnan(x.grad).all()
