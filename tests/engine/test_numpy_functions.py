"""NumPy's functions on tensors are recorded or refused with a mend: never a silent detach."""

import numpy as np
import pytest
from scipy import special

import minivae as mv
from minivae.engine.operators import QUESTIONS

X = np.array([[0.5, 1.0], [2.0, 4.0]])


def leaf(values=X):
    return mv.tensor(np.array(values), requires_grad=True)


RECORDED = {
    "exp": lambda x: np.exp(x),
    "multiply by an array on the left": lambda x: X * x,
    "matmul by an array on the left": lambda x: X @ x,
    "sum": lambda x: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x: np.mean(x, 1),
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "max": lambda x: np.max(x, axis=0),
    "where": lambda x: np.where(X > 1, x, 0.0),
    "concatenate": lambda x: np.concatenate([x, X], axis=1),
    "stack": lambda x: np.stack([X, x]),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, X),
    "norm": lambda x: np.linalg.norm(x, axis=1),
    "transpose": lambda x: np.transpose(x),
    "clip": lambda x: np.clip(x, 0.75, 3.0),
    "power": lambda x: np.power(x, 2.0),
    "absolute by its short name": lambda x: np.abs(x),
    "pad": lambda x: np.pad(x, 1),
    "outer": lambda x: np.outer(x, X),
    "sum by NumPy's names": lambda x: np.sum(a=x, axis=0, dtype=None),
    "max with NumPy's third argument": lambda x: np.max(x, 0, None),
    "var with NumPy's third and fourth": lambda x: np.var(x, 0, None, None, 1),
    "norm by keyword": lambda x: np.linalg.norm(x, axis=1, ord=2),
    "padding with another constant": lambda x: np.pad(x, 1, constant_values=3.0),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [1]]), 1),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_function_of_numpy_is_recorded(name):
    f, x = RECORDED[name], leaf()
    z = f(x)
    assert isinstance(z, mv.Tensor)
    assert z.requires_grad
    np.testing.assert_allclose(z.data, f(X), rtol=1e-14)
    mv.testing.gradcheck(f, X + 0.1)


REFUSED = {
    "a function that we lack": (lambda x: np.arctan(x), "np.arctan knows no tensors"),
    "rounding": (lambda x: np.round(x), "np.round knows no tensors"),
    "a reduction of a ufunc": (lambda x: np.add.reduce(x), "np.add.reduce knows no tensors"),
    "another function of the same name": (
        lambda x: np.linalg.diagonal(x),
        "np.linalg.diagonal knows no tensors",
    ),
    "a sort": (lambda x: np.sort(x), "np.sort knows no tensors"),
    "an array as target": (lambda x: np.exp(x, out=np.empty_like(X)), r"out=.*array \+ tensor"),
    "an array made longer": (lambda x: np.empty_like(X).__iadd__(x), r"array \+ tensor"),
    "a silent copy": (lambda x: np.asarray(x), "which would cut its graph.*detach"),
    "a list of tensors": (lambda x: np.array([x[0], x[1]]), "which would cut its graph.*detach"),
    "an argument that we lack": (lambda x: np.sum(x, initial=3.0), "sum has no argument initial"),
    "a type in NumPy's place": (lambda x: np.prod(x, 0, float), "prod has no argument dtype"),
    "an order of entries": (lambda x: np.reshape(x, (4,), order="F"), "has no argument order"),
    "a number from a tensor": (lambda x: np.full_like(X, x[0, 0]), "np.copyto knows no tensors"),
    "a tensor as target": (lambda x: np.greater(X, X, out=x), "no array can take up a tensor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_refused_with_the_mend(name):
    f, message = REFUSED[name]
    with pytest.raises(TypeError, match=message):
        f(leaf())


def test_questions_about_values_are_answered_by_arrays():
    x = leaf()
    assert np.array_equal(np.isfinite(x), np.full((2, 2), True))
    assert np.array_equal(np.greater(X, x), np.full((2, 2), False))
    assert np.array_equal(np.argmax(x, axis=1), [1, 1])
    assert np.shape(x) == (2, 2)
    assert np.ndim(x) == 2
    assert np.allclose(x, X)
    assert np.allclose(X, b=x)
    assert np.argmax(a=x) == 3
    assert type(np.zeros_like(x)) is np.ndarray


def test_no_question_is_an_operation():
    assert not QUESTIONS & mv.FUNCTIONS.keys()


def test_a_tensor_without_gradient_may_become_an_array():
    np.testing.assert_array_equal(np.asarray(mv.tensor(X)), X)
    np.testing.assert_array_equal(np.sort(mv.tensor(-X)), np.sort(-X))


@pytest.mark.parametrize(
    ("f", "mend"),
    [
        (lambda x: np.dot(X, x), "np.dot knows no tensors.*use matmul"),
        (lambda x: np.vstack([x, x]), "use concatenate"),
        (special.expit, "^expit knows no tensors.*use sigmoid"),
    ],
)
def test_the_mend_names_the_operation_that_serves(f, mend):
    with pytest.raises(TypeError, match=mend):
        f(leaf())


@pytest.mark.parametrize("change", ["__iadd__", "__imul__", "__isub__", "__itruediv__", "__ipow__"])
def test_a_leaf_is_not_changed_by_an_operator(change):
    x = leaf()
    with pytest.raises(TypeError, match=r"write x = x \+ y for a new tensor, or x.data \+= y"):
        getattr(x, change)(2.0)


def test_other_tensors_are_bound_anew():
    x = leaf()
    y = first = x * 1.0
    y += x
    assert y is not first
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 2), 2.0))
    total = mv.tensor(0.0)
    total += x.sum()
    total.backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 2), 3.0))


def test_entries_are_not_assigned_to():
    with pytest.raises(TypeError, match="build a new one with where, concatenate or pad"):
        leaf()[0] = 1.0
