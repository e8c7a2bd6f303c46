"""Errors name the operation, the shapes and a mend; arrays are never made silently."""

import numpy as np
import pytest

import minivae as mv


def test_a_product_of_the_wrong_way_round():
    with pytest.raises(ValueError, match="inner sizes 784 and 400 differ; did you mean y.T") as e:
        mv.matmul(np.ones((128, 784)), np.ones((400, 784)))
    assert "matmul(float64[128, 784], float64[400, 784])" in str(e.value)


def test_a_product_with_a_scalar():
    with pytest.raises(ValueError, match=r"takes no scalars; did you mean \*"):
        mv.matmul(mv.tensor(2.0), np.ones((2, 2)))


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match="^add.*sizes 4 and 5 meet in axis -1"):
        mv.tensor(np.ones((3, 4))) + np.ones((3, 5))


def test_an_affine_map_of_the_wrong_size():
    layer = mv.nn.Linear(3, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"x has 4 features, weight \(2, 3\) expects 3"):
        layer(np.ones((5, 4)))
    with pytest.raises(ValueError, match=r"weight must be \(out, in\) and bias \(out,\)"):
        mv.linear(np.ones((5, 3)), np.ones((2, 3)), np.ones(3))


def test_a_reshape_that_does_not_fit():
    with pytest.raises(ValueError, match=r"6 entries of shape \(2, 3\) do not fill shape \(4, 2\)"):
        mv.reshape(np.ones((2, 3)), (4, 2))


def test_the_type_of_the_error_is_kept():
    with pytest.raises(IndexError, match="^getitem"):
        mv.tensor(np.ones(3))[7]


def test_arguments_by_position_are_those_of_numpy_and_no_more():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(mv.sum(x, 0), x.sum(0))
    np.testing.assert_array_equal(mv.sum(mv.tensor(x), 1, True).data, x.sum(1, keepdims=True))
    with pytest.raises(TypeError, match="exp takes at most 1 argument, not 2"):
        mv.exp(x, 2)


def test_operands_by_keyword_are_recorded_like_any_other():
    x = mv.tensor(np.ones((2, 3)), requires_grad=True)
    mv.matmul(y=np.ones((3, 1)), x=x).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 3)))
    assert isinstance(mv.reshape(x=x, shape=(3, 2)), mv.Tensor)


def test_operands_that_are_missing_doubled_or_static_are_named():
    x = mv.tensor(np.ones(3))
    with pytest.raises(TypeError, match="matmul: the operand y is missing"):
        mv.matmul(x)
    with pytest.raises(TypeError, match="matmul: x is given twice"):
        mv.matmul(x, x, x=x)
    with pytest.raises(TypeError, match="getitem: index has no gradient; pass index.data"):
        x[mv.tensor([1])]


def test_a_hint_that_does_not_apply_is_silent():
    with pytest.raises(TypeError, match="^reshape.*(integer|str)"):
        mv.reshape(np.ones(3), "a")
    with pytest.raises(ValueError, match="^matmul") as error:
        mv.matmul(np.ones((2, 3)), np.ones((4, 5)))
    assert "did you mean" not in str(error.value)


def test_arrays_that_cannot_be_joined():
    with pytest.raises(
        ValueError, match="arrays to concatenate must agree in every axis but axis 0"
    ):
        mv.concatenate([np.ones((2, 3)), np.ones((3, 2))])


def test_an_operation_does_not_replace_another():
    with pytest.raises(ValueError, match="there is an operation add already"):

        @mv.engine.op
        def add(x, y):
            return x - y


def test_what_is_no_number_is_refused_by_name():
    with pytest.raises(TypeError, match="^exp"):
        mv.exp("a")


def test_numpy_functions_do_not_cut_the_graph_silently():
    x = mv.tensor(np.ones(3), requires_grad=True)
    with pytest.raises(TypeError):
        np.exp(x)
    with pytest.raises(TypeError, match="cut its graph"):
        np.asarray(x)


def test_an_array_times_a_tensor_is_a_tensor():
    x = mv.tensor(np.ones(3), requires_grad=True)
    assert isinstance(np.ones(3) * x, mv.Tensor)
    assert isinstance(np.ones((2, 3)) @ x, mv.Tensor)


def test_a_gradient_for_a_constant_operand():
    with pytest.raises(TypeError, match="bernoulli_nll: operand 1 is a constant"):
        mv.grad(lambda x: mv.bernoulli_nll(np.zeros(3), x).sum())(np.ones(3))
