"""Measured slopes: exact where they can be, honest where not, and never a false alarm."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from wrong import mutant

import minivae as mv
from minivae.engine import REGISTRY, vjp
from minivae.testing import GradientError, gradcheck
from minivae.testing.differences import Scalar
from minivae.testing.point import Point

RNG = np.random.default_rng(1)
A, B = RNG.uniform(0.5, 2.0, (3, 4)), RNG.uniform(0.5, 2.0, (3, 4))

HOLOMORPHIC = [
    *("add", "subtract", "multiply", "divide", "negative", "power", "exp", "expm1", "log", "log1p"),
    *("sqrt", "square", "tanh", "matmul", "sum", "mean", "reshape", "transpose", "swapaxes"),
]


@pytest.fixture
def complex_steps(monkeypatch):
    """Declare what is holomorphic, and count the functions that were continued."""
    for name in REGISTRY.keys() & HOLOMORPHIC:
        monkeypatch.setattr(REGISTRY[name], "holomorphic", True, raising=False)
    taken = []
    slope = Scalar.slope

    def counted(self, i, v):
        taken.append(slope(self, i, v))
        return taken[-1]

    monkeypatch.setattr(Scalar, "slope", counted)
    return lambda: [s.exact for s in taken]


ALMOST = {  # adjoints that are wrong by a billionth
    "exp": (np.exp, [lambda g, z, x: g * z * (1 + 1e-9)], [A]),
    "product": (
        np.multiply,
        [lambda g, z, x, y: g * y, lambda g, z, x, y: g * x * (1 - 1e-9)],
        [A, B],
    ),
    "one entry of a matrix product": (
        np.matmul,
        [lambda g, z, x, y: (g @ y.T) * (1 + 1e-9 * (x == x.max())), lambda g, z, x, y: x.T @ g],
        [A, B.T],
    ),
    "large": (np.square, [lambda g, z, x: 2.0 * g * x * (1 + 1e-9)], [1e6 * A]),
    "small": (np.square, [lambda g, z, x: 2.0 * g * x * (1 + 1e-9)], [1e-6 * A]),
}


@pytest.mark.parametrize("name", ALMOST)
def test_the_complex_step_finds_an_error_of_a_billionth(name, complex_steps):
    primal, adjoints, inputs = ALMOST[name]
    with pytest.raises(GradientError, match="the complex step"):
        gradcheck(mutant(primal, *adjoints, holomorphic=True), *inputs)
    assert all(complex_steps())


@pytest.mark.parametrize("name", ALMOST)
def test_which_differences_alone_do_not(name, complex_steps):
    primal, adjoints, inputs = ALMOST[name]
    gradcheck(mutant(primal, *adjoints), *inputs)
    assert not any(complex_steps())


def test_the_tolerance_of_the_complex_step_follows_rtol(complex_steps):
    primal, adjoints, inputs = ALMOST["exp"]
    gradcheck(mutant(primal, *adjoints, holomorphic=True), *inputs, rtol=1e-2)
    assert all(complex_steps())


@pytest.mark.parametrize(
    "f",
    [
        lambda x: mv.exp(mv.tanh(x)) / (x * x + 1.0),
        lambda x: mv.sum(mv.log(x + 0.1) * mv.sqrt(x + 0.1), axis=0) ** 3,
        lambda x: x * x * x,
        lambda x: (x @ x.T).mean(axis=1),
        lambda x: 1e9 * (1.0 - mv.tanh(9.0 * x)),
        lambda x: mv.log1p(1e-7 * x) ** 2,
        lambda x: mv.mean(x - mv.mean(x, axis=-1, keepdims=True), axis=-1),
        lambda x: 1e2 * (x - x) + 1e-5 * x,
    ],
)
@pytest.mark.parametrize("size", [0.0, 1e-6, 1.0, 1e3])
def test_right_holomorphic_functions_pass(f, size, complex_steps):
    gradcheck(f, size * A)


NOT_CONTINUED = {  # declared holomorphic, and not, with their right adjoints
    "real result": (lambda x: np.abs(x) ** 2, lambda g, z, x: 2.0 * g * x),
    "complex result, real part within": (
        lambda x: x * np.real(x),
        lambda g, z, x: 2.0 * g * x,
    ),
    "a branch": (lambda x: x * x if np.isrealobj(x) else x * 3.0, lambda g, z, x: 2.0 * g * x),
    "no complex numbers": (lambda x: np.fmod(x, 9.0) ** 2, lambda g, z, x: 2.0 * g * x),
    "an imaginary part lost": (
        lambda x: np.asarray(x).astype(float) ** 2,
        lambda g, z, x: 2.0 * g * x,
    ),
    "digits lost": (
        lambda x: ((x + 1e6) - 1e6) ** 2 if np.iscomplexobj(x) else x * x,
        lambda g, z, x: 2.0 * g * x,
    ),
}


@pytest.mark.parametrize("name", NOT_CONTINUED)
def test_differences_count_where_the_complex_step_does_not_hold(name, complex_steps):
    primal, adjoint = NOT_CONTINUED[name]
    gradcheck(mutant(primal, adjoint, holomorphic=True), A)
    assert not any(complex_steps())
    wrong = mutant(primal, lambda g, z, x: 1.001 * adjoint(g, z, x), holomorphic=True)
    with pytest.raises(GradientError, match="central differences"):
        gradcheck(wrong, A)


def test_a_constant_to_the_complex_step_is_none_to_differences(complex_steps):
    """The real part hides a path from the graph and from the complex step alike."""
    with pytest.raises(GradientError, match="0.5 times the right one"):
        gradcheck(lambda x: x * mv.tensor(x.data.real), A)


def test_a_kink_is_a_kink_though_its_operations_are_holomorphic(complex_steps):
    with pytest.raises(GradientError, match="has a kink"):
        gradcheck(lambda x: (mv.square(x) + 1e-30) ** 0.5, [1.0, 0.0])


def test_the_complex_step_loses_no_imaginary_part_in_silence(complex_steps):
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        gradcheck(lambda x: x * mv.tensor(x.data.astype(float) * 0.0 + 2.0), A)
    assert not given
    assert not any(complex_steps())


def test_a_path_that_was_cut_is_seen_by_the_complex_step(complex_steps):
    with pytest.raises(GradientError, match="0.5 times the right one"):
        gradcheck(lambda x: x * x.detach(), A)


@pytest.mark.parametrize("distance", [10.0**-k for k in range(1, 9)])
@pytest.mark.parametrize("f", [mv.relu, mv.absolute, mv.elu, lambda x: mv.maximum(x, 2.0 * x)])
def test_a_kink_may_be_near(f, distance):
    gradcheck(f, np.array([distance, 1.0, -distance, -2.0]))
    wrong = mutant(np.abs, lambda g, z, x: g)
    with pytest.raises(GradientError, match="is wrong in 2 of 4"):
        gradcheck(wrong, np.array([distance, 1.0, -distance, -2.0]))


SLOPES = {
    "exp": (mv.exp, np.exp),
    "tanh": (mv.tanh, lambda x: 1.0 / np.cosh(x) ** 2),
    "steep tanh": (lambda x: mv.tanh(1e4 * x), lambda x: 1e4 / np.cosh(1e4 * x) ** 2),
    "log": (mv.log, lambda x: 1.0 / x),
    "inverse": (lambda x: 1.0 / x, lambda x: -1.0 / x**2),
    "cube": (lambda x: x * x * x, lambda x: 3.0 * x**2),
    "on a pedestal": (lambda x: x * x + 1e8, lambda x: 2.0 * x),
    "digits lost within": (lambda x: ((x + 1e8) - 1e8) * x, lambda x: 2.0 * x),
    "ramp": (mv.relu, lambda x: 1.0),
}


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("x", [10.0**k for k in range(-6, 3)])
def test_slopes_are_no_farther_off_than_they_say(name, x):
    f, derivative = SLOPES[name]
    slope = Scalar(Point(f, [np.array(x)], 1e-6), np.array(1.0)).slope(0, np.array(1.0))
    with np.errstate(over="ignore"):
        exact = derivative(x)
    assert abs(slope.value - exact) <= slope.error + 1e-9 * abs(exact)


UNARY = [
    *(mv.exp, mv.expm1, mv.tanh, mv.square, mv.relu, mv.absolute, mv.sigmoid, mv.softplus, mv.elu),
    lambda x: mv.sqrt(mv.square(x) + 1.0),
    lambda x: mv.log(mv.square(x) + 1e-3),
    lambda x: 1.0 / (x * x + 1.0),
    lambda x: mv.sum(x, axis=0, keepdims=True),
    lambda x: mv.mean(x, axis=-1, keepdims=True),
    lambda x: x - mv.logsumexp(x, axis=-1, keepdims=True),
    lambda x: x - 1e3,
    lambda x: 1e-6 * x,
    lambda x: x**3,
    lambda x: mv.log1p(mv.square(x)),
]
BINARY = [
    *(mv.add, mv.subtract, mv.multiply, mv.maximum),
    lambda x, y: x / (y * y + 1.0),
    lambda x, y: (x @ mv.swapaxes(y)) @ y if x.shape == y.shape else x,
]


@st.composite
def functions(draw):
    """Draw a composition of up to five operations of two inputs."""
    steps = []
    for k in range(draw(st.integers(1, 5))):
        operand = st.integers(0, k + 1)
        step = st.tuples(st.sampled_from(UNARY), operand) | st.tuples(
            st.sampled_from(BINARY), operand, operand
        )
        steps.append(draw(step))

    def f(x, y):
        known = [x, y]
        for operation, *operands in steps:
            known.append(operation(*(known[i] for i in operands)))
        return known[-1]

    return f


@given(
    functions(),
    st.lists(st.integers(-6, 6), min_size=2, max_size=2) | st.just([0, 0]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 1, 2]),
)
@settings(
    max_examples=300, suppress_health_check=[*HealthCheck]
)  # the fixture is the same for all examples
def test_right_gradients_of_whatever_is_composed_pass(complex_steps, f, sizes, seed, order):
    rng = np.random.default_rng(seed)
    x, y = (10.0**k * rng.standard_normal((2, 3)) for k in sizes)
    with np.errstate(all="ignore"):
        z, pull = vjp(f, x, y)
        numbers = [z.data, *(g.data for g in pull(np.ones(z.shape)))]
        assume(all(np.abs(a).max() < 1e50 for a in numbers))  # which NaN is not
        gradcheck(f, x, y, rng=rng, directions=1, order=order)
