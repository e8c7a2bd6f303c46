"""A changed array is noticed if, and only if, the gradient needs its old values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv

CHANGED = "was changed in place after it had been used"


def leaf(values):
    return mv.tensor(np.array(values, float), requires_grad=True)


@pytest.mark.parametrize("size", [1, 4, 128, 129, 1000, 100_003])
@given(data=st.data())
def test_a_change_of_any_single_entry_is_noticed(size, data):
    x = leaf(np.linspace(1, 2, size))
    y = (x * x).sum()
    entry = data.draw(st.integers(0, size - 1))
    x.data[entry] = np.nextafter(x.data[entry], 9)  # by a single bit
    with pytest.raises(RuntimeError, match=f"operand 0 of multiply.*{CHANGED}"):
        y.backward()
    assert x.grad is None


VIEWS = {
    "transposed": lambda a: a.T,
    "backwards": lambda a: a[::-1],
    "every other": lambda a: a[:, ::2],
    "a column": lambda a: a[:, 3],
    "stretched": lambda a: np.broadcast_to(a[0], a.shape),
}


@pytest.mark.parametrize("size", [8, 40])
@pytest.mark.parametrize("name", VIEWS)
def test_a_change_through_another_view_of_the_memory_is_noticed(name, size):
    owner = np.linspace(1, 2, size * size).reshape(size, size)
    x = mv.tensor(VIEWS[name](owner), requires_grad=True)
    y = mv.exp(x * x).sum()
    owner[0, 3] += 1.0
    y_unchanged = mv.exp(x * x).sum()
    if np.shares_memory(owner[0, 3:4], x.data):
        with pytest.raises(RuntimeError, match=CHANGED):
            y.backward()
    y_unchanged.backward()


CHANGES = {
    "the result": lambda x, c, y: y.data,
    "the operand": lambda x, c, y: x.data,
    "the constant": lambda x, c, y: c,
}
NEEDS = {  # which of its values the adjoint of an operation reads
    "x + c": (lambda x, c: x + c, set()),
    "x * c": (lambda x, c: x * c, {"the constant"}),
    "x / c": (lambda x, c: x / c, {"the constant"}),
    "exp": (lambda x, c: mv.exp(x), {"the result"}),
    "tanh": (lambda x, c: mv.tanh(x), {"the result"}),
    "log": (lambda x, c: mv.log(x), {"the operand"}),
    "sum": (lambda x, c: mv.sum(x, axis=0, keepdims=True), set()),
    "maximum": (lambda x, c: mv.maximum(x, c), {"the operand", "the constant", "the result"}),
    "concatenate": (lambda x, c: mv.concatenate([x, c]), set()),
    "matmul": (lambda x, c: x @ c, {"the constant"}),
    "where": (lambda x, c: mv.where(c > 1, x, c), set()),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("name", NEEDS)
def test_what_is_not_needed_may_change(name, what):
    f, needed = NEEDS[name]
    x, c = leaf([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0, 0.5], [1.5, 3.0]])
    y = f(x, c)
    expected = mv.vjp(lambda x: f(x, c), x.data)[1](np.ones(y.shape))[0].data
    CHANGES[what](x, c, y)[...] += 1.0
    if what in needed:
        with pytest.raises(RuntimeError, match=CHANGED):
            y.backward(np.ones(y.shape))
    else:
        y.backward(np.ones(y.shape))
        np.testing.assert_array_equal(x.grad, expected)


def test_an_index_array_is_the_graphs_own():
    x, index = leaf([1.0, 2.0, 3.0]), np.array([0, 0, 2])
    y = x[index].sum()
    index[...] = 1
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0, 1.0])


def test_a_tensor_that_holds_another_array_does_not_disturb_first_derivatives():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    x.data = np.array([5.0, 5.0])
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_a_tensor_that_holds_another_array_is_refused_where_it_is_read_again():
    w = leaf([1.0, 2.0])

    def f(x):
        y = (x * w * w).sum()
        w.data = np.array([5.0, 5.0])
        return y

    with pytest.raises(RuntimeError, match=CHANGED):
        mv.grad(f)(np.ones(2))


def test_an_update_between_two_steps_is_no_change():
    w = leaf([1.0, 2.0])
    for _ in range(3):
        w.grad = None
        (w * w).sum().backward()
        w.data -= 0.1 * w.grad
    np.testing.assert_allclose(w.data, 0.8**3 * np.array([1.0, 2.0]))


def test_an_update_before_a_second_walk_is_a_change():
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    w.data -= 0.1 * w.grad
    with pytest.raises(RuntimeError, match=r"call backward\(\) before the change"):
        loss.backward()


FORWARD = {  # what the tangent reads, which is not always what the adjoint reads
    "tanh": (mv.tanh, "operand 0"),
    "multiply": (lambda x: x * x, "operand 0"),
    "log1p": (mv.log1p, "the result"),
    "expm1": (mv.expm1, "the result"),
}


@pytest.mark.parametrize("name", FORWARD)
def test_forward_mode_notices_what_it_reads(name):
    f, what = FORWARD[name]

    def program(x):
        y = f(x)
        (x if what == "operand 0" else y).data[...] = 7.0
        return y * 1.0

    with pytest.raises(RuntimeError, match=f"{what} of {name}.*{CHANGED}"):
        mv.jvp(program, (np.array([1.0, 2.0]),), (np.ones(2),))


def test_forward_mode_notices_inside_of_a_gradient():
    """The tangent of tanh reads x, its adjoint does not."""

    def f(x):
        y = mv.tanh(x)
        x.data[...] = 7.0
        return y.sum()

    with pytest.raises(RuntimeError, match=f"operand 0 of tanh.*{CHANGED}"):
        mv.jvp(mv.grad(f), (np.array([1.0, 2.0]),), (np.ones(2),))


def test_the_line_is_named_where_somebody_watches():
    x = leaf([1.0, 2.0])
    with mv.detect_anomaly():
        y = (x * x).sum()
        x.data[0] = 7.0
        with pytest.raises(RuntimeError, match=r"it was used at .*test_stamps.py:\d+"):
            y.backward()


def test_forward_mode_does_not_mind_what_does_not_move():
    w = leaf([1.0, 2.0])

    def program(x):
        h = (w * w).sum()
        w.data[0] += 1.0
        return x * 2.0 + h

    assert mv.jvp(program, (1.0,), (1.0,))[1].item() == 2.0


def test_forward_mode_refuses_a_tensor_that_holds_another_array():
    w = leaf([1.0, 2.0])

    def program(x):
        y = (x * w * w).sum()
        w.data = np.array([5.0, 5.0])
        return y

    with pytest.raises(RuntimeError, match=CHANGED):
        mv.jvp(program, (np.ones(2),), (np.ones(2),))


CONSTANTS = {
    "a list": [2.0, 3.0],
    "integers": np.array([2, 3]),
    "an integer tensor": mv.tensor([2, 3]),
    "a memory map": None,
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_of_any_kind_are_read_as_they_were_at_every_order(name, tmp_path):
    c = CONSTANTS[name]
    if c is None:
        np.save(tmp_path / "c.npy", np.array([2.0, 3.0]))
        c = np.load(tmp_path / "c.npy", mmap_mode="r")
    x = leaf([1.0, 2.0])
    mv.sum(x * x * c).backward()
    np.testing.assert_array_equal(x.grad, [4.0, 12.0])
    second = mv.hvp(lambda x: mv.sum(x * x * x * c), np.array([1.0, 2.0]), np.ones(2))
    np.testing.assert_array_equal(second.data, [12.0, 36.0])


def test_a_list_that_changes_afterwards_does_not_matter():
    c, x = [1.0, 2.0], leaf([1.0, 1.0])
    _, pull = mv.vjp(lambda x: mv.grad(lambda x: mv.sum(x * x * c))(x), x.data)
    c[0] = 100.0
    np.testing.assert_array_equal(pull(np.ones(2))[0].data, [2.0, 4.0])


def test_a_number_that_is_not_a_number_is_no_change():
    x = leaf([1.0, 2.0])
    (x * float("nan")).sum().backward()
    assert np.isnan(x.grad).all()


def test_a_masked_array_is_no_operand():
    with pytest.raises(TypeError, match="a masked array is no operand; fill it"):
        leaf([1.0, 2.0]) * np.ma.masked_array([1.0, 2.0], [True, False])


def test_a_fused_operation_notices_changes_that_only_its_formula_would_read():
    mu, logvar = leaf([1.0, 2.0]), leaf([0.5, 0.0])

    def f(mu, logvar):
        kl = mv.gaussian_kl(mu, logvar).sum()
        mu.data[0] = 3.0
        return kl

    with pytest.raises(RuntimeError, match=r"operand 0 of gaussian_kl.*was changed"):
        mv.grad(lambda m: mv.grad(f, argnums=1)(m * 1.0, logvar.data).sum())(mu.data)
