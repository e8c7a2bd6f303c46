"""The gradient checker is checked: wrong adjoints that it must catch, right ones it must let pass.

Every mutant is a mistake that someone has made; several are invisible to a cotangent of ones.
"""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wrong import mutant

import minivae as mv
from minivae.engine import vjp
from minivae.testing import GradientError, gradcheck

RNG = np.random.default_rng(1)
A, B = RNG.uniform(0.5, 2.0, (3, 4)), RNG.uniform(0.5, 2.0, (3, 4))
SQUARE = RNG.uniform(0.5, 2.0, (3, 3))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def all_but_one(g):
    g = g.copy()
    g[1, 2] = 0.0
    return g


WRONG = {
    "sign": (np.exp, [lambda g, z, x: -g * z], [A]),
    "factor two": (np.square, [lambda g, z, x: g * x], [A]),
    "factor next to one": (np.square, [lambda g, z, x: g * (2.0001 * x)], [A]),
    "zero": (np.tanh, [lambda g, z, x: 0.0 * g], [A]),
    "zero of a small function": (lambda x: 1e-7 * np.tanh(x), [lambda g, z, x: 0.0 * g], [A]),
    "derivative in place of its square": (np.tanh, [lambda g, z, x: g * (1.0 - z)], [A]),
    "no sum over a broadcast axis": (
        lambda x: np.broadcast_to(x, (5, 4)),
        [lambda g, z, x: g[0]],
        [A[0]],
    ),
    "no sum over a stretched axis": (
        np.add,
        [lambda g, z, x, y: g, lambda g, z, x, y: g[:1]],
        [A, B[:1]],
    ),
    "transposed": (np.transpose, [lambda g, z, x: g], [SQUARE]),
    "factor not transposed": (
        np.matmul,
        [lambda g, z, x, y: g @ y, lambda g, z, x, y: x.T @ g],
        [SQUARE, SQUARE + 1.0],
    ),
    "swapped operands": (np.multiply, [lambda g, z, x, y: g * x, lambda g, z, x, y: g * y], [A, B]),
    "sign of one operand": (np.subtract, [lambda g, z, x, y: g, lambda g, z, x, y: g], [A, B]),
    "divided by N": (
        lambda x: x.sum(axis=1),
        [lambda g, z, x: np.repeat(g[:, None], 4, 1) / x.shape[1]],
        [A],
    ),
    "not divided by N": (
        lambda x: x.mean(axis=1),
        [lambda g, z, x: np.repeat(g[:, None], 4, 1)],
        [A],
    ),
    "the other axis": (
        lambda x: x.sum(axis=1),
        [lambda g, z, x: np.repeat(g[None, :], 3, 0)],
        [SQUARE],
    ),
    "one entry forgotten": (np.sinh, [lambda g, z, x: all_but_one(g * np.cosh(x))], [A]),
    "one entry next to a giant": (
        np.square,
        [lambda g, z, x: np.where(x < 1.0, 0.0, 2.0 * g * x)],
        [np.array([1e3, 0.5])],
    ),
    "not linear in the cotangent": (np.exp, [lambda g, z, x: np.abs(g) * z], [A]),
    "NaN": (np.exp, [lambda g, z, x: g * np.nan], [A]),
}

BLIND = {  # right for a cotangent of ones, and wrong
    "softmax with no gradient": (softmax, [lambda g, z, x: 0.0 * g], [A]),
    "centring with no gradient": (
        lambda x: x - x.mean(axis=-1, keepdims=True),
        [lambda g, z, x: 0.0 * g],
        [A],
    ),
    "reversal that is not reversed": (lambda x: x[::-1], [lambda g, z, x: g], [A]),
    "cotangent averaged": (lambda x: 3.0 * x, [lambda g, z, x: 0.0 * g + 3.0 * g.mean()], [A]),
    "softmax without its second term": (
        lambda x: softmax(x) + x,
        [lambda g, z, x: g * 1.0],
        [A],
    ),
}


@pytest.mark.parametrize("name", WRONG | BLIND)
def test_a_wrong_gradient_is_caught(name):
    primal, adjoints, inputs = (WRONG | BLIND)[name]
    with pytest.raises(GradientError, match="is wrong in [1-9]"):
        gradcheck(mutant(primal, *adjoints), *inputs)


@pytest.mark.parametrize("name", BLIND)
def test_a_cotangent_of_ones_would_not_have_caught_it(name):
    """Or else these mutants prove nothing: their gradient of the sum is right."""
    primal, adjoints, (x,) = BLIND[name]
    z, pull = vjp(mutant(primal, *adjoints), x)
    (g,) = pull(np.ones(z.shape))
    h, e = 1e-5, np.zeros_like(x)
    for index in np.ndindex(x.shape):
        e[...] = 0.0
        e[index] = h
        slope = (primal(x + e).sum() - primal(x - e).sum()) / (2 * h)
        assert abs(g.data[index] - slope) < 1e-8


@given(st.integers(0, 2**32 - 1))
def test_no_seed_lets_a_wrong_gradient_pass(seed):
    for name in ("factor next to one", "one entry forgotten", "one entry next to a giant"):
        primal, adjoints, inputs = WRONG[name]
        with pytest.raises(GradientError):
            gradcheck(mutant(primal, *adjoints), *inputs, rng=np.random.default_rng(seed))


def test_a_path_that_was_cut_is_caught():
    with pytest.raises(GradientError):
        gradcheck(lambda x: x * x.detach(), A)
    with pytest.raises(GradientError):
        gradcheck(lambda x: mv.tensor(2.0 * x.data) + 0.0 * x, A)


RIGHT = {
    "exponential, steep": (lambda x: mv.exp(30.0 * x), [A]),
    "exponential, flat": (lambda x: mv.exp(-30.0 * x), [A]),
    "power, steep": (lambda x: x**9, [A]),
    "tiny": (lambda x: 1e-12 * mv.tanh(x), [A]),
    "huge": (lambda x: 1e12 * mv.tanh(x), [A]),
    "on a pedestal": (lambda x: mv.tanh(x) + 1e6, [A]),
    "constant": (lambda x: 0.0 * x + 3.0, [A]),
    "independent of its input": (lambda x: mv.tensor(np.ones(2)), [A]),
    "at a minimum": (mv.square, [np.zeros(3)]),
    "at an inflection": (lambda x: x**3.0, [np.zeros(3)]),
    "logarithm beside its pole": (mv.log, [np.array([1e-4, 1e-3, 1.0])]),
    "square root beside its branch": (mv.sqrt, [np.array([1e-3, 1e-2])]),
    "ramp beside its corner": (mv.relu, [np.array([1e-3, 2e-4, -5e-5, 1.0])]),
    "large inputs": (lambda x: mv.square(x), [np.array([1e6, -3e5])]),
    "large and small inputs": (lambda x: mv.tanh(x), [np.array([1e3, 1e-3])]),
    "oscillating": (lambda x: mv.sum(mv.tanh(20.0 * x)), [A]),
    "softmax": (lambda x: mv.exp(x - mv.logsumexp(x, axis=-1, keepdims=True)), [A]),
    "several inputs": (lambda x, y, z: mv.tanh(x @ y) + z, [A, B.T, SQUARE[0]]),
    "one input twice": (lambda x: x @ x.T, [A]),
    "a scalar": (lambda x: x * x, [3.0]),
    "no entries": (lambda x: mv.exp(x), [np.zeros((0, 3))]),
    "integers": (lambda x: x * x, [np.arange(3)]),
    "float32": (lambda x: x * x, [np.ones(3, "float32")]),
    "strided": (lambda x: x * x, [A[:, ::2]]),
    "single precision within": (lambda x: mv.exp(mv.astype(x, dtype="float32")), [A]),
    "a giant beside a ramp's corner": (mv.relu, [np.array([1e8, 1e-7])]),
    "a faint corner nearby": (lambda x: x + 1e-4 * mv.absolute(x), [np.array([1e-6, 1.0])]),
    "a product of giant and dwarf": (lambda x, y: mv.tanh(x * y), [1e6 * A, 1e-6 * B]),
    "digits lost within": (lambda x: (x + 1e9) - 1e9, [A]),
    "features finer than a step": (lambda x: mv.tanh(1e5 * x), [1e-5 * A]),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_a_right_gradient_passes(name, seed):
    f, inputs = RIGHT[name]
    before = [np.array(x) for x in inputs]
    gradcheck(f, *inputs, rng=np.random.default_rng(seed))
    for x, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, old)


def test_a_network_of_ramps_passes_though_some_corner_is_always_near():
    rng = np.random.default_rng(0)
    w, v = rng.standard_normal((64, 5)), rng.standard_normal((3, 64))
    for _ in range(5):
        x = rng.standard_normal((10, 5))
        gradcheck(lambda x, w: mv.relu(x @ w.T) @ v.T, x, w, rng=rng)


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


def cut(x):
    return x.detach() if isinstance(x, mv.Tensor) else x


HALF_RIGHT = {  # right adjoints with wrong derivatives
    "square": (np.square, [lambda g, z, x: g * (2.0 * cut(x))], [A]),
    "exp": (np.exp, [lambda g, z, x: g * cut(z)], [A]),
    "product": (np.multiply, [lambda g, z, x, y: g * cut(y), lambda g, z, x, y: g * x], [A, B]),
    "tanh, one of two factors": (np.tanh, [lambda g, z, x: g * (1.0 - z * cut(z))], [A]),
}


@pytest.mark.parametrize("name", HALF_RIGHT)
def test_a_wrong_derivative_of_an_adjoint_is_found_at_second_order_only(name):
    primal, adjoints, inputs = HALF_RIGHT[name]
    f = mutant(primal, *adjoints)
    gradcheck(f, *inputs)
    with pytest.raises(GradientError) as caught:
        gradcheck(f, *inputs, order=2)
    report = str(caught.value)
    assert "the second derivative, the gradient of the gradient of argument 0 (x)" in report
    assert "The first derivatives are right" in report


def test_the_second_derivative_names_both_arguments_and_the_mistake():
    f = mutant(np.multiply, *HALF_RIGHT["product"][1])
    with pytest.raises(GradientError) as caught:
        gradcheck(f, A, B, order=2)
    assert "gradient of argument 0 (x), of argument 1 (y), of shape (3, 4)" in str(caught.value)
    assert "it is always zero" in str(caught.value)


def test_the_second_derivative_of_each_argument_is_checked():
    f = mutant(np.multiply, lambda g, z, x, y: g * y, lambda g, z, x, y: g * cut(x))
    with pytest.raises(GradientError, match=r"of the gradient of argument 1 \(y\), of argument 0"):
        gradcheck(f, A, B, order=2)


def test_an_entry_that_is_not_finite_is_the_worst():
    wrong = mutant(np.exp, lambda g, z, x: np.where(x == A[1, 2], np.nan, 2.0 * g * z))
    with pytest.raises(GradientError, match=r"Worst at entry \[1, 2\].*backward gives nan"):
        gradcheck(wrong, A)


def test_a_wrong_gradient_is_not_called_a_second_derivative():
    with pytest.raises(GradientError) as caught:
        gradcheck(mutant(np.exp, lambda g, z, x: -g * z), A, order=2)
    assert "second" not in str(caught.value)


@pytest.mark.parametrize(
    ("f", "inputs"),
    [
        (lambda x, y: mv.tanh(x @ y), [A, B.T]),
        (mv.relu, [A - 1.0]),
        (mv.softplus, [A]),
        (mv.gaussian_kl, [A, B]),
        (lambda x: mv.logsumexp(x, axis=0), [A]),
        (lambda x: 3.0 * x, [A]),
        (lambda x, y: x * 2.0, [A, B]),
        (lambda x: x**3, [[1e-6, 1.0, 1e3]]),
    ],
)
def test_right_second_derivatives_pass(f, inputs):
    gradcheck(f, *inputs, order=2)


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
