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
    with pytest.raises(TypeError, match="getitem: index has no gradient; pass its .data"):
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


def test_an_array_times_a_tensor_is_a_tensor():
    x = mv.tensor(np.ones(3), requires_grad=True)
    assert isinstance(np.ones(3) * x, mv.Tensor)
    assert isinstance(np.ones((2, 3)) @ x, mv.Tensor)


def leaf(*values, dtype="float64"):
    return mv.tensor(np.array(values, dtype), requires_grad=True)


ONES = np.ones((2, 3))
IMAGES, KERNELS = np.ones((1, 2, 5, 5)), np.ones((3, 2, 3, 3))
MISUSES = {
    "mixed types of two tensors": (
        lambda: leaf(1.0) + leaf(1.0, dtype="float32"),
        TypeError,
        r"add\(float64\[1\], float32\[1\]\): floating-point types are not mixed; convert one",
    ),
    "mixed types of tensor and array": (
        lambda: mv.tensor(np.ones(3, "float32")) * np.ones(3),
        TypeError,
        r"multiply\(float32\[3\], float64\[3\]\).*x.astype\('float32'\)",
    ),
    "a gradient for integers": (
        lambda: mv.tensor([1, 2], requires_grad=True),
        TypeError,
        "this one is int64; pass dtype='float64'",
    ),
    "a tensor of a tensor": (lambda: mv.tensor(leaf(1.0)), TypeError, "is a Tensor already"),
    "backward without a graph": (
        lambda: mv.tensor(1.0).backward(),
        RuntimeError,
        "depends on nothing that requires a gradient; create the leaves with requires_grad=True",
    ),
    "backward from several entries": (
        lambda: (leaf(1.0, 2.0) * 2.0).backward(),
        ValueError,
        r"shape \(2,\) needs gradient=.*or reduce it to a scalar first, as by .sum\(\)",
    ),
    "backward with another shape": (
        lambda: leaf(1.0, 2.0).backward(np.ones(3)),
        ValueError,
        r"gradient has shape \(3,\), the tensor \(2,\)",
    ),
    "grad of an array": (
        lambda: mv.grad(lambda x: np.float64(1.0))(1.0),
        TypeError,
        "grad: the function must return a tensor, not float64; a NumPy array has left the graph",
    ),
    "vjp of an array": (
        lambda: mv.vjp(lambda x: x.numpy(), ONES),
        TypeError,
        "vjp: the function must return a tensor, not ndarray",
    ),
    "jvp of an array": (
        lambda: mv.jvp(lambda x: x.data, (ONES,), (ONES,)),
        TypeError,
        "jvp: the function must return a tensor, not ndarray",
    ),
    "grad of several entries": (
        lambda: mv.grad(lambda x: x * 2.0)(ONES),
        ValueError,
        r"must return a tensor with one entry, it returned \(2, 3\); reduce it",
    ),
    "a cotangent of another shape": (
        lambda: mv.vjp(lambda x: x * 2.0, ONES)[1](np.ones(2)),
        ValueError,
        r"the cotangent has shape \(2,\), the result \(2, 3\)",
    ),
    "a tangent of another shape": (
        lambda: mv.jvp(lambda x: x * 2.0, (ONES,), (np.ones(2),)),
        ValueError,
        "each argument needs a tangent of its shape",
    ),
    "too few tangents": (
        lambda: mv.jvp(lambda x, y: x * y, (ONES, ONES), (ONES,)),
        ValueError,
        "each argument needs a tangent of its shape",
    ),
    "a gradient of a condition": (
        lambda: mv.grad(lambda c: mv.where(c, ONES, 0.0).sum())(ONES),
        TypeError,
        r"where: operand 0 has no derivative.*detach\(\) it",
    ),
    "a tangent of a condition": (
        lambda: mv.jvp(lambda c: mv.where(c, ONES, 0.0), (ONES,), (ONES,)),
        TypeError,
        "where: operand 0 has no derivative",
    ),
    "a direction of another shape": (
        lambda: mv.hvp(lambda x: mv.sum(x * x), ONES, 1.0),
        ValueError,
        r"hvp: a direction has the shape of the point, \(2, 3\), this one \(\)",
    ),
    "an optimiser of arrays": (
        lambda: mv.optim.SGD([ONES], lr=0.1),
        TypeError,
        "SGD: parameter 0 is no leaf that requires a gradient but a ndarray; make it one by",
    ),
    "an optimiser of results": (
        lambda: mv.optim.Adam([leaf(1.0) * 2.0]),
        TypeError,
        "Adam: parameter 0 is no leaf that requires a gradient but tensor.*made by multiply",
    ),
    "a picture of an array": (
        lambda: mv.draw(ONES),
        TypeError,
        "draw: only a tensor remembers how it was made",
    ),
    "arguments of jvp that are no tuples": (
        lambda: mv.jvp(mv.exp, 3.0, 1.0),
        TypeError,
        r"jvp: pass arguments and tangents as tuples, as in jvp\(f, \(x,\), \(v,\)\)",
    ),
    "an argument that is not there": (
        lambda: mv.grad(mv.exp, argnums=3)(1.0),
        ValueError,
        "grad: argnums=3, and there are 1 arguments",
    ),
    "a slope at an integer": (
        lambda: mv.grad(lambda x: x * x)(3),
        TypeError,
        r"integers have no slope.*as np.float64\(3.0\) in place of 3",
    ),
    "words": (lambda: mv.tensor("abc"), TypeError, "the entries must be numbers, not <U3"),
    "nothing": (lambda: mv.tensor(None), TypeError, "the entries must be numbers, not object"),
    "a mask": (
        lambda: mv.tensor(np.ma.masked_array([1.0], [True])),
        TypeError,
        "would lose its mask; fill it",
    ),
    "a domain that is none": (
        lambda: mv.op(domain="complex")(lambda x: x),
        ValueError,
        "domain 'complex' is none of real, positive, nonzero",
    ),
    "an axis too far": (lambda: mv.sum(leaf(1.0), axis=1), IndexError, r"^sum\(float64\[1\]\)"),
    "an unknown argument": (
        lambda: mv.sum(leaf(1.0), dim=0),
        TypeError,
        "sum has no argument dim; it has x, axis, keepdims",
    ),
    "a tensor as an axis": (
        lambda: mv.sum(leaf(1.0), axis=leaf(0.0)),
        TypeError,
        "sum: axis has no gradient; pass its .data",
    ),
    "a tensor as part of an index": (
        lambda: leaf(1.0)[(mv.tensor([0]),)],
        TypeError,
        "getitem: index has no gradient",
    ),
    "a stack of different shapes": (
        lambda: mv.stack([np.ones(2), np.ones(3)]),
        ValueError,
        "stack: arrays must have one shape",
    ),
    "a concatenation that does not fit": (
        lambda: mv.concatenate([np.ones((2, 3)), np.ones((3, 2))]),
        ValueError,
        r"must agree in every axis but axis 0; they are \(2, 3\), \(3, 2\)",
    ),
    "a split into unequal parts": (
        lambda: mv.split(np.ones(7), 2),
        ValueError,
        "split: 7 entries along axis 0 do not divide into 2 equal parts",
    ),
    "another mode of padding": (
        lambda: mv.pad(ONES, 1, mode="reflect"),
        ValueError,
        "pad: mode='reflect'.*only constants can be added",
    ),
    "indices of another dimension": (
        lambda: mv.take_along_axis(ONES, np.array([0, 1]), 1),
        ValueError,
        "take_along_axis: indices must be integers with 2 axes",
    ),
    "a matrix norm": (
        lambda: mv.norm(ONES, 2),
        ValueError,
        "norm: ord=2 over 2 axes is not there",
    ),
    "a maximum of nothing": (lambda: mv.max(np.ones(0)), ValueError, r"^max\(float64\[0\]\)"),
    "subscripts for another number of operands": (
        lambda: mv.einsum("ij,jk->ik", ONES),
        ValueError,
        "has subscripts for 2 operands, there are 1",
    ),
    "subscripts for other axes": (
        lambda: mv.einsum("ijk->i", ONES),
        ValueError,
        "'ijk' does not fit an operand with 2 axes",
    ),
    "subscripts at the end": (
        lambda: mv.einsum(ONES, "ij->i"),
        TypeError,
        "the subscripts come first, as a string",
    ),
    "channels that differ": (
        lambda: mv.conv2d(IMAGES, np.ones((3, 4, 3, 3))),
        ValueError,
        r"images \(1, 2, 5, 5\) and kernels \(3, 4, 3, 3\) do not fit",
    ),
    "a kernel larger than the image": (
        lambda: mv.conv2d(IMAGES, np.ones((3, 2, 7, 7))),
        ValueError,
        r"do not fit into images of size \(5, 5\) with padding \(0, 0\); pad more",
    ),
    "a stride of nothing": (
        lambda: mv.conv2d(IMAGES, KERNELS, stride=0),
        ValueError,
        "steps must be at least 1",
    ),
    "an output padding beyond the stride": (
        lambda: mv.conv_transpose2d(IMAGES, np.ones((2, 3, 3, 3)), stride=2, output_padding=2),
        ValueError,
        r"output_padding 2 must be at least 0 and less than the stride \(2, 2\)",
    ),
    "images without a batch": (
        lambda: mv.conv2d(np.ones((2, 5, 5)), KERNELS),
        ValueError,
        r"images are \(n, c, h, w\)",
    ),
    "a list of tensors as one": (
        lambda: mv.tensor([leaf(1.0), leaf(2.0)]),
        TypeError,
        "which would cut its graph",
    ),
    "a loop over a number": (
        lambda: list(mv.tensor(1.0)),
        TypeError,
        "without axes cannot be iterated over; use item",
    ),
    "a type that is not floating": (
        lambda: leaf(1.0).astype("int64"),
        TypeError,
        "dtype must be a floating-point type, it is int64",
    ),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_is_answered_by_the_name_of_the_thing_and_the_mend(name):
    misuse, kind, message = MISUSES[name]
    with pytest.raises(kind, match=message):
        misuse()


def test_an_operation_cannot_take_the_name_of_another():
    def exp(x):
        return x

    with pytest.raises(ValueError, match="there is an operation exp already; choose another name"):
        mv.op(exp)


def stated(**functions):
    """An operation with these derivatives, forgotten after the test."""

    def cube(x):
        return x**3

    operation = mv.op(cube)
    for kind, function in functions.items():
        getattr(operation, kind)(*function)
    return operation


@pytest.fixture
def _forgotten():
    yield
    mv.REGISTRY.pop("cube", None)
    mv.FUNCTIONS.pop("cube", None)


@pytest.mark.usefixtures("_forgotten")
def test_a_derivative_that_is_not_stated_is_asked_for():
    with pytest.raises(TypeError, match=r"cube states no adjoint; state it, as by cube.adjoint"):
        stated()(leaf(2.0)).backward()
    cube = stated(adjoint=[lambda g, x: 3 * g * x * x])
    with pytest.raises(TypeError, match=r"cube states no tangent; state it, as by cube.tangent"):
        mv.jvp(cube, (2.0,), (1.0,))


@pytest.mark.usefixtures("_forgotten")
def test_an_operation_may_be_defined_anew_where_it_was_defined():
    stated(adjoint=[lambda g, x: -g])
    cube = stated(adjoint=[lambda g, x: 3 * g * x * x])
    mv.testing.gradcheck(cube, [2.0])
    assert mv.REGISTRY["cube"] is cube


@pytest.mark.usefixtures("_forgotten")
def test_an_adjoint_has_one_function_for_each_operand_and_returns_an_array():
    with pytest.raises(TypeError, match=r"one function for each of its operands \(x\), not 2"):
        stated(adjoint=[lambda g: g, lambda g: g])
    cube = stated(adjoint=[lambda g: None])
    with pytest.raises(TypeError, match="cube: its adjoint returned None; it must return an array"):
        cube(leaf(2.0)).backward()


def test_a_derivative_that_reads_what_is_not_there_is_refused():
    def shifted(x):
        return x + 1.0

    operation = mv.op(shifted)
    operation.adjoint(lambda g, q: g * q)
    try:
        with pytest.raises(TypeError, match="shifted: its derivative reads 'q', which is none of"):
            operation(leaf(1.0))
    finally:
        del mv.REGISTRY["shifted"], mv.FUNCTIONS["shifted"]
