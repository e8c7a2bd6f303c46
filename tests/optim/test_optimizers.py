"""Optimisers against their textbook recursions, written out number by number."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.optim import SGD, Adagrad, Adam, Optimizer
from minivae.testing.strategies import strided

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
gradients = st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=8)
METHODS = {
    "plain SGD": lambda ps: SGD(ps, lr=0.05),
    "SGD with momentum": lambda ps: SGD(ps, lr=0.02, momentum=0.9),
    "Adagrad": lambda ps: Adagrad(ps, lr=0.5),
    "Adam": lambda ps: Adam(ps, lr=0.05),
}
EVERY = pytest.mark.parametrize("method", METHODS)


def sgd(theta, gs, lr, momentum):
    b = 0.0
    for g in gs:
        b = momentum * b + g
        theta = theta - lr * b
    return theta


def adagrad(theta, gs, lr, eps):
    s = 0.0
    for g in gs:
        s = s + g * g
        theta = theta - lr * g / (math.sqrt(s) + eps)
    return theta


def adam(theta, gs, lr, beta1, beta2, eps):
    m = v = 0.0
    for t, g in enumerate(gs, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = theta - lr * m_hat / (math.sqrt(v_hat) + eps)
    return theta


def walk(make, start, rows):
    """Take a step for each row of gradients, on two parameters that share the three entries."""
    a, b = mv.nn.Parameter(np.array(start[:2])), mv.nn.Parameter(np.array(start[2:]))
    opt = make([a, b])
    for row in rows:
        a.grad, b.grad = np.array(row[:2]), np.array(row[2:])
        opt.step()
    return [*a.data, *b.data]


def check(make, recursion, start, rows):
    expected = [recursion(x, [row[j] for row in rows]) for j, x in enumerate(start)]
    np.testing.assert_allclose(walk(make, start, rows), expected, rtol=1e-9, atol=1e-9)


starts = st.lists(numbers, min_size=3, max_size=3)
rates = st.sampled_from([1e-3, 0.1, 2.0])


@given(starts, gradients, rates, st.sampled_from([0.0, 0.5, 0.9]))
def test_sgd_is_its_recursion(start, rows, lr, mu):
    check(lambda ps: SGD(ps, lr, mu), lambda x, gs: sgd(x, gs, lr, mu), start, rows)


@given(starts, gradients, rates, st.sampled_from([1e-10, 0.1]))
def test_adagrad_is_its_recursion(start, rows, lr, eps):
    check(lambda ps: Adagrad(ps, lr, eps), lambda x, gs: adagrad(x, gs, lr, eps), start, rows)


@given(starts, gradients, rates, st.sampled_from([(0.9, 0.999), (0.0, 0.5)]), st.just(1e-8))
def test_adam_is_its_recursion(start, rows, lr, betas, eps):
    check(
        lambda ps: Adam(ps, lr, betas, eps),
        lambda x, gs: adam(x, gs, lr, *betas, eps),
        start,
        rows,
    )


def test_the_defaults_are_those_of_the_papers():
    p = [mv.nn.Parameter(np.zeros(1))]
    assert (Adam(p).lr, Adam(p).betas, Adam(p).eps) == (1e-3, (0.9, 0.999), 1e-8)
    assert SGD(p, 0.1).momentum == 0


@EVERY
def test_a_quadratic_is_minimised(method):
    rng = np.random.default_rng(0)
    target = mv.tensor(rng.standard_normal(4))
    x = mv.nn.Parameter(np.zeros(4))
    opt = METHODS[method]([x])
    curvature = np.array([0.5, 1.0, 2.0, 4.0])
    for _ in range(600):
        loss = (curvature * mv.square(x - target)).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
    np.testing.assert_allclose(x.data, target.data, atol=1e-3)


@EVERY
def test_parameters_keep_their_array_their_type_and_their_shape(method):
    for dtype in ("float32", "float64"):
        for shape in [(), (3,), (2, 0), (2, 3)]:
            x = mv.nn.Parameter(np.ones(shape, dtype))
            array, opt = x.data, METHODS[method]([x])
            for _ in range(2):
                opt.zero_grad()
                (x * x).sum().backward()
                opt.step()
            assert x.data is array
            assert x.data.dtype == dtype
            assert np.all(array < 1)
            memory = [a for slots in opt.memory for a in slots.values()]
            assert all(a.dtype == dtype and a.shape == shape for a in memory)


@EVERY
def test_gradients_are_read_and_not_changed(method):
    x = mv.nn.Parameter(np.ones(3))
    x.grad = np.array([1.0, -2.0, 3.0])
    METHODS[method]([x]).step()
    np.testing.assert_array_equal(x.grad, [1.0, -2.0, 3.0])


@EVERY
def test_zero_grad_forgets_the_gradients_and_without_one_a_parameter_stays(method):
    x, y = mv.nn.Parameter(np.ones(2)), mv.nn.Parameter(np.ones(2))
    opt = METHODS[method]([x, y])
    (x * y).sum().backward()
    opt.zero_grad()
    assert x.grad is None
    assert y.grad is None
    (2.0 * x).sum().backward()
    opt.step()
    assert np.all(x.data < 1)
    np.testing.assert_array_equal(y.data, np.ones(2))


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_saved_state_goes_on_bit_for_bit(method, dtype):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((10, 3)).astype(dtype)
    x = mv.nn.Parameter(np.ones(3, dtype))
    opt = METHODS[method]([x])
    for i, row in enumerate(rows):
        if i == 5:
            state = opt.state_dict()
            y = mv.nn.Parameter(x.data.copy())
            resumed = METHODS[method]([y])
            resumed.load_state_dict(state)
        x.grad = row
        opt.step()
    for row in rows[5:]:
        y.grad = row
        resumed.step()
    np.testing.assert_array_equal(x.data, y.data)
    assert resumed.steps == opt.steps == 10
    fresh = METHODS[method]([mv.nn.Parameter(np.ones(3, dtype))])
    if method != "plain SGD":
        assert any(np.any(a != state[k]) for k, a in fresh.state_dict().items())


@EVERY
def test_a_state_holds_copies_and_is_copied(method):
    x = mv.nn.Parameter(np.ones(3))
    opt = METHODS[method]([x])
    state = opt.state_dict()
    x.grad = np.ones(3)
    opt.step()
    assert state["steps"] == 0
    assert all(np.all(array == 0) for name, array in state.items() if name != "lr")
    kept = opt.state_dict()
    opt.load_state_dict(kept)
    opt.step()
    assert kept["steps"] == 1


def test_a_state_of_another_optimiser_or_other_parameters_is_refused_and_nothing_changes():
    x = mv.nn.Parameter(np.ones(3))
    x.grad = np.ones(3)
    opt = Adam([x])
    opt.step()
    before = opt.state_dict()
    for other in (
        Adagrad([x]),
        SGD([x], 0.1),
        Adam([x, mv.nn.Parameter(np.ones(3))]),
        Adam([mv.nn.Parameter(np.ones(1))]),
    ):
        with pytest.raises(ValueError, match="^Adam: the state belongs to another optimiser or"):
            opt.load_state_dict(other.state_dict())
    for name, array in opt.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("method", [SGD, Adagrad, Adam])
def test_an_optimiser_without_parameters_or_rate_is_refused(method):
    with pytest.raises(ValueError, match="there are no parameters; pass model.parameters"):
        method([], lr=0.1)
    for lr in (0, -1e-3, math.nan):
        with pytest.raises(ValueError, match="the learning rate must be positive, it is"):
            method([mv.nn.Parameter(np.ones(1))], lr=lr)


def test_momenta_outside_the_unit_interval_are_refused():
    p = [mv.nn.Parameter(np.ones(1))]
    for bad in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match=r"SGD: momentum must lie in \[0, 1\)"):
            SGD(p, lr=0.1, momentum=bad)
        for betas in ((bad, 0.9), (0.9, bad)):
            with pytest.raises(ValueError, match=r"Adam: both betas must lie in \[0, 1\)"):
                Adam(p, betas=betas)


def test_an_optimiser_that_defines_no_update_says_so():
    x = mv.nn.Parameter(np.ones(1))
    x.grad = np.ones(1)
    with pytest.raises(TypeError, match=r"Optimizer defines no update\(\)"):
        mv.optim.Optimizer([x], lr=0.1).step()


def test_a_parameter_that_is_listed_twice_is_adjusted_once():
    x = mv.nn.Parameter(np.ones(3))
    x.grad = np.ones(3)
    SGD([x, x], 0.1).step()
    np.testing.assert_allclose(x.data, 0.9)


def test_a_tensor_is_no_list_of_parameters():
    with pytest.raises(TypeError, match=r"SGD: pass a list of parameters"):
        SGD(mv.nn.Parameter(np.ones(3)), 0.1)


def test_a_saved_state_is_a_copy_and_so_is_a_loaded_one():
    x = mv.nn.Parameter(np.ones(3))
    x.grad = np.ones(3)
    opt, other = Adam([x]), Adam([mv.nn.Parameter(np.ones(3))])
    opt.step()
    kept = opt.state_dict()
    other.load_state_dict(kept)
    before = {name: array.copy() for name, array in kept.items()}
    opt.step()
    for name, array in kept.items():
        np.testing.assert_array_equal(array, before[name])
    for name, array in other.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_gradient_of_another_shape_is_refused():
    x = mv.nn.Parameter(np.ones(4))
    x.grad = np.ones(1)
    with pytest.raises(ValueError, match=r"shape \(4,\) has a gradient of shape \(1,\)"):
        Adam([x]).step()


@EVERY
def test_where_a_gradient_is_refused_nothing_has_changed(method):
    x, y = mv.nn.Parameter(np.ones(4)), mv.nn.Parameter(np.ones(2))
    x.grad, y.grad = np.ones(4), np.ones(3)
    opt = METHODS[method]([x, y])
    before = opt.state_dict()
    with pytest.raises(ValueError, match="gradient of shape"):
        opt.step()
    np.testing.assert_array_equal(x.data, 1)
    for name, array in opt.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@st.composite
def models(draw):
    """Arrays of both types in any layout, and for each a gradient, or none, in any layout."""
    arrays, gradients = [], []
    for _ in range(draw(st.integers(1, 4))):
        shape = draw(st.sampled_from([(), (3,), (2, 3), (3, 2, 2), (0, 2)]))
        dtype = draw(st.sampled_from(["float32", "float64"]))
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        array, gradient = (np.asarray(rng.standard_normal(shape), dtype) for _ in range(2))
        arrays.append(draw(strided(array)))
        gradients.append(draw(st.none() | strided(gradient)))
    return arrays, gradients


@EVERY
def test_types_and_layouts_make_no_difference(method):
    @given(models())
    def law(model):
        arrays, gradients = model
        parameters = [mv.tensor(a, requires_grad=True) for a in arrays]
        together = METHODS[method](parameters)
        alone = [mv.nn.Parameter(np.array(a, order="C")) for a in arrays]
        each = [METHODS[method]([p]) for p in alone]
        for factor in (1, -2):
            for p, q, g in zip(parameters, alone, gradients, strict=True):
                p.grad = None if g is None else factor * g
                q.grad = None if g is None else np.array(p.grad, order="C")
            together.step()
            for opt in each:
                opt.step()
        state = together.state_dict()
        for i, (p, q, opt) in enumerate(zip(parameters, alone, each, strict=True)):
            assert p.data is arrays[i]
            tolerance = 16 * np.finfo(p.dtype).eps
            np.testing.assert_allclose(p.data, q.data, rtol=tolerance, atol=tolerance)
            for name in together.slots:
                slot = state[f"{name}.{i}"]
                assert (slot.dtype, slot.shape) == (p.dtype, p.shape)
                kept = opt.state_dict()[f"{name}.0"]
                np.testing.assert_allclose(slot, kept, rtol=tolerance, atol=tolerance)
        resumed = METHODS[method]([mv.nn.Parameter(np.array(a, order="C")) for a in arrays])
        resumed.load_state_dict(state)
        for name, array in resumed.state_dict().items():
            np.testing.assert_array_equal(array, state[name])

    law()


@EVERY
def test_an_array_that_is_put_in_a_parameters_place_is_stepped(method):
    x, y = mv.nn.Parameter(np.ones((2, 3))), mv.nn.Parameter(np.ones((2, 3)))
    opt, other = METHODS[method]([x]), METHODS[method]([y])
    gradient = np.arange(6.0).reshape(2, 3)
    for data in (x.data, np.full((2, 3), 2.0), np.full((3, 2), 3.0).T):
        x.data, y.data = data, data.copy(order="C")
        x.grad = y.grad = gradient
        opt.step()
        other.step()
        assert x.data is data
        np.testing.assert_allclose(x.data, y.data, rtol=1e-14)


@EVERY
def test_a_deep_copy_steps_its_own_parameters(method):
    x = mv.nn.Parameter(np.ones((2, 3)).T)
    x.grad = np.full((3, 2), 0.5)
    opt = METHODS[method]([x])
    opt.step()
    data, state = x.data.copy(), opt.state_dict()
    other = copy.deepcopy(opt)
    other.step()
    np.testing.assert_array_equal(x.data, data)
    for name, array in opt.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    assert other.parameters[0].data is not x.data
    opt.step()
    np.testing.assert_array_equal(x.data, other.parameters[0].data)


class Signed(Optimizer):
    """p ← p - lr sign(g), counting the steps of each entry."""

    slots = ("count", "last")

    def update(self, p, g, **memory):
        memory["count"] += 1
        memory["last"][...] = g
        p -= self.lr * np.sign(g)


class Decayed(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    def update(self, p, g, **memory):
        p *= 1 - 0.5 * self.lr
        super().update(p, g, **memory)


def test_a_method_of_ones_own_is_a_subclass_with_slots_and_an_update():
    x, y = mv.nn.Parameter(np.ones((2, 3)).T), mv.nn.Parameter(np.ones(2, "float32"))
    opt = Signed([x, y], lr=0.25)
    for _ in range(2):
        x.grad = np.full((3, 2), -3.0)
        opt.step()
    np.testing.assert_array_equal(x.data, 1.5)
    np.testing.assert_array_equal(y.data, 1)
    state = opt.state_dict()
    np.testing.assert_array_equal(state["count.0"], np.full((3, 2), 2.0))
    np.testing.assert_array_equal(state["last.0"], np.full((3, 2), -3.0))
    np.testing.assert_array_equal(state["count.1"], np.zeros(2))


def test_a_subclass_may_extend_the_update_of_a_method():
    x, y = mv.nn.Parameter(np.ones(3)), mv.nn.Parameter(np.ones(3))
    decayed, plain = Decayed([x], lr=0.1), Adam([y], lr=0.1)
    for g in (1.0, -2.0, 3.0):
        y.data *= 1 - 0.5 * 0.1
        x.grad = y.grad = np.full(3, g)
        decayed.step()
        plain.step()
        np.testing.assert_allclose(x.data, y.data, rtol=1e-14)


@EVERY
def test_the_references_take_the_same_steps_as_the_kernels(method):
    """On a model whose parameters lie in several chunks."""
    pytest.importorskip("numba", reason="Numba is not installed here")
    rng = np.random.default_rng(0)
    shapes = [(300, 100), (100,), (100, 301), (1,), (2, 3)]
    start = [rng.standard_normal(shape).astype("float32") for shape in shapes]
    found = []
    try:
        for kernels in ("numba", "numpy"):
            mv.use(kernels)
            parameters = [mv.nn.Parameter(a) for a in start]
            opt, noise = METHODS[method](parameters), np.random.default_rng(1)
            for _ in range(3):
                for p in parameters:
                    p.grad = noise.standard_normal(p.shape).astype("float32")
                opt.step()
            found.append([p.data for p in parameters])
    finally:
        mv.use("numba")
    for ours, truth, before in zip(*found, start, strict=True):
        np.testing.assert_allclose(ours, truth, rtol=0, atol=1e-5)
        assert np.all(ours != before)


def test_a_parameter_that_cannot_be_written_to_is_refused_before_any_step():
    a, b = (mv.tensor(np.ones(3), requires_grad=True) for _ in range(2))
    a.grad, b.grad = np.ones(3), np.ones(3)
    b.data.flags.writeable = False
    opt = mv.optim.SGD([a, b], lr=1.0, momentum=0.5)
    with pytest.raises(ValueError, match="cannot be written to; give it a copy"):
        opt.step()
    np.testing.assert_array_equal(a.data, np.ones(3))
    assert opt.steps == 0
