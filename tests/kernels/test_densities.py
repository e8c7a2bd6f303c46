"""Likelihoods, divergences and log-sum-exp: each compiled twin equals its reference."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minivae import kernels
from minivae.kernels import densities, divergences, reference
from minivae.kernels.crew import crew
from minivae.testing.strategies import strided

compiled = pytest.importorskip(
    "minivae.kernels.compiled", reason="Numba is not installed here", exc_type=ImportError
)

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
WIDTHS = st.sampled_from([1, 2, 3, 5, 17, 63, 64, 65, 127, 128, 131, 300, 785])
ROWS = st.sampled_from([(), (1,), (2,), (7,), (3, 4), (40,)])
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 1e-30, -90.0, 90.0]
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@dataclass
class Case:
    """Arguments of a kernel, and for each result how exact it is: ulps of a size."""

    arguments: tuple[Any, ...]
    allowed: tuple[Any, ...] = ()


def eps(dtype):
    return float(np.finfo(dtype).eps)


def rounding(dtype):
    """The relative error that a sum is allowed."""
    return 1e-6 if dtype == "float32" else 1e-13


def values(rng, shape, dtype, special, scale=1.0):
    """Normal numbers of several sizes; ``special`` ones may be among them."""
    x = scale * rng.standard_normal(shape) * rng.choice([0.01, 1.0, 5.0], shape)
    if special:
        x = np.where(rng.random(shape) < 0.1, rng.choice(SPECIAL, shape), x)
    return np.asarray(x, dtype)


@st.composite
def broadcast(draw, n):
    """Shapes of operands, each of which may lack the first axes, or be repeated along some."""
    full = (*draw(ROWS), draw(WIDTHS))
    shapes = []
    for _ in range(n):
        own = full[draw(st.integers(0, len(full) - 1)) :] if draw(st.booleans()) else full
        ones = draw(st.sampled_from([0, 0, 0, 1, 2]))
        shapes.append(tuple(1 if ones and i % 2 == ones - 1 else k for i, k in enumerate(own)))
    shapes[draw(st.integers(0, n - 1))] = full
    return shapes


@st.composite
def bernoulli(draw, dtype, special):
    rng, (a, b) = draw(seeds), draw(broadcast(2))
    logits = values(rng, a, dtype, special, 10)
    x = draw(st.sampled_from([rng.random(b), (rng.random(b) < 0.5) * 1.0])).astype(dtype)
    nll = np.asarray(densities.bernoulli_nll(logits, x))
    allowed = rounding(dtype) * np.abs(nll), 4 * eps(dtype)
    return Case((draw(strided(logits)), draw(strided(x))), allowed)


@st.composite
def gaussian(draw, dtype, special):
    rng, shapes = draw(seeds), draw(broadcast(3))
    mean, x, logstd = (values(rng, shape, dtype, special) for shape in shapes)
    if draw(st.booleans()) and max(map(len, shapes[:2])) == len(np.broadcast_shapes(*shapes)):
        logstd = 0.75
    s = np.asarray(logstd, np.float64)
    t = (x - mean.astype(np.float64)) * np.exp(-s)
    size = np.sum(0.5 * t * t + np.abs(s) + 1, axis=-1)
    slope = 6 * eps(dtype) * np.abs(t) * np.exp(-s)
    allowed = rounding(dtype) * size, slope, 8 * eps(dtype) * (1 + t * t)
    arrays = [a if isinstance(a, float) else draw(strided(a)) for a in (mean, x, logstd)]
    return Case(tuple(arrays), allowed)


def beyond(logvar):
    """The size of the terms of k - 1 - log k, and what cancels among them."""
    y = np.asarray(logvar, np.float64)
    return np.expm1(np.abs(y)) + np.abs(y)


@st.composite
def diagonal(draw, dtype, special):
    rng, (a, b) = draw(seeds), draw(broadcast(2))
    mu, logvar = values(rng, a, dtype, special), values(rng, b, dtype, special)
    kl = squares(mu) + beyond(logvar)
    allowed = 4 * 2.3e-16 * kl, 4 * 2.3e-16 * beyond(logvar)
    return Case((draw(strided(mu)), draw(strided(logvar))), allowed)


def squares(mu):
    return np.square(mu, dtype=np.float64)


@st.composite
def isotropic(draw, dtype, special):
    rng, shape = draw(seeds), (*draw(ROWS), draw(WIDTHS))
    rows = shape[:-1] if len(shape) > 1 and draw(st.booleans()) else (*shape[:-1], 1)
    mu, logvar = values(rng, shape, dtype, special), values(rng, rows, dtype, special)
    k = shape[-1] * beyond(logvar)
    allowed = 1e-13 * (squares(mu).sum(-1) + k.reshape(shape[:-1])), 1e-15 * k
    return Case((draw(strided(mu)), draw(strided(logvar))), allowed)


@st.composite
def full(draw, dtype, special):
    rng, d = draw(seeds), draw(st.sampled_from([1, 2, 3, 8, 11, 20]))
    shape = (*draw(ROWS), d)
    mu, L = values(rng, shape, dtype, special), values(rng, (*shape, d), dtype, special)
    scale = np.diagonal(L, axis1=-2, axis2=-1).astype(np.float64)
    size = squares(mu).sum(-1) + squares(L).sum((-2, -1))
    size = size + np.sum(1 + np.abs(np.log(np.abs(scale))), axis=-1)
    slope = np.abs(L) + 1 / np.abs(scale)[..., None]
    return Case((draw(strided(mu)), draw(strided(L))), (1e-13 * size, 1e-15 * slope))


@st.composite
def exponents(draw, dtype, special):
    rng = draw(seeds)
    shape = draw(st.sampled_from([(1,), (5,), (300,), (3, 4), (40, 30), (7, 600), (3, 2, 17)]))
    x = values(rng, shape, dtype, special, draw(st.sampled_from([1e-3, 1.0, 20.0])))
    if draw(st.booleans()):
        x = np.round(x)  # so that some are equal
    axes = st.integers(-len(shape), len(shape) - 1)
    axis = draw(st.none() | axes | st.sampled_from([(0,), tuple(range(len(shape)))]))
    size = np.abs(np.max(x, axis=axis)) + np.log(x.size) + 1
    return Case((draw(strided(x)), axis, draw(st.booleans())), (1e-14 * np.max(size),))


KERNELS = {
    "bernoulli_nll": (densities, bernoulli),
    "bernoulli_nll_and_slope": (densities, bernoulli),
    "gaussian_nll": (densities, gaussian),
    "gaussian_nll_and_slopes": (densities, gaussian),
    "gaussian_kl": (divergences, diagonal),
    "gaussian_kl_and_slope": (divergences, diagonal),
    "gaussian_kl_isotropic": (divergences, isotropic),
    "gaussian_kl_isotropic_and_slope": (divergences, isotropic),
    "gaussian_kl_full": (divergences, full),
    "gaussian_kl_full_and_slope": (divergences, full),
    "logsumexp": (reference, exponents),
}
EVERY = pytest.mark.parametrize("name", KERNELS)


def results(z):
    return z if isinstance(z, tuple) else (z,)


def in_double(arguments):
    return [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in arguments]


@EVERY
@DTYPES
def test_a_twin_equals_its_reference(name, dtype):
    """In any layout; the reference computes in double precision, and is rounded then."""
    home, cases = KERNELS[name]

    @settings(max_examples=60)
    @given(cases(dtype, False))
    def law(case):
        ours = results(getattr(compiled, name)(*case.arguments))
        exact = results(getattr(home, name)(*in_double(case.arguments)))
        shapes = [np.shape(z) for z in results(getattr(home, name)(*case.arguments))]
        assert [z.shape for z in ours] == shapes
        for z, truth, allowed in zip(ours, exact, case.allowed, strict=False):
            assert z.dtype == dtype
            last = 4 * eps(dtype) * np.abs(truth) if dtype == "float32" else 0
            size = np.broadcast_to(allowed + last, truth.shape)
            assert np.all(np.abs(z.astype(np.float64) - truth) <= size + np.finfo(dtype).tiny)

    law()


@EVERY
@DTYPES
def test_nan_and_infinities_come_out_of_a_twin_where_they_come_out_of_its_reference(name, dtype):
    home, cases = KERNELS[name]

    @settings(max_examples=100)
    @given(cases(dtype, True))
    def law(case):
        with np.errstate(all="ignore"):
            ours = results(getattr(compiled, name)(*case.arguments))
            theirs = results(getattr(home, name)(*case.arguments))
        for z, truth in zip(ours, theirs, strict=True):
            finite = np.isfinite(truth)
            np.testing.assert_array_equal(z[~finite], truth[~finite])
            assert np.all(np.isfinite(z) == finite)

    with np.errstate(all="ignore"):
        law()


@EVERY
def test_arrays_of_one_type_go_to_the_twin_and_others_to_the_reference(name, monkeypatch):
    home, cases = KERNELS[name]

    @settings(max_examples=20)
    @given(cases("float64", False))
    def law(case):
        called.clear()
        dispatched = getattr(kernels, name)
        dispatched(*case.arguments)
        assert called == [name]
        first, *rest = case.arguments
        called.clear()
        if rest and isinstance(rest[0], np.ndarray):
            for a, b in zip(
                results(dispatched(first.astype("float32"), *rest)),
                results(getattr(home, name)(first.astype("float32"), *rest)),
                strict=True,
            ):
                np.testing.assert_array_equal(a, b)
            assert called == []
        kernels.use("numpy")
        dispatched(*case.arguments)
        kernels.use("numba")
        assert called == []

    twin, called = getattr(compiled, name), []
    kernels.use("numba")
    monkeypatch.setattr(compiled, name, lambda *args: called.append(name) or twin(*args))
    try:
        law()
    finally:
        kernels.use("numba")


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_costs_nothing(shape):
    x = np.zeros(shape)
    for kernel in (kernels.bernoulli_nll, lambda x, y: kernels.gaussian_nll(x, y, 0.0)):
        np.testing.assert_array_equal(kernel(x, x), np.zeros(shape[0]))
    np.testing.assert_array_equal(kernels.gaussian_kl_isotropic(x, x[:, :0].sum(1)), 0)
    np.testing.assert_array_equal(kernels.gaussian_kl_full(x, np.zeros((*shape, shape[1]))), 0)


@DTYPES
@pytest.mark.parametrize("shared", [False, True])
def test_results_have_the_same_bits_for_every_number_of_threads(dtype, shared):
    """Of so many entries that several threads work; also where they share one σ for each column."""
    rng, before = np.random.default_rng(0), crew.threads
    logits, x = values(rng, (301, 785), dtype, False), rng.random((301, 785)).astype(dtype)
    logstd = values(rng, (785,) if shared else x.shape, dtype, False)
    found = []
    try:
        for threads in (1, 2, 3):
            crew.resize(threads)
            found += [
                [
                    *compiled.bernoulli_nll_and_slope(logits, x),
                    *compiled.gaussian_nll_and_slopes(logits, x, logstd),
                    compiled.bernoulli_nll(logits, x),
                    compiled.gaussian_nll(logits, x, logstd),
                ]
            ]
    finally:
        crew.resize(before)
    for others in found[1:]:
        for a, b in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(a, b)
    expected = densities.gaussian_nll(*(a.astype(np.float64) for a in (logits, x, logstd)))
    np.testing.assert_allclose(found[0][-1], expected, rtol=1e-5 if dtype == "float32" else 1e-12)


# --- what the references must be ---------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in KERNELS if "_and_" in name])
def test_the_value_is_the_same_with_slope_and_alone(name):
    home, cases = KERNELS[name]
    alone = name.partition("_and_")[0]

    @settings(max_examples=20)
    @given(cases("float64", False))
    def law(case):
        for kernel in (home, compiled):
            value = getattr(kernel, name)(*case.arguments)[0]
            np.testing.assert_array_equal(value, getattr(kernel, alone)(*case.arguments))

    law()


@DTYPES
@given(data=st.data())
def test_rows_are_scaled_by_the_cotangent_of_their_sum(dtype, data):
    n, d = data.draw(st.sampled_from([(1, 1), (3, 5), (70, 300), (9000, 2)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    g, slope = rng.normal(size=n).astype(dtype), rng.normal(size=(d, n)).astype(dtype).T
    np.testing.assert_array_equal(kernels.scale_rows(g, slope), g[:, None] * slope)
