"""Optimisers against their textbook recursions, written out number by number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.optim import SGD, Adagrad, Adam

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
