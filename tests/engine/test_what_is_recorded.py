"""What a derivative depends on is recorded, watched and noticed, and keeps its type."""

import numpy as np
import pytest

import minivae as mv

CHANGED = "was changed in place after it had been used"


def leaf(values, dtype=float):
    return mv.tensor(np.array(values, dtype), requires_grad=True)


# --- transformations --------------------------------------------------------------------------


def test_a_pullback_can_be_differentiated_in_its_cotangent():
    u = leaf([1.0, 2.0])
    _, pull = mv.vjp(lambda x: x * x, np.array([3.0, 4.0]))
    (gx,) = pull(u)  # 2 x u
    gx.sum().backward()
    np.testing.assert_array_equal(u.grad, [6.0, 8.0])


@pytest.mark.parametrize(
    "value",
    [
        lambda f: mv.vjp(f, 2.0)[0],
        lambda f: mv.jvp(f, (2.0,), (1.0,))[0],
        lambda f: mv.value_and_grad(f)(2.0)[0],
    ],
)
def test_an_outer_tensor_that_a_function_returns_as_it_is_keeps_its_gradient(value):
    w = leaf(3.0)
    value(lambda x: w).backward()
    assert w.grad == 1.0


@pytest.mark.parametrize("f", [lambda x: x, mv.tanh, lambda x: x * x, lambda x: mv.sum(x) * x])
def test_cotangents_and_tangents_take_the_type_of_the_function(f):
    x, v = np.array([0.5, 1.0], "float32"), np.array([1.0, 2.0])
    z, pull = mv.vjp(f, x)
    assert z.dtype == pull(v)[0].dtype == pull(mv.tensor(v))[0].dtype == "float32"
    assert mv.jvp(f, (x,), (v,))[1].dtype == "float32"
    assert pull(leaf(v))[0].dtype == mv.jvp(f, (x,), (leaf(v),))[1].dtype == "float32"


# --- watchers ---------------------------------------------------------------------------------


def test_of_two_watchers_both_see_every_event():
    x = leaf([1.0, 2.0])
    with mv.profile() as outer:
        mv.exp(x)
        with mv.profile() as inner:
            mv.tanh(x).sum().backward()
    assert len(inner.steps) == 4  # two operations, there and back
    assert len(outer.steps) == 5


def test_an_anomaly_is_detected_outside_and_inside_of_a_profile():
    with pytest.raises(mv.AnomalyError), mv.detect_anomaly(), mv.profile() as inside:
        mv.log(leaf(0.0))
    with pytest.raises(mv.AnomalyError), mv.profile() as outside, mv.detect_anomaly():
        mv.log(leaf(0.0))
    assert len(inside.steps) <= 1
    assert len(outside.steps) <= 1


# --- changes in place -------------------------------------------------------------------------


def test_what_only_the_formula_of_a_fused_operation_reads_must_not_change_for_higher_orders():
    """The adjoint of the mean reads no variance; the formula does, at the next order."""
    mu, logvar = leaf([1.0, 2.0]), np.array([0.5, 0.1])
    z = mv.gaussian_kl(mu, logvar).sum()
    _, pull = mv.vjp(lambda mu: mv.gaussian_kl(mu, logvar).sum(), mu)
    logvar[0] = 7.0
    z.backward()
    np.testing.assert_array_equal(mu.grad, mu.data)
    with pytest.raises(RuntimeError, match=f"operand 1 of gaussian_kl.*{CHANGED}"):
        pull(leaf(1.0))


@pytest.mark.parametrize("size", [2, 1000])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_changed_operand_among_many_is_noticed(size, which):
    arrays = [np.linspace(1.0, 2.0, size) for _ in range(3)]
    x = leaf(arrays[0])
    z = mv.einsum("i,i,i->", x, *arrays[1:])
    (x.data if which == 0 else arrays[which])[-1] = 7.0
    with pytest.raises(RuntimeError, match=CHANGED):
        z.backward()


# --- entries and integers ---------------------------------------------------------------------


def test_the_entries_of_a_tensor_are_recorded_tensors():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    first, second = x
    (first * second).sum().backward()
    np.testing.assert_array_equal(x.grad, [[3.0, 4.0], [1.0, 2.0]])


@pytest.mark.parametrize("f", [mv.multiply, mv.add, mv.divide, mv.power, mv.maximum])
def test_integer_arrays_follow_the_type_of_the_tensor(f):
    x = leaf([1.5, 2.5], "float32")
    z = f(x, np.array([2, 3]))
    assert z.dtype == "float32"
    z.sum().backward()
    assert x.grad.dtype == "float32"
    assert f(np.array([2, 3]), x).dtype == "float32"
