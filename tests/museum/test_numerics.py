"""Numbers that leave their range or their type, where the formula on paper is right."""

import numpy as np
from exhibit import Exhibit, Room, Tour, checked_at, for_every, values_at, wrong_op
from hypothesis import strategies as st
from points import A

import minivae as mv

ROOM = Room()


class TestNumerics(Tour):
    room = ROOM


def stable(value, slope):
    """Values and slopes at the ends of the range, with NumPy's warnings as errors."""
    x = np.array([-1e4, -50.0, 0.0, 50.0, 1e4])

    def check(f):
        t = mv.tensor(x, requires_grad=True)
        with np.errstate(all="raise", under="ignore"):
            z = f(t)
            z.sum().backward()
        np.testing.assert_allclose(z.data, value(x), rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(t.grad, slope(x), rtol=1e-12, atol=1e-300)

    return check


@ROOM.exhibit
def a_softplus_whose_limit_was_never_used():
    """tinygrad's ``softplus(limit=20)`` of 2021 has an argument that nothing reads.

    It computes log(1 + eˣ) whatever the limit, which overflows at 710. It was mended in 2025
    (tinygrad#11564). An argument that changes nothing is a test that is missing.
    """

    def softplus(x, limit=20.0):
        return mv.log(1.0 + mv.exp(x))

    return Exhibit(
        wrong=softplus,
        weak=checked_at(A * 5.0),
        strong=stable(lambda x: np.logaddexp(0.0, x), lambda x: np.exp(-np.logaddexp(0.0, -x))),
        caught="overflow",
        error=FloatingPointError,
        right=mv.softplus,
    )


@ROOM.exhibit
def a_softmax_shifted_by_the_greatest_of_all_rows():
    """SmallPebble's softmax subtracts the maximum of the whole array, not that of each row.

    In every row that is far below it all exponentials vanish, and the shares are 0 / 0. Rows of
    like size, as of random tests, are fine.
    """

    def softmax(x):
        e = mv.exp(x - mv.max(x))
        return e / mv.sum(e, axis=-1, keepdims=True)

    def shifted_rows_are_the_same(f):
        shift = np.array([[0.0], [1e4], [-1e4]])
        with np.errstate(all="raise", under="ignore"):
            np.testing.assert_allclose(f(mv.tensor(A + shift)).data, f(mv.tensor(A)).data)

    return Exhibit(
        wrong=softmax,
        weak=checked_at(A),
        strong=shifted_rows_are_the_same,
        caught="invalid value",
        error=FloatingPointError,
        right=lambda x: mv.softmax(x, axis=-1),
    )


@ROOM.exhibit
def a_logarithm_with_something_added():
    """minitorch's ``operators.log`` adds a small number to its argument, without a word.

    Then log 1 is not 0, and log of anything smaller than that number is a constant. To an absolute
    1e-2, the tolerance of its tests, that is the same for moderate numbers.
    """

    def log(x):
        return mv.log(x + 1e-6)

    def roughly(f):
        np.testing.assert_allclose(f(mv.tensor(A)).data, np.log(A), atol=1e-2)

    return Exhibit(
        wrong=log,
        weak=roughly,
        strong=values_at(np.array([1e-9, 1.0]), like=np.log),
        caught="Not equal to tolerance",
        right=mv.log,
    )


@ROOM.exhibit
def single_precision_that_became_double():
    """float32 in, float64 out: HIPS/autograd#163, #199, #671; needle's hw1#20 asks for a test.

    One array made by ``np.ones`` is enough, for its default is float64. Nothing is wrong with the
    numbers, so nobody notices but the clock.
    """

    def gradient_of_a_mean_square(x):
        return 2.0 * x * np.ones(x.shape) / x.size

    def right(x):
        return mv.grad(lambda t: mv.mean(mv.square(t)))(x).data

    def is_right(gradient):
        np.testing.assert_allclose(gradient(A), 2.0 * A / A.size)

    def keeps_the_type(gradient):
        @for_every(st.sampled_from(["float32", "float64"]))
        def law(dtype):
            g = gradient(A.astype(dtype))
            assert g.dtype == dtype, f"{dtype} has become {g.dtype}"

        law()

    return Exhibit(
        wrong=gradient_of_a_mean_square,
        weak=is_right,
        strong=keeps_the_type,
        caught="float32 has become float64",
        right=right,
    )


def test_an_adjoint_in_double_precision_is_brought_back():
    """The walk mends what the last exhibit gets wrong: a gradient has the type of its tensor."""

    @wrong_op(lambda g, x: g * np.full(x.shape, 2.0))
    def double(x):
        return x + x

    x = mv.tensor(A.astype("float32"), requires_grad=True)
    double(double(x)).sum().backward()
    assert x.grad.dtype == "float32"
