"""Products by tiles equal BLAS's, for all sizes, strides and types, with bias and nonlinearity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minivae import kernels
from minivae.kernels import activations, products
from minivae.kernels.crew import crew

compiled = pytest.importorskip(
    "minivae.kernels.compiled", reason="Numba is not installed here", exc_type=ImportError
)
product = pytest.importorskip("minivae.kernels.compiled.product")

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
TOLERANCE = {"float32": 1e-6, "float64": 1e-13}
ROWS = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 47, 48, 49, 100, 193])
COLUMNS = st.sampled_from([1, 2, 7, 8, 15, 16, 17, 31, 33, 47, 48, 49, 95, 97])
STEPS = st.sampled_from([1, 2, 15, 16, 17, 127, 128, 129, 300])
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0]


@st.composite
def matrices(draw, shape, dtype, special=False):
    """Rows, columns, every other entry, backwards, or one row for all: the same kind of numbers."""
    m, n = shape
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    layout = draw(st.sampled_from(["rows", "columns", "strided", "backwards", "stretched"]))
    sizes = {"columns": (n, m), "strided": (2 * m, 3 * n), "stretched": (1, n)}
    x = rng.normal(size=sizes.get(layout, (m, n))).astype(dtype)
    if special:
        places = rng.integers(0, x.size, draw(st.integers(0, 3)))
        x.flat[places] = rng.choice(SPECIAL, len(places))
    views = {
        "rows": lambda: x,
        "columns": lambda: x.T,
        "strided": lambda: x[::2, ::3],
        "backwards": lambda: x[::-1, ::-1],
        "stretched": lambda: np.broadcast_to(x, (m, n)),
    }
    return views[layout]()


@st.composite
def factors(draw, dtype, special=False):
    m, k, n = draw(ROWS), draw(STEPS), draw(COLUMNS)
    return draw(matrices((m, k), dtype, special)), draw(matrices((k, n), dtype, special))


def sum_of_sizes(a, b):
    with np.errstate(all="ignore"):
        return np.abs(a).astype("float64") @ np.abs(b).astype("float64")


def assert_equal_sums(found, a, b, dtype, bias=0.0):
    """The difference is small beside the sum of |aᵢₖ bₖⱼ|; NaN and infinities are the same."""
    with np.errstate(all="ignore"):
        exact = a.astype("float64") @ b.astype("float64") + bias
    assert found.dtype == dtype
    assert found.shape == exact.shape
    finite = np.isfinite(exact)
    np.testing.assert_array_equal(found[~finite], exact[~finite])
    bound = TOLERANCE[dtype] * (sum_of_sizes(a, b) + np.abs(bias))
    assert (np.abs(found[finite] - exact[finite]) <= bound[finite]).all()


@DTYPES
@pytest.mark.parametrize("special", [False, True])
def test_a_product_of_tiles_is_the_product(dtype, special):
    @settings(max_examples=300)
    @given(factors(dtype, special))
    def law(pair):
        assert_equal_sums(compiled.multiply(*pair), *pair, dtype)

    law()


@DTYPES
@given(data=st.data())
def test_the_error_of_a_long_sum_of_positive_terms_does_not_grow(dtype, data):
    k = data.draw(st.sampled_from([1_000, 5_000, 20_000]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    a, b = rng.random((3, k)).astype(dtype), rng.random((k, 5)).astype(dtype)
    assert_equal_sums(compiled.multiply(a, b), a, b, dtype)


@DTYPES
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_bias_and_nonlinearity_are_applied_to_the_product(dtype, activation):
    @settings(max_examples=40)
    @given(factors(dtype), st.integers(0, 2**32))
    def law(pair, seed):
        x, weight = pair[0], pair[1].T
        bias = np.random.default_rng(seed).normal(size=len(weight)).astype(dtype)
        exact = activations.activated(
            x.astype("float64") @ weight.T.astype("float64") + bias, activation
        )
        bound = TOLERANCE[dtype] * (sum_of_sizes(x, weight.T) + np.abs(bias) + 1)  # |f'| <= 1
        found = compiled.multiply(x, weight.T, bias, activations.ACTIVATIONS.index(activation))
        assert (np.abs(found - exact) <= bound).all()
        assert (np.abs(products.dense(x, weight, bias, activation) - exact) <= bound).all()

    law()


@DTYPES
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_a_cotangent_passes_through_the_nonlinearity_and_sums_to_that_of_the_bias(
    dtype, activation
):
    @settings(max_examples=40)
    @given(ROWS, COLUMNS, st.data())
    def law(n, width, data):
        g, a = (data.draw(matrices((n, width), dtype)) for _ in range(2))
        y = activations.activated(a.copy(), activation)
        ours, total = compiled.dense_cotangent(g, y, activations.ACTIVATIONS.index(activation))
        exact = g.astype("float64") * activations.slope(y.astype("float64"), activation)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(ours, exact, rtol=0, atol=4 * eps * np.abs(g).max())
        sums = np.abs(ours).astype("float64").sum(axis=0)
        assert (np.abs(total - ours.astype("float64").sum(axis=0)) <= TOLERANCE[dtype] * sums).all()

    law()


@DTYPES
def test_a_bias_may_have_gaps_and_be_read_only(dtype):
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(50, 100)).astype(dtype), rng.normal(size=(200, 100)).astype(dtype)
    bias = rng.normal(size=(200, 2)).astype(dtype)[::-1, 1]
    bias.flags.writeable = False
    together = products.dense(x, weight, bias)
    frozen = bias.copy()
    frozen.flags.writeable = False
    for same in (bias.copy(), frozen):
        np.testing.assert_array_equal(together, products.dense(x, weight, same))
    assert_equal_sums(together, x, weight.T, dtype, bias)


@pytest.mark.parametrize("by", ["auto", "tiles", "blas"])
def test_sizes_that_do_not_fit_are_refused_by_whoever_makes_the_product(by):
    x, weight, bias = np.ones((128, 784)), np.ones((784, 400)), np.ones(784)
    try:
        kernels.use("numba", products=by)
        with pytest.raises(ValueError, match="mismatch in its core dimension"):
            products.matmul(x, weight.T)
        with pytest.raises(ValueError, match="mismatch in its core dimension"):
            products.dense(x, weight, bias)
        with pytest.raises(ValueError, match="could not be broadcast"):
            products.dense(x, weight.T, bias)
    finally:
        kernels.use("numba")


@pytest.fixture
def threads():
    before = crew.threads
    yield crew.resize
    crew.resize(before)


@DTYPES
@pytest.mark.parametrize("transposed", [False, True])
def test_the_result_has_the_same_bits_for_every_number_of_threads(dtype, transposed, threads):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(150, 300)), rng.normal(size=(300, 200))
    b = np.ascontiguousarray(b.T).T if transposed else b
    bias = rng.normal(size=200).astype(dtype)
    results = []
    for n in (1, 2, 3, 5):
        threads(n)
        results += [
            compiled.multiply(a.astype(dtype), b.astype(dtype, order="K"), bias, 4)
            for _ in range(10)
        ]
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_the_result_belongs_to_the_caller(threads):
    """Memory is used again only when nobody refers to it."""
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(100, 60)), rng.normal(size=(60, 100))) for _ in range(5)]
    results = [kernels.matmul(a, b) for a, b in pairs]
    for (a, b), result in zip(pairs, results, strict=True):
        assert result.flags.writeable
        assert result.flags.c_contiguous
        np.testing.assert_allclose(result, a @ b, rtol=1e-12, atol=1e-12)


def test_a_product_of_more_parts_than_a_task_has_chunks(threads):
    """60,000 rows by 784 columns are 21,250 parts."""
    threads(2)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(60_000, 3)).astype("f4"), rng.normal(size=(3, 784)).astype("f4")
    found = compiled.multiply(a, b)
    for some in (slice(0, 100), slice(30_000, 30_100), slice(-100, None)):
        assert_equal_sums(found[some], a[some], b, "float32")


def test_fields_of_records_may_lie_at_any_distance():
    """Twelve bytes from one float64 to the next are no whole number of them."""
    rng = np.random.default_rng(0)
    records = np.zeros((60, 50), [("number", "i4"), ("x", "f8")])
    records["x"] = rng.normal(size=(60, 50))
    b = rng.normal(size=(50, 70))
    assert_equal_sums(compiled.multiply(records["x"], b), records["x"], b, "float64")
    assert_equal_sums(kernels.matmul(records["x"], b), records["x"], b, "float64")


def test_a_layer_may_be_wider_than_a_task_has_chunks():
    y = np.ones((2, 262_145), "float32")
    out, total = compiled.dense_cotangent(2 * y, y, 1)
    assert (out == 2).all()
    assert (total == 4).all()


def test_activations_have_the_numbers_of_compiled_kernels():
    from minivae.kernels.compiled import elementary

    numbers = [getattr(elementary, name.upper()) for name in activations.ACTIVATIONS]
    assert numbers == list(range(len(numbers)))
