"""The compiled convolutions equal their references, and these the sum that defines them all."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minivae import kernels
from minivae.engine import ops
from minivae.kernels import convolution as reference
from minivae.kernels.convolution import Grid

compiled = pytest.importorskip(
    "minivae.kernels.compiled", reason="Numba is not installed here", exc_type=ImportError
)
from minivae.kernels.crew import crew  # noqa: E402

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
BOUNDS = {"float32": 1e-6, "float64": 1e-13}  # of the sum of absolute products
NAMES = ("conv_result", "conv_image", "conv_kernel")
ONES = (1, 1)


def pairs(least, most):
    number = st.integers(least, most)
    return st.tuples(number, number)


@st.composite
def settings(draw, most_channels=40):
    """(n, c, o), image, kernel and grid; channels fill vectors, and panels of them, or not."""
    n = draw(st.integers(1, 4))
    c, o = draw(st.tuples(*[st.integers(1, most_channels)] * 2))
    kernel = draw(pairs(1, 4))
    grid = Grid(draw(pairs(1, 3)), draw(pairs(0, 3)), draw(pairs(1, 3)))
    room = draw(pairs(0, 9))
    h, w = (
        max(1, d * (k - 1) + 1 - 2 * p) + r
        for k, d, p, r in zip(kernel, grid.dilation, grid.padding, room, strict=True)
    )
    return (n, c, o), (h, w), kernel, grid


def shapes_of(setting):
    """The shapes of x, W and g in the form T(x, W, g)."""
    (n, c, o), image, kernel, grid = setting
    return (n, c, *image), (o, c, *kernel), (n, o, *grid.result_size(image, kernel))


def arguments(name, setting, x, weight, g):
    """The arguments with which a kernel computes the derivative of T that is its name."""
    _, image, kernel, grid = setting
    return {
        "conv_result": (x, weight, grid),
        "conv_image": (g, weight, grid, image),
        "conv_kernel": (g, x, grid, kernel),
    }[name]


def with_arrays(f, args):
    return tuple(f(a) if isinstance(a, np.ndarray) else a for a in args)


def numbers(setting, dtype, seed, kind="normal"):
    rng = np.random.default_rng(seed)
    draw = {
        "normal": rng.standard_normal,
        "positive": rng.random,
        "constant": lambda shape: np.full(shape, rng.random() + 0.5),
        "of all sizes": lambda shape: (
            rng.standard_normal(shape) * 10.0 ** rng.integers(-9, 9, shape)
        ),
    }[kind]
    return [draw(shape).astype(dtype) for shape in shapes_of(setting)]


def assert_equals_the_reference(name, args, bound):
    """|twin - exact| <= bound · the sum of absolute products, which bounds any rounding error."""
    ours = getattr(compiled, name)(*args)
    kernel = getattr(reference, name)
    exact = kernel(*with_arrays(lambda a: a.astype("float64"), args))
    scale = kernel(*with_arrays(lambda a: np.abs(a.astype("float64")), args))
    assert ours.shape == exact.shape
    assert ours.dtype == args[0].dtype
    assert np.all(np.abs(ours - exact) <= bound * scale)


KINDS = st.sampled_from(["normal", "positive", "constant", "of all sizes"])
NETWORK = (100, 32, 64), (14, 14), (4, 4), Grid((2, 2), ONES)
FIRST = (100, 1, 32), (28, 28), (4, 4), Grid((2, 2), ONES)
PLAIN = (3, 20, 17), (9, 8), (3, 3), Grid()
PIXEL = (3, 20, 5), (7, 7), (7, 7), Grid()
SKIPPING = (2, 17, 9), (7, 8), (1, 2), Grid((3, 3), (1, 0), (2, 1))  # some pixels are met by none


@DTYPES
@pytest.mark.parametrize("name", NAMES)
def test_the_twin_equals_its_reference(name, dtype):
    @given(settings(), st.integers(0, 2**32), KINDS)
    @example(NETWORK, 0, "normal")
    @example(FIRST, 0, "positive")
    @example(PLAIN, 0, "normal")
    @example(PIXEL, 0, "normal")
    @example(SKIPPING, 0, "normal")
    def law(setting, seed, kind):
        args = arguments(name, setting, *numbers(setting, dtype, seed, kind))
        assert_equals_the_reference(name, args, BOUNDS[dtype])

    law()


@DTYPES
@pytest.mark.parametrize("name", NAMES)
def test_the_memory_layout_of_the_arrays_does_not_matter(name, dtype):
    def laid_out(a, order, steps):
        """The same numbers, with axes in another order in memory, and every second or backwards."""
        shape = [n * abs(s) for n, s in zip(a.shape, steps, strict=True)]
        memory = np.full([shape[i] for i in order], np.nan, a.dtype)
        view = memory.transpose(np.argsort(order))[tuple(slice(None, None, s) for s in steps)]
        view[...] = a
        return view

    layouts = st.tuples(
        st.permutations(range(4)), st.lists(st.sampled_from([1, -1, 2, -2]), min_size=4, max_size=4)
    )

    @given(settings(), st.integers(0, 2**32), layouts, layouts)
    def law(setting, seed, first, second):
        args = arguments(name, setting, *numbers(setting, dtype, seed))
        views = laid_out(args[0], *first), laid_out(args[1], *second), *args[2:]
        twin = getattr(compiled, name)
        np.testing.assert_array_equal(twin(*views), twin(*args))

    law()


@DTYPES
@pytest.mark.parametrize("name", NAMES)
def test_nan_and_infinities_come_out_where_the_reference_has_them(name, dtype):
    special = st.sampled_from([math.nan, math.inf, -math.inf])

    @given(settings(20), st.integers(0, 2**32), st.integers(0, 2), special, st.data())
    @example(PLAIN, 0, 1, math.inf, None)
    @example(NETWORK, 0, 1, math.inf, None)
    def law(setting, seed, which, value, data):
        arrays = numbers(setting, dtype, seed)
        place = data.draw(st.integers(0, arrays[which].size - 1)) if data else 0
        arrays[which].flat[place] = value
        args = arguments(name, setting, *arrays)
        ours = getattr(compiled, name)(*args)
        with np.errstate(invalid="ignore"):
            truth = getattr(reference, name)(*args)
        finite = np.isfinite(truth)
        np.testing.assert_array_equal(ours[~finite], truth[~finite])
        assert np.all(np.isfinite(ours[finite]))

    law()


@pytest.mark.parametrize("name", NAMES)
def test_the_result_has_the_same_bits_for_every_number_of_threads(name):
    before = crew.threads

    @given(settings(), st.integers(0, 2**32))
    @example(NETWORK, 0)
    @example(FIRST, 0)
    def law(setting, seed):
        args = arguments(name, setting, *numbers(setting, "float32", seed))
        results = []
        for threads in (1, 2, 3):
            crew.resize(threads)
            results.append(getattr(compiled, name)(*args))
        for result in results[1:]:
            np.testing.assert_array_equal(result, results[0])

    try:
        law()
    finally:
        crew.resize(before)


@pytest.mark.parametrize("kernel", NAMES)
def test_the_reference_is_the_derivative_of_the_sum_written_by_hand(kernel):
    """T(x, W, g) = Σ x[n, c, s a + d i - p, s b + d j - p] W[o, c, i, j] g[n, o, a, b]."""

    @given(settings(2), st.integers(0, 2**32))
    def law(setting, seed):
        x, weight, g = numbers(setting, "float64", seed)
        (s, t), (p, q), (d, e) = setting[3]
        by_hand = [np.zeros(a.shape) for a in (g, x, weight)]
        for n, c, o in np.ndindex(*setting[0]):
            for i, j in np.ndindex(*setting[2]):
                for a, b in np.ndindex(*g.shape[2:]):
                    u, v = s * a + d * i - p, t * b + e * j - q
                    if 0 <= u < x.shape[2] and 0 <= v < x.shape[3]:
                        by_hand[0][n, o, a, b] += x[n, c, u, v] * weight[o, c, i, j]
                        by_hand[1][n, c, u, v] += g[n, o, a, b] * weight[o, c, i, j]
                        by_hand[2][o, c, i, j] += g[n, o, a, b] * x[n, c, u, v]
        truth = by_hand[NAMES.index(kernel)]
        ours = getattr(reference, kernel)(*arguments(kernel, setting, x, weight, g))
        np.testing.assert_allclose(ours, truth, rtol=1e-11, atol=1e-11)

    law()


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("conv_result", (np.ones((2, 3, 5, 5)), np.ones((4, 2, 3, 3)), Grid())),
        ("conv_image", (np.ones((2, 3, 3, 3)), np.ones((4, 2, 3, 3)), Grid(), (5, 5))),
        ("conv_image", (np.ones((2, 4, 3, 3)), np.ones((4, 2, 3, 3)), Grid(), (4, 5))),
        ("conv_kernel", (np.ones((2, 4, 3, 3)), np.ones((2, 3, 5, 6)), Grid(), (3, 3))),
        ("conv_kernel", (np.ones((1, 4, 3, 3)), np.ones((2, 3, 5, 5)), Grid(), (3, 3))),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_both(name, args):
    for module in (compiled, reference):
        with pytest.raises(ValueError):
            getattr(module, name)(*args)


def test_a_result_smaller_than_the_image_allows_leaves_the_rest_zero():
    rng = np.random.default_rng(0)
    g, weight = rng.standard_normal((2, 3, 2, 2)), rng.standard_normal((3, 20, 2, 2))
    args = g, weight, Grid(), (5, 6)
    np.testing.assert_allclose(compiled.conv_image(*args), reference.conv_image(*args), atol=1e-14)


def test_a_kernel_without_entries_has_a_gradient_without_entries():
    args = np.ones((2, 3, 4, 6)), np.ones((2, 5, 3, 5)), Grid(), (0, 0)
    assert reference.conv_kernel(*args).shape == (3, 5, 0, 0)
    assert compiled.conv_kernel(*args).shape == (3, 5, 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_operations_call_the_twins_for_arrays_of_one_real_type(name, monkeypatch):
    kernels.use("numba")
    called = []
    monkeypatch.setattr(compiled, name, lambda *args: called.append(args) or args[0])
    operation = getattr(ops.convolution, name)
    args = arguments(name, PLAIN, *numbers(PLAIN, "float32", 0))
    operation(*args)
    assert len(called) == 1
    operation(*with_arrays(lambda a: a.astype("complex64"), args))
    operation(args[0], args[1].astype("float64"), *args[2:])
    operation(args[0][:0], args[1] if name != "conv_kernel" else args[1][:0], *args[2:])
    assert len(called) == 1
