"""The strategies draw what they promise: all of it, nothing else, and in every form."""

from random import Random

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import minivae as mv
from minivae.engine import op
from minivae.engine.registry import FUNCTIONS, REGISTRY
from minivae.testing import strategies
from minivae.testing.strategies.expressions import NUMPY, STEPS, Expression, Step

DOMAINS = {
    "real": lambda x: np.abs(x) <= 4,
    "positive": lambda x: (x >= 0.25) & (x <= 4.25),
    "nonzero": lambda x: (np.abs(x) >= 0.25) & (np.abs(x) <= 4.25),
}


GENERATE = settings(max_examples=1_000, database=None, phases=[Phase.generate])


def drawn(strategy, condition):
    """Whether something that fulfils the condition is drawn among a thousand."""
    try:
        find(strategy, condition, random=Random(0), settings=GENERATE)
    except NoSuchExample:
        return False
    return True


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_lie_in_their_domain_and_have_no_zeros(domain, dtype):
    @given(strategies.arrays(domain=domain, dtype=dtype))
    def law(x):
        assert x.dtype == dtype
        assert np.all(DOMAINS[domain](x))
        assert np.all(x != 0)
        assert np.array_equal(x * 128, np.round(x * 128))

    law()


@pytest.mark.parametrize(
    "condition",
    [
        lambda x: x.ndim == 0,
        lambda x: x.size == 0,
        lambda x: 1 in x.shape,
        lambda x: x.ndim == 3 and x.size > 8,
        lambda x: x.size > 1 and min(x.strides) < 0,
        lambda x: x.ndim == 1 and x.size > 1 and x.strides[0] == 16,
        lambda x: x.ndim == 2 and min(x.shape) > 1 and x.flags.f_contiguous,
        lambda x: x.ndim == 2 and min(x.shape) > 1 and x.flags.c_contiguous,
        lambda x: x.size > 0 and x.max() > 0 > x.min(),
    ],
)
def test_arrays_of_every_kind_are_drawn(condition):
    assert drawn(strategies.arrays(), condition)


def test_arrays_have_the_shape_asked_for():
    assert not drawn(strategies.arrays((2, 3)), lambda x: x.shape != (2, 3))
    assert not drawn(strategies.arrays(st.just((2, 0))), lambda x: x.shape != (2, 0))


def test_an_unknown_domain_is_refused():
    with pytest.raises(ValueError, match="no domain 'negative'; choose"):
        drawn(strategies.arrays((), "negative"), lambda x: True)


@given(strategies.arrays().flatmap(lambda x: st.tuples(st.just(x), strategies.strided(x))))
def test_a_strided_view_has_the_same_values(pair):
    x, view = pair
    np.testing.assert_array_equal(x, view)
    assert x.dtype == view.dtype


@given(strategies.broadcastable_shapes(3, min_dims=1, min_side=1))
def test_shapes_broadcast_within_their_bounds(shapes):
    assert len(shapes) == 3
    np.broadcast_shapes(*shapes)
    assert all(1 <= len(shape) <= 3 and min(shape) >= 1 for shape in shapes)


@given(st.integers(0, 3).flatmap(lambda n: st.tuples(st.just(n), strategies.axes(n))))
def test_axes_are_what_numpy_takes(pair):
    ndim, axis = pair
    np.sum(np.ones((2,) * ndim), axis=axis)


@pytest.mark.parametrize(
    "condition",
    [
        lambda axis: axis is None,
        lambda axis: axis == (),
        lambda axis: isinstance(axis, int) and axis < 0,
        lambda axis: isinstance(axis, tuple) and len(axis) == 3 and min(axis) < 0 <= max(axis),
    ],
)
def test_axes_of_every_kind_are_drawn(condition):
    assert drawn(strategies.axes(3), condition)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_edge_values_are_finite_and_reach_every_edge(dtype):
    edges = strategies.edge_values(dtype, (4,))
    limits = np.finfo(dtype)

    @given(edges)
    def law(x):
        assert x.dtype == dtype
        assert x.shape == (4,)
        assert np.isfinite(x).all()

    law()
    for edge in (limits.smallest_subnormal, limits.tiny, limits.eps, 1.0, limits.max):
        for sign in (1, -1):
            assert drawn(edges, lambda x, edge=sign * edge: (x == edge).any())
    assert drawn(edges, lambda x: ((x == 0) & np.signbit(x)).any())
    assert not drawn(strategies.edge_values(dtype, largest=10), lambda x: np.abs(x).max() > 10)


def test_the_largest_edges_overflow_one_step_further():
    with np.errstate(all="raise"):
        for dtype in ("float32", "float64"):
            largest = strategies.edge_values(dtype, largest=1e3)
            x = find(largest, lambda x: x.max() > 80, settings=GENERATE).max()
            assert np.isfinite(np.exp(x))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_call_is_one_that_its_function_takes(name):
    @settings(max_examples=25)
    @given(strategies.operands(name, "float32"))
    def law(call):
        assert call.name == name
        assert all(x.dtype == "float32" for x in call.variables)
        np.testing.assert_array_equal(
            call(*call.variables), call.copied()(*call.variables), strict=True
        )
        assert call.converted("float64")(*call.converted("float64").variables).dtype in (
            "float64",
            call.static.get("dtype"),
        )

    law()


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("add", lambda call: len({x.shape for x in call.variables}) == 2),
        ("add", lambda call: isinstance(call.operands[0], float)),
        ("prod", lambda call: np.sum(call.operands[0] == 0) == 2),
        ("matmul", lambda call: call.operands[0].ndim == 1 == call.operands[1].ndim),
        ("matmul", lambda call: call.operands[0].ndim == 4 == call.operands[1].ndim),
        ("sum", lambda call: np.size(call.static["axis"]) > 1 and call.static["keepdims"]),
        ("clip", lambda call: call.operands[1] is None),
        ("clip", lambda call: call.operands[2] is None),
        ("clip", lambda call: len(call.variables) == 3),
        ("einsum", lambda call: "->" not in call.first[0] and "..." in call.first[0]),
        ("einsum", lambda call: len(call.operands) == 3),
        ("conv2d", lambda call: call.static["stride"] == (2, 1) and len(call.operands) == 3),
        ("conv_transpose2d", lambda call: max(call.static["output_padding"]) == 2),
        ("getitem", lambda call: getattr(call.static["index"], "dtype", "") == "bool"),
        ("norm", lambda call: call.static["ord"] == np.inf),
        ("std", lambda call: call.static["ddof"] == 1),
        ("split", lambda call: isinstance(call.static["indices_or_sections"], list)),
        ("take_along_axis", lambda call: call.static["axis"] is None),
        ("bernoulli_nll", lambda call: np.any(np.abs(call.operands[1] - 0.5) < 0.4)),
    ],
)
def test_calls_of_every_form_are_drawn(name, condition):
    assert drawn(strategies.operands(name), condition)


def test_a_new_elementwise_operation_is_drawn_for_at_once_any_other_asks_for_it():
    known = set(FUNCTIONS)
    try:

        @op(domain="positive")
        def softsquare(x, y):
            return x * x + y

        @op
        def crooked(x):
            return x

        assert drawn(strategies.operands("softsquare"), lambda call: len(call.operands) == 2)
        with pytest.raises(KeyError, match="'crooked' is not elementwise: say in DRAWN"):
            strategies.operands("crooked")
    finally:
        for name in set(FUNCTIONS) - known:
            del FUNCTIONS[name], REGISTRY[name]


# --- programs ---------------------------------------------------------------------------------


@given(strategies.expressions())
def test_a_program_computes_the_same_with_the_functions_of_numpy(pair):
    f, inputs = pair
    found, expected = f(*inputs), f(*inputs, lib=NUMPY)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(found, f(*inputs))  # it can be run again
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 100


@given(strategies.expressions(dtype="float32"))
def test_a_program_keeps_the_type_of_its_inputs_and_uses_all_of_them(pair):
    f, inputs = pair
    tensors = [mv.tensor(x, requires_grad=True) for x in inputs]
    z = f(*tensors)
    assert z.dtype == "float32"
    z.backward(np.ones(z.shape))
    assert all(t.grad.shape == x.shape for t, x in zip(tensors, inputs, strict=True))


def used_twice(f):
    at = [i for step in f.steps for i in step.at if i >= f.inputs]
    return len(at) > len(set(at))


@pytest.mark.parametrize(
    "condition",
    [
        lambda pair: used_twice(pair[0]),
        lambda pair: pair[0].inputs == 3,
        lambda pair: len({x.shape for x in pair[1]}) == 3,
        *(
            lambda pair, form=form: any(form == step.form for step in pair[0].steps)
            for form in STEPS
        ),
    ],
)
def test_programs_of_every_kind_are_drawn(condition):
    assert drawn(strategies.expressions(), condition)


def test_a_program_prints_as_what_it_does():
    f = Expression(2, (Step("{0} / (1.0 + {1} * {1})", (0, 1)), Step("{} - {}", (2, 2))))
    assert repr(f).splitlines() == [
        "def f(x, y):",
        "    v1 = x / (1.0 + y * y)",
        "    v2 = v1 - v1",
        "    return v2",
    ]
    assert f(6.0, 1.0) == 0.0


@given(strategies.expressions())
def test_what_is_printed_is_what_is_run(pair):
    f, inputs = pair
    space = dict(vars(NUMPY))
    exec(repr(f), space)
    np.testing.assert_array_equal(space["f"](*inputs), f(*inputs, lib=NUMPY))
