"""Where there is no derivative, or a formula would give NaN, what is taken is what is declared."""

import numpy as np
import pytest

import minivae as mv

INF, NAN = np.inf, np.nan

# The operation, the point, and what is taken there for the gradient of the sum of the results.
DECLARED = {
    # corners: the slope of one side, or their mean
    "relu": (mv.relu, 0.0, 0.0),
    "leaky_relu": (mv.leaky_relu, 0.0, 0.01),
    "elu": (mv.elu, 0.0, 1.0),
    "absolute": (mv.absolute, [0.0, -0.0], [0.0, 0.0]),
    "sign": (mv.sign, [0.0, -2.0], [0.0, 0.0]),
    "maximum with NaN": (lambda x: mv.maximum(x, 1.0), NAN, 0.0),
    "minimum with NaN": (lambda x: mv.minimum(1.0, x), NAN, 0.0),
    "max beside NaN": (mv.max, [1.0, NAN], [0.0, 0.0]),
    "softplus at infinity": (mv.softplus, [INF, -INF], [1.0, 0.0]),
    "norm of subnormals": (mv.norm, [3e-320, 4e-320], [3 / 5, 4 / 5]),
    # ties are shared
    "maximum with a constant": (lambda x: mv.maximum(x, 0.0), 0.0, 0.5),
    "minimum with a constant": (lambda x: mv.minimum(0.0, x), 0.0, 0.5),
    "maximum with itself": (lambda x: mv.maximum(x, x), 3.0, 1.0),
    "max": (mv.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    "min": (mv.min, [2.0, 1.0, 1.0, 1.0], [0.0, 1 / 3, 1 / 3, 1 / 3]),
    "max along an axis": (
        lambda x: mv.max(x, axis=1),
        [[2.0, 2.0], [5.0, 4.0]],
        [[0.5, 0.5], [1.0, 0.0]],
    ),
    "clip on its limits": (
        lambda x: mv.clip(x, -1.0, 1.0),
        [-2.0, -1.0, 0.0, 1.0, 2.0],
        [0.0, 0.5, 1.0, 0.5, 0.0],
    ),
    "clip between equal limits": (lambda x: mv.clip(x, 1.0, 1.0), 1.0, 0.25),
    "norm of order 1": (lambda x: mv.norm(x, 1), [0.0, -2.0], [0.0, -1.0]),
    "norm of order inf": (lambda x: mv.norm(x, INF), [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
    # infinite or undefined slopes at zero: taken as 0
    "sqrt": (mv.sqrt, [0.0, 4.0], [0.0, 0.25]),
    "norm": (mv.norm, [0.0, 0.0], [0.0, 0.0]),
    "norm of one row": (
        lambda x: mv.norm(x, axis=1),
        [[0.0, 0.0], [3.0, 4.0]],
        [[0.0, 0.0], [0.6, 0.8]],
    ),
    "std of equal entries": (mv.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
    "x ** 0.5": (lambda x: x**0.5, 0.0, 0.0),
    # no trouble, where a careless formula has 0 / 0 or 0 log 0
    "var of equal entries": (mv.var, [2.0, 2.0], [0.0, 0.0]),
    "prod with one zero": (mv.prod, [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    "prod with two zeros": (mv.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    "x ** 0": (lambda x: x**0, 0.0, 0.0),
    "x ** 1": (lambda x: x**1, 0.0, 1.0),
    "x ** 2": (lambda x: x**2, [0.0, -1.0], [0.0, -2.0]),
    "x ** 1.5": (lambda x: x**1.5, 0.0, 0.0),
    "powers of an array": (
        lambda x: mv.power(x, np.array([0.0, 0.5, 1.0, 2.0])),
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
    ),
    "0 ** y": (lambda y: mv.power(0.0, y), [2.0, 0.5], [0.0, 0.0]),
    "0 ** 0, in the exponent": (lambda y: mv.power(0.0, y), 0.0, 0.0),
    # infinite entries: the limit of the shares; where there is none, equal shares
    "logsumexp with -inf": (mv.logsumexp, [-INF, 1.0], [0.0, 1.0]),
    "logsumexp with inf": (mv.logsumexp, [INF, 1.0], [1.0, 0.0]),
    "logsumexp of -inf alone": (mv.logsumexp, [-INF, -INF], [0.5, 0.5]),
    "logsumexp of inf alone": (mv.logsumexp, [INF, INF], [0.5, 0.5]),
    "softmax with -inf": (lambda x: mv.softmax(x)[1], [-INF, 1.0, 1.0], [0.0, 0.25, -0.25]),
    "softmax with inf": (lambda x: mv.softmax(x)[0], [INF, 1.0], [0.0, 0.0]),
    "log_softmax with -inf": (mv.log_softmax, [-INF, 1.0], [1.0, -1.0]),
    "logaddexp at -inf": (lambda x: mv.logaddexp(x, 1.0), -INF, 0.0),
    "logaddexp with -inf": (lambda x: mv.logaddexp(x, -INF), 1.0, 1.0),
    "logaddexp of -inf twice": (lambda x: mv.logaddexp(x, -INF), -INF, 0.5),
    "logaddexp of inf twice": (lambda x: mv.logaddexp(INF, x), INF, 0.5),
    # a branch that is not taken
    "where beside NaN": (
        lambda x: mv.where(np.array([True, False]), x, np.array([NAN, 1.0])),
        [2.0, NAN],
        [1.0, 0.0],
    ),
    "where beside a root": (lambda x: mv.where(x == 0, 0.0, mv.sqrt(x)), 0.0, 0.0),
}


def reverse(f, x):
    """The gradient of the sum of the results, by one reverse walk."""
    z, pull = mv.vjp(f, x)
    return pull(np.ones(z.shape))[0].data


def forward(f, x):
    """The same, by a forward walk along each axis of the space of x."""
    slopes = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        unit = np.zeros(x.shape)
        unit[index] = 1.0
        slopes[index] = mv.jvp(f, (x,), (unit,))[1].data.sum()
    return slopes


@pytest.mark.parametrize("walk", [reverse, forward])
@pytest.mark.parametrize("name", DECLARED)
def test_the_slope_is_the_one_declared(name, walk):
    f, point, slope = DECLARED[name]
    np.testing.assert_allclose(walk(f, np.array(point)), slope, rtol=1e-15, atol=0)


def test_a_branch_that_is_not_taken_spoils_the_gradient_where_its_slope_is_infinite():
    """The reverse walk comes to it with 0, and 0 / 0 is NaN; the forward walk drops its tangent.

    Choose the operand too, then both are right.
    """

    def careless(x):
        return mv.where(x > 0, mv.log(x), 0.0)

    def careful(x):
        return mv.where(x > 0, mv.log(mv.where(x > 0, x, 1.0)), 0.0)

    x = np.array(0.0)
    with np.errstate(all="ignore"):
        assert np.isnan(reverse(careless, x))
        assert forward(careless, x) == 0.0
    assert reverse(careful, x) == forward(careful, x) == 0.0


@pytest.mark.parametrize(
    ("f", "message", "value", "slope"),
    [
        (lambda x: 1.0 / x, "divide by zero", INF, -INF),
        (lambda x: x / 0.0, "divide by zero|invalid value", NAN, INF),
        (lambda x: x**-1, "divide by zero", INF, -INF),
        (lambda y: mv.power(0.0, y - 1.0), "divide by zero", INF, -INF),
        (mv.log, "divide by zero", -INF, INF),
    ],
    ids=["1 / x", "x / 0", "x ** -1", "0 ** y", "log"],
)
def test_a_pole_is_warned_of_by_numpy(f, message, value, slope):
    """Its slope is infinite, as its value."""
    with pytest.warns(RuntimeWarning, match=message):
        f(mv.tensor(np.zeros(1)))
    with np.errstate(all="ignore"):
        np.testing.assert_equal(f(mv.tensor(0.0)).item(), value)
        np.testing.assert_equal(reverse(f, np.array(0.0)), slope)
        np.testing.assert_equal(forward(f, np.array(0.0)), slope)


def test_powers_have_all_their_derivatives_at_zero():
    second = mv.grad(mv.grad(lambda x: x**1))
    third = mv.grad(mv.grad(mv.grad(lambda x: x**2)))
    assert second(0.0).item() == third(0.0).item() == 0.0
    assert mv.grad(mv.grad(lambda x: x**2))(0.0).item() == 2.0


@pytest.mark.parametrize(("x", "slope"), [(INF, 1.0), (-INF, 0.0)])
def test_gelu_is_a_ramp_at_infinity(x, slope):
    assert mv.gelu(x) == max(x, 0.0)
    assert reverse(mv.gelu, np.array(x)) == slope


@pytest.mark.parametrize("f", [mv.norm, lambda x: mv.norm(x, axis=1).sum()])
def test_the_norm_is_flat_to_all_orders_at_zero(f):
    x, v = np.zeros((2, 3)), np.ones((2, 3))
    np.testing.assert_array_equal(mv.hvp(f, x, v).data, x)


def test_the_norm_has_a_slope_wherever_it_has_a_value():
    for size in (1e200, 1e-200, 1e-310):
        unit = np.array([0.6, 0.8])
        for walk in (reverse, forward):
            np.testing.assert_allclose(walk(mv.norm, size * unit), unit, rtol=1e-12)


def test_two_equal_exponentials_have_a_second_derivative():
    """Of log(eˣ + eʸ) in x it is σ(x - y) σ(y - x)."""
    assert mv.grad(mv.grad(lambda x: mv.logaddexp(x, 1.0)))(1.0).item() == 0.25
    assert mv.grad(mv.grad(lambda x: mv.logaddexp(np.array(1.0), x)))(1.0).item() == 0.25


def test_over_no_entries_gradients_are_empty():
    for f in (mv.sum, mv.prod, mv.logsumexp, mv.norm, mv.mean):
        x = mv.tensor(np.ones((2, 0)), requires_grad=True)
        with np.errstate(all="ignore"):
            f(x, axis=1).sum().backward()
        assert x.grad.shape == (2, 0)
