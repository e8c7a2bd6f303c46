"""What the gradient checker says: of wrong gradients, of points without one, and of misuse."""

import re

import numpy as np
import pytest
from wrong import mutant

import minivae as mv
from minivae.testing import GradientError, gradcheck

RNG = np.random.default_rng(1)
A, B = RNG.uniform(0.5, 2.0, (3, 4)), RNG.uniform(0.5, 2.0, (3, 4))


def all_but_one(g):
    g = g.copy()
    g[1, 2] = 0.0
    return g


def test_the_report_names_function_argument_entry_and_both_values():
    def product(x, y):
        return operation(x, y).sum()

    operation = mutant(np.multiply, lambda g, z, x, y: g * y, lambda g, z, x, y: all_but_one(g * x))
    with pytest.raises(GradientError) as caught:
        gradcheck(product, A, B)
    report = re.fullmatch(
        r"product: the gradient of argument 1 \(y\), of shape \(3, 4\), is wrong in 1 of 12 "
        r"entries\.\n"
        rf"  Worst at entry \[1, 2\], where y is {B[1, 2]:.6g}: backward gives (\S+), "
        r"central differences (\S+)\.\n"
        r"  Likely mistake: only these entries are wrong: \[1, 2\]\.",
        str(caught.value),
    )
    backward, numeric = map(float, report.groups())
    u = np.random.default_rng(0).standard_normal(())  # the first draw of the default generator
    assert backward == 0
    assert numeric == pytest.approx(u * A[1, 2], rel=1e-6)


def test_the_report_calls_an_operation_by_its_name():
    with pytest.raises(GradientError, match=r"^mutant_\d+: "):
        gradcheck(mutant(np.exp, lambda g, z, x: -g * z), A)


def test_an_entry_that_is_not_finite_is_the_worst():
    wrong = mutant(np.exp, lambda g, z, x: np.where(x == A[1, 2], np.nan, 2.0 * g * z))
    with pytest.raises(GradientError, match=r"Worst at entry \[1, 2\].*backward gives nan"):
        gradcheck(wrong, A)


@pytest.mark.parametrize("at", [(0,), (3,)])
@pytest.mark.parametrize(
    "f",
    [mv.absolute, mv.relu, lambda x: mv.maximum(x, -2.0 * x), lambda x: mv.relu(x) + 1e6],
)
def test_a_kink_is_named(f, at):
    """Even where symmetric differences agree with the derivative that was chosen there."""
    x = np.array([1.0, -2.0, 0.5, 1.5])
    x[at] = 0.0
    with pytest.raises(
        GradientError, match=rf"argument 0 .*has a kink.*entry \[{at[0]}\], value 0"
    ):
        gradcheck(f, x)


def test_a_point_outside_the_domain_is_named():
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(GradientError, match="log: 1 of 2 results are not finite"),
    ):
        gradcheck(mv.log, np.array([1.0, -1.0]))


NO_DERIVATIVE = {  # at the last entry
    "sqrt": (mv.sqrt, [1.0, 0.0], "not finite on one side"),
    "power": (lambda x: x**0.5, [1.0, 0.0], "not finite on one side"),
    "power with a slope on one side": (lambda x: x**1.5, [1.0, 0.0], "not finite on one side"),
    "log at a pole": (lambda x: mv.log(x + 1e-300), [1.0, 0.0], "not finite on one side"),
    "root of the size": (lambda x: mv.absolute(x) ** 0.25, [1.0, 0.0], "the slope is infinite"),
    "root": (lambda x: mv.sign(x) * mv.absolute(x) ** 0.25, [1.0, 0.0], "the slope is infinite"),
    "jump": (mv.sign, [1.0, 0.0], "the slope is infinite"),
}


@pytest.mark.parametrize("name", NO_DERIVATIVE)
def test_where_there_is_no_derivative_no_adjoint_is_blamed(name):
    f, x, why = NO_DERIVATIVE[name]
    with pytest.raises(GradientError) as caught, np.errstate(all="ignore"):
        gradcheck(f, np.array(x))
    assert "there is no derivative to check at entry [1] of argument 0 (x), value 0: " in str(
        caught.value
    )
    assert why in str(caught.value)
    assert "move the input away" in str(caught.value)
    assert "Likely" not in str(caught.value)


def draws_noise():
    rng = np.random.default_rng(0)
    return lambda x: x * rng.standard_normal()


def changes_its_input(x):
    z = x * 1.0
    x.data[0] = 7.0
    return z


MISUSE = {
    "an array": (lambda x: x.data**2, [A], TypeError, "returned a ndarray: it left the graph; use"),
    "a number": (lambda x: 3.0, [A], TypeError, "it returned a float"),
    "two tensors": (lambda x: (x, x), [A], TypeError, "it returned a tuple"),
    "integers": (lambda x: mv.tensor([1, 2]), [A], TypeError, "returned a tensor of int64"),
    "no inputs": (lambda: mv.tensor(1.0), [], ValueError, "there is no input"),
    "NaN in": (lambda x: x * x, [[1.0, np.nan]], ValueError, r"argument 0 \(x\) has 1 entries"),
    "infinity in": (lambda x, y: x * y, [A, [np.inf]], ValueError, r"argument 1 \(y\) has 1"),
    "NaN out": (lambda x: mv.log(-x), [A], GradientError, "12 of 12 results are not finite"),
    "noise": (draws_noise(), [A], GradientError, "differ.*draw the noise outside and pass it in"),
    "a changed input": (changes_its_input, [A[0]], GradientError, r"changes argument 0 \(x\) in"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_gets_one_clear_line(name):
    f, inputs, error, text = MISUSE[name]
    with pytest.raises(error, match=text) as caught:
        gradcheck(f, *inputs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("order", [0, 3, "2"])
def test_there_are_two_orders(order):
    with pytest.raises(ValueError, match="order is 1 or 2"):
        gradcheck(lambda x: x, A, order=order)


def test_a_wrong_gradient_of_a_large_input_is_reported_at_once():
    x = np.linspace(0.5, 2.0, 20_000)
    with pytest.raises(GradientError, match="is wrong. Where and how, a check of a smaller input"):
        gradcheck(mutant(np.square, lambda g, z, x: g * x), x)


def test_gradient_errors_are_failed_assertions():
    assert issubclass(GradientError, AssertionError)
    assert mv.testing.GradientError is GradientError
