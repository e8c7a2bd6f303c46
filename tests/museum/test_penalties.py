"""Penalties of contractive autoencoders that did not contract."""

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour, wrong_op
from posteriors import MU

import minivae as mv
from minivae.testing import gradcheck

ROOM = Room()


class TestPenalties(Tour):
    room = ROOM


@ROOM.exhibit
def a_penalty_divided_to_nothing():
    """Deep Learning Tutorials, ``cA.py`` since 2016 (2c022d1): ``T.sum(J ** 2) // n``.

    An integer division is flat, so Theano's gradient of it is 0, and the contractive autoencoder is
    trained without contraction. A gradient checker agrees: the function *is* flat. What disagrees
    is the formula it stands for; and here a tensor knows no ``//`` at all.
    """

    @wrong_op(lambda g: 0.0 * g)
    def floor_divided(x, n=1.0):
        return np.floor_divide(x, n)

    def penalty_of(divide):
        return lambda w: divide(mv.sum(mv.square(w)) * 100.0, 7.0)

    def is_consistent(divide):
        gradcheck(penalty_of(divide), MU)

    def has_the_gradient_of_a_quotient(divide):
        gradient = mv.grad(penalty_of(divide))(MU).data
        np.testing.assert_allclose(gradient, 200.0 * MU / 7.0, rtol=1e-12, err_msg="no contraction")

    return Exhibit(
        wrong=floor_divided,
        weak=is_consistent,
        strong=has_the_gradient_of_a_quotient,
        caught="no contraction",
        right=mv.divide,
    )


def test_a_tensor_knows_no_floor_division():
    x = mv.tensor(MU, requires_grad=True)
    with pytest.raises(TypeError, match="unsupported operand"):
        x // 2.0
    with pytest.raises(TypeError, match="np.floor_divide knows no tensors"):
        np.floor_divide(x, 2.0)


@ROOM.exhibit
def a_mean_of_a_jacobian():
    """lisa-lab/pylearn2#90: the contraction penalty was the mean of the Jacobian, not ‖J‖²_F.

    Entries of either sign cancel: an encoder with large weights of both signs pays nothing. For
    small positive weights both are small.
    """
    w = np.array([[3.0, -3.0], [-2.0, 2.0]])

    def jacobian(x):
        return mv.jacobian(lambda t: mv.tanh(t @ w))(x)

    def mean(x):
        return mv.mean(jacobian(x)).item()

    def frobenius(x):
        return mv.square(mv.norm(jacobian(x))).item()

    def is_zero_where_units_saturate(penalty):
        assert penalty(np.array([10.0, -10.0])) == pytest.approx(0.0, abs=1e-9)

    def is_the_sum_of_squared_slopes(penalty):
        x = np.array([0.1, 0.2])
        slopes = (1 - np.tanh(x @ w) ** 2)[:, None] * w.T
        assert penalty(x) == pytest.approx(np.sum(slopes**2), rel=1e-9), "not the Frobenius norm"

    return Exhibit(
        wrong=mean,
        weak=is_zero_where_units_saturate,
        strong=is_the_sum_of_squared_slopes,
        caught="not the Frobenius norm",
        right=frobenius,
    )
