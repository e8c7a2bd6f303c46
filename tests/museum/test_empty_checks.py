"""Checks that compared nothing, or not what they were named for. No mistake is too large for them.

Here ``weak`` is the exhibit, re-enacted from a public project, and ``wrong`` is what it lets pass.
"""

import gc
import weakref

import numpy as np
from exhibit import (
    Exhibit,
    Room,
    Tour,
    checked_at,
    values_at,
    wrong_op,
)
from points import A

import minivae as mv
from minivae.testing import GradientError, gradcheck

ROOM = Room()


class TestEmptyChecks(Tour):
    room = ROOM


@ROOM.exhibit
def gradients_were_never_compared():
    """SmallPebble's ``check_grad`` loops over the gradients and compares the *forward* error again.

    The variable of the loop over the gradients is not used in the comparison, so that no gradient,
    however wrong, fails. A checker is to be shown a wrong gradient once, and seen red.
    """

    @wrong_op(lambda g, x: 1000.0 * g)
    def tanh(x):
        return np.tanh(x)

    def check_that_tests_the_values_again(f):
        z, pull = mv.vjp(f, A)
        error = np.abs(z.data - np.tanh(A)).max()
        for _gradient in pull(np.ones(z.shape)):
            assert error < 1e-6

    return Exhibit(
        wrong=tanh,
        weak=check_that_tests_the_values_again,
        strong=checked_at(A),
        caught="is wrong in 12 of 12 entries",
        error=GradientError,
        right=mv.tanh,
    )


@ROOM.exhibit
def a_function_was_compared_with_itself():
    """minitorch's ``test_sum`` asserts that ``sum(ls)`` equals ``sum(ls)`` (in the 2023 course).

    Both sides are the function under test, so that a sum that forgets an entry passes. The test was
    repaired in 2024. An oracle has to come from elsewhere.
    """

    def forgetful_sum(x):
        return mv.sum(x[:-1])

    def compare_with_itself(f):
        assert f(mv.tensor(A[0])).item() == f(mv.tensor(A[0])).item()

    return Exhibit(
        wrong=forgetful_sum,
        weak=compare_with_itself,
        strong=values_at(A[0], like=np.sum),
        caught="Not equal to tolerance",
        right=mv.sum,
    )


@ROOM.exhibit
def the_check_printed_its_verdict():
    """DeZero's ``gradient_check`` prints what it found and returns False, where a test should fail.

    A test that calls it and forgets to assert is green. The graders of EECS 498 print a
    ``rel_error`` in the same way, and that of XCS236 says that it does not check correctness.
    """

    @wrong_op(lambda g, z: -g * z)
    def exp(x):
        return np.exp(x)

    def check_that_returns_false(f, said):
        try:
            gradcheck(f, A)
        except GradientError as error:
            said.append(str(error))
            return False
        return True

    def call_it_and_go_on(f):
        check_that_returns_false(f, said=[])

    return Exhibit(
        wrong=exp,
        weak=call_it_and_go_on,
        strong=checked_at(A),
        caught="Likely mistake: its sign is flipped",
        error=GradientError,
        right=mv.exp,
    )


@ROOM.exhibit
def only_shapes_were_tested():
    """tinynn's tests of convolutions look at the shapes alone, of results and gradients.

    TinyTorch had no numerical test of any backward pass until harvard-edge/cs249r_book#1336. A
    gradient of the right shape may be anything.
    """

    @wrong_op(lambda g, x, y: g @ x.T, lambda g, x, y: y.T @ g)
    def product(x, y):
        return x @ y

    square = A[:, :3], A[:, 1:] + 1.0

    def look_at_shapes(f):
        z, pull = mv.vjp(f, *square)
        assert z.shape == (3, 3)
        assert [g.shape for g in pull(np.ones((3, 3)))] == [(3, 3), (3, 3)]

    return Exhibit(
        wrong=product,
        weak=look_at_shapes,
        strong=checked_at(*square),
        caught="gradient of argument 0.* is wrong in 9 of 9 entries",
        error=GradientError,
        right=mv.matmul,
    )


@ROOM.exhibit
def the_test_for_leaks_asserted_true():
    """MyGrad's fixture that looks for graphs that are not freed ends in ``assert True``.

    So nothing would have shown the commonest leak of closure engines such as micrograd: the closure
    of a backward pass holds its own output, a cycle that only the garbage collector undoes.
    """

    def square_that_holds_its_result(x):
        z = mv.square(x)
        z.node.static = {"saved": z}
        return z

    def end_in_true(f):
        f(mv.tensor(A, requires_grad=True))
        assert True

    def is_freed_at_once(f):
        gc.disable()
        try:
            z = f(mv.tensor(A, requires_grad=True))
            gone = weakref.ref(z)
            del z
            assert gone() is None, "the graph outlives its result"
        finally:
            gc.enable()

    return Exhibit(
        wrong=square_that_holds_its_result,
        weak=end_in_true,
        strong=is_freed_at_once,
        caught="the graph outlives its result",
        right=mv.square,
    )
