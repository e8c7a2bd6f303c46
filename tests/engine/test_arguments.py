"""What functions take, beyond arrays and tensors, and how they refuse the rest: by their name."""

import sys

import numpy as np
import pytest

import minivae as mv

X = np.arange(6.0).reshape(2, 3)
IMAGES, KERNELS = np.ones((1, 2, 5, 5)), np.ones((3, 2, 3, 3))

# --- lists, numbers and generators ------------------------------------------------------------

ROWS = X.tolist()
LIKE_NUMPY = {
    "mean": lambda np: np.mean(ROWS, 0),
    "mean of a number": lambda np: np.mean(3.0),
    "var": lambda np: np.var(ROWS, axis=1),
    "var of integers": lambda np: np.var([1, 2, 4]),
    "std": lambda np: np.std(ROWS),
    "prod": lambda np: np.prod(ROWS, axis=1),
    "prod of a number": lambda np: np.prod(3.0),
    "flip": lambda np: np.flip(ROWS, 1),
    "tril": lambda np: np.tril(ROWS, 1),
    "tril of integers": lambda np: np.tril([[1, 2], [3, 4]]),
    "squeeze": lambda np: np.squeeze([[1.0, 2.0]]),
    "expand_dims": lambda np: np.expand_dims(ROWS, 1),
    "expand_dims of a number": lambda np: np.expand_dims(3.0, 0),
    "swapaxes": lambda np: np.swapaxes(ROWS, 0, 1),
    "diagonal": lambda np: np.diagonal(ROWS, 1),
    "outer": lambda np: np.outer([1.0, 2.0], 3.0),
    "pad": lambda np: np.pad([1.0, 2.0], 1),
    "pad with two constants": lambda np: np.pad(ROWS, ((1, 1), (0, 2)), constant_values=(1, 2)),
    "pad with constants by axes": lambda np: np.pad(
        ROWS, ((1, 1), (0, 2)), constant_values=((1, 2), (3, 4))
    ),
    "pad of integers": lambda np: np.pad([1, 2], 1, constant_values=1.5),
    "einsum": lambda np: np.einsum("ij,j->i", ROWS, [1.0, 2.0, 3.0]),
    "einsum with optimize": lambda np: np.einsum("ij->j", ROWS, optimize="greedy"),
    "concatenate": lambda np: np.concatenate([ROWS, ROWS], 1),
    "stack": lambda np: np.stack([ROWS, ROWS], 1),
    "stack of numbers": lambda np: np.stack([1.0, 2.0]),
    "clip": lambda np: np.clip(ROWS, 1.0, 2.0),
    "clip by min": lambda np: np.clip(X, min=1.0),
    "clip by max": lambda np: np.clip(X, max=1.0),
    "clip without limits": lambda np: np.clip(ROWS, None, None),
}


@pytest.mark.parametrize("name", LIKE_NUMPY)
def test_lists_and_numbers_are_taken_as_numpy_takes_them(name):
    if "clip by" in name and np.lib.NumpyVersion(np.__version__) < "2.1.0":
        pytest.skip("this NumPy has no min and max")
    call = LIKE_NUMPY[name]
    found, expected = call(mv), call(np)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


def test_what_numpy_has_not_takes_lists_too():
    assert mv.norm([3, 4]) == 5.0
    assert mv.norm(-3.0) == 3.0
    assert mv.take_along_axis([1.0, 2.0], [1, 1], 0).tolist() == [2.0, 2.0]
    assert [part.tolist() for part in mv.split([1, 2, 3], [1])] == [[1], [2, 3]]
    z = mv.conv2d(IMAGES.tolist(), KERNELS.tolist(), [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(z, mv.conv2d(IMAGES, KERNELS, np.arange(3.0)))
    x = mv.conv_transpose2d(z.tolist(), weight=KERNELS.tolist())
    np.testing.assert_array_equal(x, mv.conv_transpose2d(z, KERNELS))


def test_a_number_beside_a_float32_tensor_promotes_nothing():
    x = mv.tensor(np.ones(3, "float32"), requires_grad=True)
    for z in (mv.einsum(",i->i", 2.0, x), mv.clip(0.5, x, 2.0), mv.leaky_relu(x)):
        assert z.dtype == "float32"


@pytest.mark.parametrize("join", [mv.concatenate, mv.stack])
def test_parts_may_come_from_a_generator(join):
    t = mv.tensor(X, requires_grad=True)
    z = join(a * t for a in (1.0, 2.0))
    np.testing.assert_array_equal(z.data, join([X, 2 * X]))
    z.sum().backward()
    np.testing.assert_array_equal(t.grad, np.full_like(X, 3.0))


def test_the_way_back_through_a_concatenation_takes_time_in_proportion_to_its_parts():
    """Lines of Python run, which are machine-independent: 4 times the parts, 4 times the lines."""

    def lines(n):
        parts = [mv.tensor(np.ones(2), requires_grad=True) for _ in range(n)]
        z, count = mv.concatenate(parts), 0

        def trace(frame, event, arg):
            nonlocal count
            count += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            z.backward(np.ones(z.shape))
        finally:
            sys.settrace(before)
        return count

    lines(8)  # plans are made once
    assert lines(400) < 4.5 * lines(100)


# --- what is refused, and in whose name -------------------------------------------------------

REFUSED = {
    "flip: axis 5 is out of bounds for array of dimension 2": lambda x: mv.flip(x, 5),
    "flip: axis -3 is out of bounds": lambda x: mv.flip(x, -3),
    "flip: repeated axis": lambda x: mv.flip(x, (0, 0)),
    "flip: an axis is an integer, or there is a tuple of them, not 1.5": lambda x: mv.flip(x, 1.5),
    "diagonal: axis 2 is out of bounds": lambda x: mv.diagonal(x, 0, 2, 1),
    "diagonal: axis 0 is out of bounds for array of dimension 0": lambda x: mv.diagonal(mv.sum(x)),
    "diagonal: repeated axis": lambda x: mv.diagonal(x, 0, 1, 1),
    "swapaxes: axis 3 is out of bounds": lambda x: mv.swapaxes(x, 3, 0),
    "take_along_axis: axis 4 is out of bounds": lambda x: mv.take_along_axis(x, [[0], [0]], 4),
    "take_along_axis: indices must be integers with 1 axes": lambda x: mv.take_along_axis(
        x, [[0], [0]], None
    ),
    "split: axis 4 is out of bounds": lambda x: mv.split(x, 2, 4),
    "split: 2 entries along axis 0 do not divide into 0 equal": lambda x: mv.split(x, 0),
    "squeeze: axis 5 is out of bounds": lambda x: mv.squeeze(x, 5),
    "squeeze: cannot select an axis to squeeze out which has size": lambda x: mv.squeeze(x, 0),
    "expand_dims: axis 7 is out of bounds": lambda x: mv.expand_dims(x, 7),
    "norm: axis 6 is out of bounds": lambda x: mv.norm(x, axis=6),
    "mean.*axis 6 is out of bounds": lambda x: mv.mean(x, axis=6),
    "std: .*axis 6 is out of bounds": lambda x: mv.std(x, axis=6),
    "prod.*axis 6 is out of bounds": lambda x: mv.prod(x, axis=6),
    "concatenate: axis 7 is out of bounds": lambda x: mv.concatenate([x, x], 7),
    "concatenate: there is nothing to concatenate": lambda x: mv.concatenate([]),
    "concatenate: arrays without axes cannot be": lambda x: mv.concatenate([1.0, mv.sum(x)]),
    "stack: .*axis 9 is out of bounds": lambda x: mv.stack([x, x], 9),
    "pad: .*shape": lambda x: mv.pad(x, 1, constant_values=(1, 2, 3)),
    "reshape.*the shape is missing": lambda x: mv.reshape(x),
    "broadcast_to.*the shape is missing": lambda x: mv.broadcast_to(x),
    "reshape.*only one size can be -1, not 2": lambda x: mv.reshape(x, (-1, -1)),
    "clip: limits are given twice": lambda x: mv.clip(x, 1.0, min=2.0),
    "einsum: .*is missing from the result; write": lambda x: mv.einsum("...i->i", x),
}


@pytest.mark.parametrize("message", REFUSED)
def test_wrong_arguments_are_refused_by_the_functions_name(message):
    for x in (X, mv.tensor(X, requires_grad=True)):
        with pytest.raises((IndexError, ValueError, TypeError), match=f"^{message}"):
            REFUSED[message](x)


ILL_FITTING = {
    r"conv_transpose2d: images \(2, 5, 5\) and kernels .* do not fit: images are \(n, c, h, w\)": (
        lambda: mv.conv_transpose2d(np.ones((2, 5, 5)), KERNELS)
    ),
    r"conv2d: stride must be an integer, or two, .*it is \(1, 2, 3\)": (
        lambda: mv.conv2d(IMAGES, KERNELS, stride=(1, 2, 3))
    ),
    "conv2d: padding must be an integer, or two, .*it is 0.5": (
        lambda: mv.conv2d(IMAGES, KERNELS, padding=0.5)
    ),
    r"conv_transpose2d: padding \(3, 3\) would leave an image of size \(-4, -4\).*; pad less": (
        lambda: mv.conv_transpose2d(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), padding=3)
    ),
    r"conv2d: .*bias has shape \(1,\), but there are 3 channels .* it must be \(3,\)": (
        lambda: mv.conv2d(IMAGES, KERNELS, np.ones(1))
    ),
    r"conv_transpose2d: .*bias has shape \(1, 2\).* it must be \(2,\)": (
        lambda: mv.conv_transpose2d(np.ones((1, 3, 2, 2)), KERNELS, np.ones((1, 2)))
    ),
}


@pytest.mark.parametrize("message", ILL_FITTING)
def test_images_and_kernels_that_do_not_fit_are_told_what_does(message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ILL_FITTING[message]()
