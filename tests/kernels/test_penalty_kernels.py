"""The penalties' twins equal their references, and these the definitions, in exact arithmetic."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae import kernels
from minivae.engine import vjp
from minivae.engine.tape import watched
from minivae.kernels import penalties as reference
from minivae.kernels.crew import crew
from minivae.testing.strategies import operands, strided

compiled = pytest.importorskip(
    "minivae.kernels.compiled.penalties", reason="Numba is not installed here"
)

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
SHARES = st.floats(1e-3, 1 - 1e-3)
SUMS = {"float32": 1e-6, "float64": 1e-13}  # of the sum of absolute terms


def matrices(dtype, shape, special=True):
    """Moderate entries; sometimes NaN and infinities among them; in any layout."""
    entries = st.floats(-1e3, 1e3, width=8 * np.dtype(dtype).itemsize)
    if special:
        entries |= st.sampled_from([np.nan, np.inf, -np.inf])
    return hnp.arrays(dtype, shape, elements=entries).flatmap(strided)


def sizes(*least):
    return st.tuples(*(st.integers(k, 70) | st.integers(k, 3) for k in least))


@st.composite
def contractions(draw, dtype, special=True):
    """g (n,), slope (n, d), weight (d, k); sometimes squares of slopes overflow in float32."""
    n, d, k = draw(sizes(1, 1, 1))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    arrays = [seed.standard_normal(shape).astype(dtype) for shape in ((n,), (n, d), (d, k))]
    if special and draw(st.booleans()):
        arrays[1] *= 1e25
        arrays[2] *= 1e-15
    for a in arrays:
        if special and draw(st.booleans()):
            place = tuple(draw(st.integers(0, m - 1)) for m in a.shape)
            a[place] = draw(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e-30]))
    return [draw(strided(a)) for a in arrays]


def assert_close(actual, expected, scale, dtype):
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    with np.errstate(all="ignore"):
        allowed = SUMS[dtype] * np.asarray(scale) + np.finfo(dtype).smallest_normal
        assert np.all((np.abs(actual - expected) <= allowed)[finite])


@DTYPES
def test_the_mean_activity_equals_its_reference(dtype):
    @given(sizes(1, 1).flatmap(lambda shape: matrices(dtype, shape)))
    def law(y):
        with np.errstate(all="ignore"):
            scale = np.mean(np.abs(y), axis=0, dtype="float64")
            expected = reference.mean_activity(y)
            assert_close(compiled.mean_activity(y), expected, scale, "float64")

    law()


@DTYPES
def test_the_contraction_equals_its_reference(dtype):
    @given(contractions(dtype))
    def law(arrays):
        _, slope, weight = arrays
        with np.errstate(all="ignore"):
            z, norms = compiled.contraction(slope, weight)
            z_reference, norms_reference = reference.contraction(slope, weight)
        assert_close(norms, norms_reference, norms_reference, dtype)
        assert_close(z, z_reference, z_reference, dtype)

    law()


@DTYPES
def test_the_cotangents_of_the_contraction_equal_their_references(dtype):
    @given(contractions(dtype))
    def law(arrays):
        g, slope, weight = arrays
        with np.errstate(all="ignore"):
            norms = reference.contraction(slope, weight)[1]
            s, w = compiled.contraction_grad(g, slope, weight, norms)
            s_reference, w_reference = reference.contraction_grad(g, slope, weight, norms)
            terms = np.abs(g).astype("float64") @ np.square(slope, dtype="float64")
            assert_close(s, s_reference, np.abs(s_reference), dtype)
            assert_close(w, w_reference, 2 * terms[:, None] * np.abs(weight), dtype)

    law()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_that_share_the_rows_give_the_same_bits(threads, monkeypatch):
    before = crew.threads
    rng = np.random.default_rng(0)
    g, slope, weight = (rng.standard_normal(s).astype("f4") for s in ((7,), (7, 90), (90, 33)))
    norms, alone = compiled.contraction(slope, weight)[1], []
    alone = [
        *compiled.contraction(slope, weight),
        *compiled.contraction_grad(g, slope, weight, norms),
    ]
    monkeypatch.setattr(compiled, "CHUNK", 1)
    try:
        crew.resize(threads)
        shared = [
            *compiled.contraction(slope, weight),
            *compiled.contraction_grad(g, slope, weight, norms),
        ]
    finally:
        crew.resize(before)
    for a, b in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(a, b)


def true_divergence(rho_hat, rho):
    """KL(ρ ‖ ρ̂) with fifty digits."""
    with localcontext() as context:
        context.prec = 50
        p, q = Decimal(float(rho)), Decimal(float(rho_hat))
        return p * (p / q).ln() + (1 - p) * ((1 - p) / (1 - q)).ln()


@given(SHARES, SHARES | st.floats(-20, -1).map(lambda exponent: 10.0**exponent))
def test_the_divergence_keeps_its_digits_also_where_the_logarithms_cancel(rho, other):
    """A difference 10^-20 to 10^-1 of the shares, or any: twelve digits are right."""
    for rho_hat in {other, min(rho * (1 + other), 0.9999)} - {0.0}:
        found, truth = (
            reference.sparsity(np.array([rho_hat]), rho)[0],
            true_divergence(rho_hat, rho),
        )
        assert abs(Decimal(float(found)) - truth) <= Decimal("1e-12") * truth + Decimal("1e-300")
        assert found >= 0


@given(SHARES, SHARES)
def test_the_divergence_is_zero_only_where_the_shares_are_equal(rho, rho_hat):
    (z,) = reference.sparsity(np.array([rho_hat]), rho)
    assert (z == 0) == (rho == rho_hat)


@given(SHARES, SHARES)
def test_the_slope_of_the_divergence_is_its_derivative(rho, rho_hat):
    h = Decimal("1e-15")
    with localcontext() as context:
        context.prec = 50
        p, q = Decimal(rho), Decimal(rho_hat)
        truth = (1 - p) / (1 - q) - p / q
        near = p * (p / (q + h)).ln() + (1 - p) * ((1 - p) / (1 - q - h)).ln()
        assert abs((near - true_divergence(rho_hat, rho)) / h - truth) <= Decimal("1e-7")
    found = reference.sparsity_slope(np.array([rho_hat]), rho)[0]
    assert abs(Decimal(float(found)) - truth) <= Decimal("1e-12") * (abs(truth) + h)


def test_units_that_are_never_or_always_active_cost_infinitely_much():
    np.testing.assert_array_equal(reference.sparsity(np.array([0.0, 1.0]), 0.05), np.inf)
    assert np.isnan(reference.sparsity(np.array([np.nan]), 0.05))


@given(contractions("float64", special=False))
def test_the_contraction_is_the_squared_norm_of_the_jacobian(arrays):
    g, slope, weight = arrays
    z, norms = kernels.contraction(slope, weight)
    jacobians = slope[:, :, None] * weight  # (n, d, k)
    np.testing.assert_allclose(z, np.sum(jacobians**2, axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(norms, np.linalg.norm(weight, axis=1) ** 2, rtol=1e-12)
    s, w = kernels.contraction_grad(g, slope, weight, norms)
    weighted = 2 * g[:, None, None] * jacobians  # the cotangents of the Jacobians
    np.testing.assert_allclose(s, np.sum(weighted * weight, axis=2), rtol=1e-10, atol=1e-10)
    along = np.sum(weighted * slope[:, :, None], axis=0)
    np.testing.assert_allclose(w, along, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 2, 0)])
def test_empty_arrays_are_computed_by_the_reference(shape):
    n, d, k = shape
    z, norms = kernels.contraction(np.ones((n, d)), np.ones((d, k)))
    np.testing.assert_array_equal(z, np.full(n, d * k))
    np.testing.assert_array_equal(norms, np.full(d, k))


@pytest.mark.parametrize("name", ["sparsity_penalty", "contraction_penalty"])
def test_one_pass_gives_what_the_adjoints_give_that_watchers_see(name):
    @given(operands(name))
    def law(call):
        z, pull = vjp(call, *call.variables)
        cotangent = np.linspace(1, 2, z.size).reshape(z.shape)
        together = pull(cotangent)
        with watched(lambda event, run: run()):
            each = vjp(call, *call.variables)[1](cotangent)
        for a, b in zip(together, each, strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=1e-12, atol=1e-12)

    law()
