"""Each kind of mistake is made on purpose; the report must name it, and no other kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wrong import mutant

from minivae.testing import GradientError, gradcheck
from minivae.testing.diagnosis import HYPOTHESES, Evidence
from minivae.testing.point import Point

RNG = np.random.default_rng(2)
A, B = RNG.uniform(0.5, 2.0, (3, 4)), RNG.uniform(0.5, 2.0, (3, 4))
SQUARE = RNG.uniform(0.5, 2.0, (3, 3))


def reported(f, *inputs, **options):
    with pytest.raises(GradientError) as caught:
        gradcheck(f, *inputs, **options)
    return str(caught.value)


def kinds(f, i, *inputs):
    """All hypotheses that hold, not only the most specific."""
    point = Point(f, [np.asarray(x, float) for x in inputs], 1e-6)
    rng = np.random.default_rng(3)
    cotangents = [rng.standard_normal(point.z.shape) for _ in range(2)]
    names = [f"argument {k}" for k in range(len(inputs))]
    evidence = Evidence(point, i, names, cotangents)
    with np.errstate(all="ignore"):
        return {h.__name__ for h in HYPOTHESES if h(evidence)}


def at(index, value):
    """Give back a gradient with another value at some places."""

    def changed(g):
        g = np.array(g)
        g[index] = value
        return g

    return changed


def repeated(g, x):
    return np.repeat(g[:, None], x.shape[1], 1)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


MISTAKES = {  # kind: (primal, adjoints, inputs, what the report says, which other kinds hold, too)
    "not_finite": (
        np.exp,
        [lambda g, z, x: at((1, 2), np.nan)(g * z)],
        [A],
        "1 of its 12 entries are not finite",
        {"some_entries"},
    ),
    "always_zero": (np.tanh, [lambda g, z, x: 0.0 * g], [A], "it is always zero", set()),
    "sign_flipped": (
        np.subtract,
        [lambda g, z, x, y: -g, lambda g, z, x, y: -g],
        [A, B],
        "its sign is flipped",
        # the gradients of x - y are each other's negatives
        {"constant_factor", "of_another_argument"},
    ),
    "transposed": (
        np.transpose,
        [lambda g, z, x: g.reshape(x.shape)],
        [A],
        "it is transposed",
        {"right_for_ones", "some_entries"},  # the first and the last entry stay where they are
    ),
    "axes_reversed": (
        lambda x: 2.0 * x[:, ::-1],
        [lambda g, z, x: 2.0 * g],
        [A],
        "it is reversed along axis 1",
        {"right_for_ones"},
    ),
    "rolled": (
        lambda x: np.roll(x, 1, axis=1),
        [lambda g, z, x: g],
        [A],
        "it is shifted by 1 along axis 1",
        {"right_for_ones"},
    ),
    "of_another_argument": (
        np.multiply,
        [lambda g, z, x, y: g * x, lambda g, z, x, y: g * y],
        [A, B],
        "it is the gradient of argument 1 (y): are their adjoints swapped?",
        set(),
    ),
    "size_forgotten": (
        lambda x: np.sum(x * x, axis=1),
        [lambda g, z, x: repeated(g, x) * 2.0 * x / x.shape[1]],
        [A],
        "it is divided by 4 once too often, which is the size of axis 1 of argument 0 (x)",
        {"constant_factor"},
    ),
    "constant_factor": (
        np.square,
        [lambda g, z, x: g * x],
        [A],
        "it is 0.5 times the right one",
        set(),
    ),
    "one_slice_of_the_result": (
        lambda x: np.broadcast_to(x, (5, 4)) * 3.0,
        [lambda g, z, x: 3.0 * g[-1]],
        [A[0]],
        "only the last of 5 slices along axis 0 of the result counts",
        set(),
    ),
    "cotangent_ignored": (
        np.exp,
        [lambda g, z, x: z],
        [A],
        "it ignores the cotangent, and is right for a cotangent of ones only",
        {"right_for_ones"},
    ),
    "right_for_ones": (
        softmax,
        [lambda g, z, x: g - g.mean(axis=-1, keepdims=True)],
        [A],
        "it is right for a cotangent of ones only",
        set(),
    ),
    "off_by_a_constant": (
        np.square,
        [lambda g, z, x: 2.0 * g * x + 1.5],
        [A],
        "it is off by the constant 1.5",
        set(),
    ),
    "some_entries": (
        np.sinh,
        [lambda g, z, x: at((slice(None), 0), 0.0)(g * np.cosh(x))],
        [A],
        "only these entries are wrong: [0, 0], [1, 0], [2, 0], all at the first index of axis 1",
        set(),
    ),
}

UNNAMED = {  # mistakes of no kind: nothing may be claimed
    "derivative in place of its square": (np.tanh, [lambda g, z, x: g * (1.0 - z)], [A]),
    "the other function": (np.sin, [lambda g, z, x: g * np.sin(x)], [A]),
    "product, one factor squared": (
        np.multiply,
        [lambda g, z, x, y: g * y * y, lambda g, z, x, y: g * x],
        [A, B],
    ),
    "one entry, some number": (lambda x: np.exp(x), [lambda g, z, x: g * 1.2345678], [A[0, :1]]),
    "a scalar": (np.exp, [lambda g, z, x: g * 1.2345678], [0.7]),
    "not linear": (np.exp, [lambda g, z, x: 1.1 * g * g * z], [A]),
    "off by what depends on the cotangent": (
        np.square,
        [lambda g, z, x: 2.0 * g * x + g[0, 0]],
        [A],
    ),
    "two mistakes": (np.square, [lambda g, z, x: -g * x * x[::-1]], [A]),
}


def test_every_hypothesis_has_its_mistake():
    assert [h.__name__ for h in HYPOTHESES] == list(MISTAKES)


@pytest.mark.parametrize("kind", MISTAKES)
def test_the_report_names_the_kind_of_mistake(kind):
    primal, adjoints, inputs, text, _ = MISTAKES[kind]
    assert f"Likely mistake: {text}" in reported(mutant(primal, *adjoints), *inputs)


@pytest.mark.parametrize("kind", MISTAKES)
def test_no_other_kind_holds(kind):
    primal, adjoints, inputs, _, others = MISTAKES[kind]
    assert kinds(mutant(primal, *adjoints), 0, *inputs) == {kind} | others


@pytest.mark.parametrize("name", UNNAMED)
def test_where_nothing_fits_nothing_is_said(name):
    primal, adjoints, inputs = UNNAMED[name]
    assert "Likely" not in reported(mutant(primal, *adjoints), *inputs)
    assert kinds(mutant(primal, *adjoints), 0, *inputs) == set()


def wrong_by(kind, x, y, k):
    """Return a function of x and y that makes one kind of mistake, whatever the shape."""
    size, axis = x.shape[k % x.ndim], k % x.ndim
    adjoints = {
        "sign is flipped": lambda g, x, y: -g * y,
        "0.7 times the right one": lambda g, x, y: 0.7 * g * y,
        f"divided by {size} once too often": lambda g, x, y: g * y / size,
        f"multiplied by {size} once too often": lambda g, x, y: g * y * size,
        "it is transposed": lambda g, x, y: np.reshape(np.transpose(g * y), x.shape),
        f"reversed along axis {axis}": lambda g, x, y: np.flip(g * y, axis),
        f"shifted by 1 along axis {axis}": lambda g, x, y: np.roll(g * y, 1, axis),
        "the gradient of argument 1 (y)": lambda g, x, y: g * x,
        "it ignores the cotangent": lambda g, x, y: y,
        "only the mean of the cotangent": lambda g, x, y: g.mean() * y,
        "only the sum of the cotangent": lambda g, x, y: g.sum() * y,
        "off by the constant -0.3": lambda g, x, y: g * y - 0.3,
        "only these entries are wrong": lambda g, x, y: at((-1,) * x.ndim, 9.0)(g * y),
    }
    texts = list(adjoints)
    first = adjoints[texts[kind]]
    return texts[kind], mutant(
        np.multiply, lambda g, z, x, y: first(g, x, y), lambda g, z, x, y: g * x
    )


@given(st.data())
def test_kinds_are_named_in_any_shape(data):
    shape = tuple(data.draw(st.lists(st.integers(3, 4), min_size=2, max_size=3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x, y = rng.uniform(0.5, 2.0, (2, *shape)) * rng.choice([-1.0, 1.0], (2, *shape))
    text, f = wrong_by(data.draw(st.integers(0, 12)), x, y, data.draw(st.integers(0, 2)))
    assert text in reported(f, x, y)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 5), st.booleans())
def test_a_missing_sum_over_a_broadcast_axis_is_named(seed, n, d, last):
    x, y = np.random.default_rng(seed).uniform(0.5, 2.0, (n, d)), np.ones(d)
    k = -1 if last else 0
    f = mutant(np.multiply, lambda g, z, x, y: g * y, lambda g, z, x, y: (g * x)[k])
    which = "last" if last else "first"
    assert f"only the {which} of {n} slices along axis 0 of the result" in reported(f, x, y)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 5))
def test_a_mean_in_place_of_a_sum_over_a_broadcast_axis_is_named(seed, n, d):
    x, y = np.random.default_rng(seed).uniform(0.5, 2.0, (n, d)), np.ones(d)
    f = mutant(np.multiply, lambda g, z, x, y: g * y, lambda g, z, x, y: (g * x).mean(axis=0))
    report = reported(f, x, y)
    assert f"it is divided by {n} once too often" in report
    assert "the size of axis 0 of " in report


@pytest.mark.parametrize(("too_much", "what"), [(12, "multiplied"), (1 / 12, "divided")])
def test_a_mean_over_all_entries_that_is_none_is_named(too_much, what):
    f = mutant(lambda x: np.sum(x * x), lambda g, z, x: 2.0 * too_much * g * x)
    assert f"{what} by 12 once too often, which is the number of entries of argument 0 (x)" in (
        reported(f, A)
    )


def test_one_entry_is_enough_for_a_plain_factor():
    assert "it is 2 times" in reported(mutant(np.exp, lambda g, z, x: 2.0 * g * z), 0.7)


def test_the_axes_of_a_cube_are_named_in_their_order():
    x = RNG.uniform(0.5, 2.0, (2, 3, 4))
    f = mutant(lambda x: x.transpose(1, 2, 0), lambda g, z, x: g.reshape(x.shape))
    assert "transposed: its axes are in the order (1, 2, 0)" in reported(f, x)


def test_entries_on_the_border_are_told_from_others():
    x = RNG.uniform(0.5, 2.0, (4, 4))
    ring = np.ones((4, 4), bool)
    ring[1:-1, 1:-1] = False
    border = mutant(np.square, lambda g, z, x: 2.0 * g * x + 3.0 * ring * x)
    assert "12 of 16 entries" in reported(border, x)
    assert "[1, 0], [1, 3], ..., all on the border" in reported(border, x)
    inner = mutant(np.square, lambda g, z, x: at((1, 2), 0.0)(2.0 * g * x))
    assert reported(inner, x).endswith("only these entries are wrong: [1, 2].")


def test_the_most_specific_kind_comes_first():
    order = [h.__name__ for h in HYPOTHESES]
    assert order.index("sign_flipped") < order.index("constant_factor")
    assert order.index("size_forgotten") < order.index("constant_factor")
    assert order.index("cotangent_ignored") < order.index("right_for_ones")
    assert order[-1] == "some_entries"
