"""Checkers that are wrong themselves: one leaves traces, and one refuses what is right.

Here ``wrong`` and ``right`` are checkers, and ours has to be the right one.
"""

import random

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour, wrong_op
from points import A

import minivae as mv
from minivae.testing import GradientError, gradcheck

ROOM = Room()


class TestCheckers(Tour):
    room = ROOM


@ROOM.exhibit
def the_checker_left_traces():
    """minitorch's ``grad_check`` marks its inputs as wanting gradients, clears those that they had,
    and reseeds the generator that everybody shares.

    Whatever draws from ``random`` after the check draws the same numbers each time. The verdict is
    right, so nobody looks at the inputs.
    """

    def checker(f, x):
        x.requires_grad, x.grad = True, None
        random.seed(10)
        f(x).sum().backward()
        at = tuple(random.randrange(n) for n in x.shape)
        slope = mv.grad(lambda t: f(t).sum())(x.data).data[at]
        np.testing.assert_allclose(x.grad[at], slope, rtol=1e-2)

    def input_and_draw_after(checker):
        x, state = mv.tensor(A.copy()), random.getstate()
        try:
            random.seed(3)
            checker(mv.tanh, x)
            return x, random.random()
        finally:
            random.setstate(state)

    def it_says_yes(checker):
        input_and_draw_after(checker)

    def it_leaves_no_trace(checker):
        x, draw = input_and_draw_after(checker)
        np.testing.assert_array_equal(x.data, A)
        assert not x.requires_grad, "the input wants a gradient from now on"
        assert x.grad is None
        assert draw == random.Random(3).random(), "the shared generator was reseeded"

    return Exhibit(
        wrong=checker,
        weak=it_says_yes,
        strong=it_leaves_no_trace,
        caught="the input wants a gradient from now on",
        right=gradcheck,
    )


@ROOM.exhibit
def a_complex_step_through_an_absolute_value():
    """MyGrad's numerical gradient is a complex step, Im f(x + ih) / h, which fails for |x| and max.

    NumPy's |x + ih| is the modulus, which is real: the slope comes out as 0, and the *right*
    gradient is refused. Functions that are not analytic need real differences.
    """

    def complex_step(f, x):
        slopes = np.imag(np.broadcast_to(f.primal(x + 1e-20j), x.shape)) / 1e-20
        np.testing.assert_allclose(mv.grad(lambda t: f(t).sum())(x).data, slopes, rtol=1e-9)

    def accepts_a_sine(checker):
        checker(mv.sin, A)

    def accepts_an_absolute_value(checker):
        checker(mv.sin, A)
        checker(mv.absolute, A)

    return Exhibit(
        wrong=complex_step,
        weak=accepts_a_sine,
        strong=accepts_an_absolute_value,
        caught="Not equal to tolerance",
        right=gradcheck,
    )


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.5, 2.0, 1.0001])
def test_our_checker_compares_gradients_and_nothing_else(factor):
    """Wrong gradients are refused, and wrong values are no concern of a gradient's check."""

    @wrong_op(lambda g, x: g * np.exp(x) * factor)
    def exp(x):
        return np.exp(x) + 5.0

    right = wrong_op(lambda g, x: g * np.exp(x))(lambda x: np.exp(x) + 5.0)
    gradcheck(right, A)
    with pytest.raises(GradientError):
        gradcheck(exp, A)
