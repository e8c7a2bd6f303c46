"""The compiled exponentials keep their digits everywhere; the activations are the operations'."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minivae as mv
from minivae.kernels.products import ACTIVATIONS

numba = pytest.importorskip("numba", reason="Numba is not installed here")
elementary = pytest.importorskip("minivae.kernels.compiled.elementary")

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
NAMES = ["exp", "expm1", "log1p", "sigmoid", "softplus", "tanh", "elu", "relu"]
ULPS = 3
EDGES = [0.0, -0.0, 1e-45, -1e-45, 5e-324, 1e-30, 0.3465735, 0.3465737, 1.0, 9.0, 17.4, 20.0]
EDGES += [36.8, 38.2, 87.33, 88.72, 88.73, 103.2, 104.1, 709.7, 709.8, 745.1, 745.2, 1e30]
EDGES += [np.inf, np.nan]
EDGES = [s * x for x in EDGES for s in (1, -1)]


def with_more_digits(name, x):
    """The function's value, in a type of more digits where there is one."""
    x = x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)
    small = np.exp(-np.abs(x))
    return {
        "exp": lambda: np.exp(x),
        "expm1": lambda: np.expm1(x),
        "log1p": lambda: np.log1p(x),
        "sigmoid": lambda: np.where(x < 0, small, 1) / (1 + small),
        "softplus": lambda: np.maximum(x, 0) + np.log1p(small),
        "tanh": lambda: np.tanh(x),
        "elu": lambda: np.where(x > 0, x, np.expm1(x)),
        "relu": lambda: np.maximum(x, 0),
    }[name]()


def looped(name):
    """The function in a compiled loop, which the compiler may do for several numbers at once."""
    function = getattr(elementary, name)

    @numba.njit(error_model="numpy", fastmath={"contract"})
    def loop(x, z):
        for i in range(x.size):
            z[i] = function(x[i])

    def run(x):
        z = np.empty_like(x)
        loop(x, z)
        return z

    return run


@pytest.fixture(scope="module")
def loops():
    return {name: looped(name) for name in NAMES}


def assert_within_ulps(z, exact, ulps=ULPS):
    with np.errstate(all="ignore"):
        expected = exact.astype(z.dtype)
        finite = np.isfinite(expected)
        np.testing.assert_array_equal(z[~finite], expected[~finite])
        error = np.abs(z[finite] - exact[finite])
        assert np.all(error <= ulps * np.spacing(np.abs(expected[finite])))


def accepted(name, x):
    """Log1p is for numbers from 0 to 1."""
    return x[(x >= 0) & (x <= 1) | np.isnan(x)] if name == "log1p" else x


@DTYPES
@pytest.mark.parametrize("name", NAMES)
def test_each_function_keeps_its_digits(name, dtype, loops):
    @given(
        hnp.arrays(
            dtype,
            st.integers(0, 70),
            elements=st.floats(width=8 * np.dtype(dtype).itemsize)
            | st.floats(-120, 120, width=8 * np.dtype(dtype).itemsize)
            | st.sampled_from(np.array(EDGES, dtype).tolist()),
        )
    )
    def law(x):
        x = accepted(name, x)
        with np.errstate(all="ignore"):
            assert_within_ulps(loops[name](x), with_more_digits(name, x))

    law()


@pytest.mark.parametrize("name", NAMES)
def test_each_function_keeps_its_digits_all_over_single_precision(name, loops):
    """Every 2047th number there is, of both signs, and many where most functions bend."""
    every = np.arange(0, 2**32, 2047, dtype=np.uint64).astype(np.uint32).view(np.float32)
    near = [np.linspace(-b, b, 200_001, dtype=np.float32) for b in (0.5, 1, 20, 110)]
    x = accepted(name, np.concatenate([every, np.array(EDGES, np.float32), *near]))
    with np.errstate(all="ignore"):
        assert_within_ulps(loops[name](x), with_more_digits(name, x))


@pytest.mark.parametrize("name", NAMES)
def test_each_function_keeps_its_digits_all_over_double_precision(name, loops):
    rng = np.random.default_rng(0)
    near = [rng.uniform(-b, b, 100_000) for b in (0.5, 1, 40, 750)]
    tiny = np.exp(rng.uniform(-740, 5, 100_000)) * rng.choice([-1, 1], 100_000)
    x = accepted(name, np.concatenate([np.array(EDGES), tiny, *near]))
    with np.errstate(all="ignore"):
        assert_within_ulps(loops[name](x), with_more_digits(name, x))


def activation(name):
    return (lambda x: x * 1.0) if name == "identity" else getattr(mv, name)


def test_the_codes_of_the_activations_are_their_places_in_the_list_of_names():
    codes = {name: getattr(elementary, name.upper()) for name in ACTIVATIONS}
    assert codes == {name: i for i, name in enumerate(ACTIVATIONS)}


def rows(dtype, n, special=True):
    width = 8 * np.dtype(dtype).itemsize
    elements = st.floats(-30, 30, width=width) | st.sampled_from([0.0, -0.0, 1e-30])
    if special:
        elements |= st.sampled_from([np.inf, -np.inf, np.nan])
    return hnp.arrays(dtype, n, elements=elements)


@DTYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_the_operation_of_its_name(name, dtype):
    @given(st.data())
    def law(data):
        x = data.draw(rows(dtype, data.draw(st.integers(0, 70))))
        row = x.copy()
        elementary.activate_row(ACTIVATIONS.index(name), row)
        with np.errstate(all="ignore"):
            expected = activation(name)(mv.tensor(x)).data
        finite = np.isfinite(expected)
        np.testing.assert_array_equal(row[~finite], expected[~finite])
        np.testing.assert_allclose(
            row[finite], expected[finite], rtol=8 * np.finfo(dtype).eps, atol=1e-44
        )

    law()


@DTYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_slope_by_the_result_is_the_adjoint_of_the_operation(name, dtype):
    """Also at the corners, at infinity, and where there is no number."""

    @given(st.data())
    def law(data):
        n = data.draw(st.integers(0, 70))
        x, g = data.draw(rows(dtype, n)), data.draw(rows(dtype, n, special=False))
        y, out = x.copy(), np.empty_like(x)
        kind = ACTIVATIONS.index(name)
        with np.errstate(all="ignore"):
            elementary.activate_row(kind, y)
            elementary.slope_row(kind, y, g, out)
            expected = mv.vjp(activation(name), x)[1](g)[0].data
        np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
        allowed = 8 * np.finfo(dtype).eps * np.abs(g) + 1e-44
        difference = np.abs(out - expected)
        assert np.all((difference <= allowed) | np.isnan(expected))

    law()
