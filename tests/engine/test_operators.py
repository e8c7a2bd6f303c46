"""Operators mean what they mean for arrays, in both orders."""

import operator

import numpy as np
import pytest

import minivae as mv

A, B = np.array([1.5, 2.0, 3.0]), np.array([2.0, 2.0, 0.5])
BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.matmul,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]


def values(result):
    return result.data if isinstance(result, mv.Tensor) else result


@pytest.mark.parametrize("f", BINARY)
def test_binary_operators_are_those_of_arrays_in_both_orders(f):
    expected = f(A, B)
    for left in (A, mv.tensor(A)):
        for right in (B, mv.tensor(B)):
            if left is not A or right is not B:
                np.testing.assert_array_equal(values(f(left, right)), expected)


@pytest.mark.parametrize("f", [f for f in BINARY if f is not operator.matmul])
def test_operators_take_numbers_on_either_side(f):
    np.testing.assert_array_equal(values(f(mv.tensor(A), 2.0)), f(A, 2.0))
    np.testing.assert_array_equal(values(f(2.0, mv.tensor(A))), f(2.0, A))


@pytest.mark.parametrize("f", [operator.neg, abs])
def test_unary_operators(f):
    np.testing.assert_array_equal(f(mv.tensor(-A)).data, f(-A))


def test_tensors_are_iterated_over_like_arrays():
    assert [x.item() for x in mv.tensor(A)] == list(A)
    with pytest.raises(TypeError, match="without axes cannot be iterated over"):
        list(mv.tensor(3.0))


@pytest.mark.parametrize("number", [np.float64(2.0), np.int64(2), np.prod((2, 1))])
def test_numpy_numbers_promote_no_more_than_pythons(number):
    x = mv.tensor(np.ones(3, "float32"))
    assert (x * number).dtype == (number * x).dtype == "float32"


def test_a_mean_over_no_rows_has_an_empty_gradient():
    x = mv.tensor(np.ones((0, 3)), requires_grad=True)
    mv.mean(x, axis=1).sum().backward()
    assert x.grad.shape == (0, 3)


def test_a_number_can_be_printed_and_counted_with():
    x = mv.tensor(2.75, requires_grad=True)
    assert f"{x:.1f}" == "2.8"
    assert f"{x}" == str(x)
    assert (int(x), float(x), x.item()) == (2, 2.75, 2.75)
    assert mv.tensor(A).tolist() == A.tolist()
    assert (mv.tensor(A).argmax(), mv.tensor(A).argmin()) == (2, 0)


@pytest.mark.parametrize("axes", [(), (None,), (1, 0), ((1, 0),), ([1, 0],)])
def test_axes_are_permuted_as_by_numpy(axes):
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(mv.tensor(x).transpose(*axes).data, x.transpose(*axes))


def test_a_single_axis_does_not_permute_two():
    with pytest.raises(ValueError, match="^transpose.*axes don't match"):
        mv.tensor(np.ones((2, 3))).transpose(0)


def test_complex_numbers_have_no_gradient():
    x = mv.tensor(A, requires_grad=True)
    with pytest.raises(TypeError, match="meets complex numbers, and gradients are of real"):
        x * 1j
    with pytest.raises(TypeError, match="gradient is complex"):
        (x * 1.0).backward(1j * A)
    assert (mv.tensor(A) * 1j).dtype == complex


@pytest.mark.parametrize("number", [np.longdouble(2), np.float16(2), np.float32(2), np.uint8(2)])
def test_numbers_of_any_type_do_not_promote(number):
    x = mv.tensor(np.ones(3, "float32"))
    assert (x * number).dtype == "float32"
