"""Graphs that were cut or overwritten: right values, and a gradient silently wrong."""

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour, checked_at, checked_with_ones_at, values_at, wrong_op
from points import A

import minivae as mv
from minivae.testing import GradientError, gradcheck

ROOM = Room()


class TestBrokenGraphs(Tour):
    room = ROOM


@ROOM.exhibit
def an_entry_that_was_an_array():
    """pygrad's ``__getitem__`` returns the bare array: what follows is computed, not recorded.

    The values are right, and where the entry is multiplied by something recorded the gradient has
    one of its two terms, silently.
    """

    def product_of_rows(x):
        return x[0] * x.data[1]

    return Exhibit(
        wrong=product_of_rows,
        weak=values_at(A, like=lambda x: x[0] * x[1]),
        strong=checked_at(A),
        caught=r"only these entries are wrong: \[1, 0\], \[1, 1\]",
        error=GradientError,
        right=lambda x: x[0] * x[1],
    )


@ROOM.exhibit
def a_function_of_numpy_on_a_tensor():
    """A tensor that NumPy can turn into an array leaves the graph at the first ``np.exp``.

    The plain ``import numpy`` is a classic of HIPS autograd (#85), whose error was opaque; where
    ``__array__`` is given freely there is no error at all.
    """

    def weighted(x):
        return x * np.exp(x.numpy())

    return Exhibit(
        wrong=weighted,
        weak=values_at(A, like=lambda x: x * np.exp(x)),
        strong=checked_at(A),
        caught="is wrong in 12 of 12 entries",
        error=GradientError,
        right=lambda x: x * np.exp(x),
    )


def test_a_function_that_leaves_the_graph_is_refused():
    x = mv.tensor(A, requires_grad=True)
    with pytest.raises(TypeError, match="left the graph"):
        gradcheck(lambda t: t.data[0], A)
    with pytest.raises(TypeError, match="would cut its graph; say t.numpy"):
        np.asarray(x)
    with pytest.raises(TypeError, match="np.floor knows no tensors"):
        np.floor(x)


@ROOM.exhibit
def an_operand_that_was_overwritten():
    """HIPS autograd does not support changes in place, and does not notice them: #58, #177, #375,
    #515, #556, #559. Of fourteen engines compared only MyGrad locks its arrays.

    The adjoint of x² reads x when the walk comes by, and by then it is another x. Tests do not
    write to their inputs; optimisers do.
    """

    captured = []

    @wrong_op(lambda g: g * 2.0 * captured[-1])
    def square(x):
        captured.append(x)  # behind the engine's back: what an adjoint reads by name is watched
        return np.square(x)

    def gradient_or_refusal(f):
        x = mv.tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
        z = f(x).sum()
        x.data[1] = 100.0
        try:
            z.backward()
        except RuntimeError as error:
            assert "changed in place after it had been used" in str(error)  # noqa: PT017
        else:
            np.testing.assert_array_equal(x.grad, [2.0, 4.0, 6.0], err_msg="silently wrong")

    return Exhibit(
        wrong=square,
        weak=checked_with_ones_at(A),
        strong=gradient_or_refusal,
        caught="silently wrong",
        right=mv.square,
    )
