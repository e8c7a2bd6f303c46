"""The gradient checker is checked: wrong adjoints that it must catch, right ones it must let pass.

Every mutant is a mistake that someone has made; several are invisible to a cotangent of ones.
"""

import gc

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


def test_a_formula_that_is_not_its_fused_operation_is_found(monkeypatch):
    """By its tangent, and where there is none to compare, at second order."""
    plain = mutant(np.tanh, lambda g, z: g * (1 - z * z))

    def without_tangent(x):
        return plain(mv.gelu(x))

    gradcheck(mv.gelu, A, order=2)
    gradcheck(without_tangent, A, order=2)
    right = mv.gelu.spec
    monkeypatch.setattr(mv.gelu, "spec", lambda x: 1.001 * right(x))
    with pytest.raises(GradientError, match="a fused one has a wrong formula"):
        gradcheck(mv.gelu, A)
    gradcheck(without_tangent, A)
    with pytest.raises(GradientError, match=r"the gradient of argument 0 \(x\) is wrong: at entry"):
        gradcheck(without_tangent, A, order=2)


FAINT = {  # wrong in the second entry, whose gradient is far smaller
    "half of it": lambda x, w: (x * x * w)[0] + (x * x.detach() * w)[1],
    "lost": lambda x, w: (x * x * w)[0] + (x.detach() ** 2 * w)[1],
}


@pytest.mark.parametrize("size", [10.0**-k for k in range(1, 9)])
@pytest.mark.parametrize("name", FAINT)
def test_a_mistake_in_an_entry_is_not_hidden_by_larger_ones(name, size):
    w = np.array([1.0, size])
    for seed in range(5):
        with pytest.raises(
            GradientError, match=r"is wrong in 1 of 2 entries.\n  Worst at entry \[1"
        ):
            gradcheck(lambda x: FAINT[name](x, w), [1.0, 2.0], rng=np.random.default_rng(seed))


@pytest.mark.parametrize("size", [10.0**k for k in range(3, 13)])
@pytest.mark.parametrize("f", [mv.sin, mv.cos, lambda x: mv.absolute(mv.sin(x)) + 1.0])
def test_waves_shorter_than_a_step_are_no_kinks(f, size):
    gradcheck(f, [1.0, size])


@pytest.mark.parametrize("size", [1e3, 1e6, 1e8])
@pytest.mark.parametrize("f", [mv.absolute, mv.relu])
def test_a_kink_among_such_waves_is_one(f, size):
    with pytest.raises(GradientError, match=r"has a kink.*entry \[1\]"):
        gradcheck(lambda x: f(x - size) + mv.sin(x), [1.0, size])


def test_a_branch_on_values_is_a_kink_though_the_complex_step_sees_none():
    with pytest.raises(GradientError, match="has a kink"):
        gradcheck(lambda x: x if x.data.real.sum() > 0 else -x, [0.0])
    with pytest.raises(GradientError, match="has a kink"):
        gradcheck(lambda x: mv.where(x.data.real > 0, x, -x) + mv.sin(x), [0.0, 1.0])


@pytest.mark.parametrize("f", [np.log, np.sqrt])
def test_a_pole_may_be_nearer_than_any_step(f):
    x = np.array([1.0, 1e-20, 1e-60])
    gradcheck(getattr(mv, f.__name__), x)
    with pytest.raises(GradientError, match="is wrong in 3 of 3"):
        gradcheck(mutant(f, lambda g, z, x: 2.0 * g * x, holomorphic=True), x)
    with pytest.raises(GradientError, match="is no derivative to check"):  # but none of a cut path
        gradcheck(lambda x: mv.log(x) * mv.log(x).detach(), x)


def test_nothing_is_left_behind_for_the_garbage_collector():
    gradcheck(mv.tanh, A, order=2)
    gc.collect()
    gc.disable()
    try:
        gradcheck(lambda x, y: mv.tanh(x @ y.T) + mv.relu(x).sum(), A, B, order=2)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_wrong_tangent_is_told_from_a_wrong_adjoint():
    operation = mutant(np.tanh, lambda g, x: g / np.cosh(x) ** 2)
    gradcheck(operation, A)  # without a tangent there is none to check
    operation.tangent(lambda v, x: v / mv.square(0.5 * (mv.exp(x) + mv.exp(-x))))
    gradcheck(operation, A)
    operation.tangent(lambda v, x: 2.0 * v)
    with pytest.raises(GradientError, match=r"the tangent of argument 0.*states a wrong tangent"):
        gradcheck(operation, A)
