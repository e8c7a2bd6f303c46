"""The optimisers' compiled steps equal their references, and these their textbooks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae import kernels
from minivae.kernels.crew import crew
from minivae.kernels.optimizers import Slots, adagrad_step, adam_step, sgd_step, step_all
from minivae.testing.strategies import strided

twin = pytest.importorskip(
    "minivae.kernels.compiled.optimizers", reason="Numba is not installed here"
)

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
BETAS = st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999])
RATES = st.sampled_from([1e-4, 1e-3, 0.1, 1.0])
NUMBERS = {
    sgd_step: st.tuples(RATES, BETAS),
    adagrad_step: st.tuples(RATES, st.sampled_from([1e-10, 1e-4])),
    adam_step: st.tuples(
        RATES, BETAS, BETAS, st.sampled_from([1e-8, 1e-4]), st.integers(1, 10_000)
    ),
}
SLOTS = {sgd_step: 1, adagrad_step: 1, adam_step: 2}
RULES = pytest.mark.parametrize("rule", NUMBERS)


def reals(dtype):
    width = 8 * np.dtype(dtype).itemsize
    return st.floats(width=width) | st.floats(-1e3, 1e3, width=width)


@st.composite
def tasks(draw, rule, dtype):
    """Parameters, gradients (not for all), memory and numbers, in any layouts, of any values."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
    parameters, gradients, memory = [], [], []
    for shape in draw(st.lists(shapes, min_size=1, max_size=4)):
        arrays = hnp.arrays(dtype, shape, elements=reals(dtype))
        parameters.append(draw(strided(draw(arrays))))
        gradients.append(draw(st.none() | arrays.flatmap(strided)))
        signed = rule is sgd_step
        memory.append(
            [draw(arrays) if signed else np.abs(draw(arrays)) for _ in range(SLOTS[rule])]
        )
    return parameters, gradients, memory, draw(NUMBERS[rule])


def after(step, rule, parameters, gradients, memory, numbers):
    """Copies of parameters, each lying as it did, and of their memory, as a step leaves them."""
    bases = [p if p.base is None else p.base for p in parameters]
    copies = [base.copy(order="K") for base in bases]
    ours = [
        np.ndarray(p.shape, p.dtype, copy, address(p) - address(base), p.strides)
        for p, base, copy in zip(parameters, bases, copies, strict=True)
    ]
    slots = Slots(ours, SLOTS[rule])
    slots.flat[...] = np.nan  # also what lies between the arrays
    for i, values in enumerate(memory):
        for view, value in zip(slots.of(i), values, strict=True):
            view[...] = value
    before = [None if g is None else g.copy() for g in gradients]
    with np.errstate(all="ignore"):
        step(rule, ours, gradients, slots, slots.flat, numbers)
    for g, same in zip(gradients, before, strict=True):
        np.testing.assert_array_equal(g, same)
    for p, base, copy in zip(ours, bases, copies, strict=True):  # what lies between is not touched
        p_before = p.copy()
        p[...] = np.ndarray(p.shape, p.dtype, base, address(p) - address(copy), p.strides)
        np.testing.assert_array_equal(copy, base)
        p[...] = p_before
    return ours, [slots.of(i) for i in range(len(ours))]


def address(x):
    return x.__array_interface__["data"][0]


def assert_within_ulps(actual, expected, ulps, scale):
    """|actual - expected| is at most so many units in the last place; NaN meets NaN, inf inf."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    limits = np.finfo(expected.dtype)
    with np.errstate(all="ignore"):
        bound = ulps * (limits.eps * np.asarray(scale, np.float64) + limits.smallest_subnormal)
        assert np.all((np.abs(actual - expected) <= bound)[finite])


def assert_same_step(rule, task, ours, truth):
    """Memory and parameters agree in units of the terms that they are sums of."""
    parameters, gradients, memory, numbers = task
    for i, g in enumerate(gradients):
        if g is None:
            np.testing.assert_array_equal(ours[0][i], parameters[i])
            continue
        with np.errstate(all="ignore"):
            p, g, first = (np.asarray(a, np.float64) for a in (parameters[i], g, memory[i][0]))
            terms = np.abs(first) + np.abs(g)
            for k, (a, b) in enumerate(zip(ours[1][i], truth[1][i], strict=True)):
                signed = k == 0 and rule is not adagrad_step
                assert_within_ulps(a, b, 4, terms if signed else np.abs(b))
            change = np.abs(truth[0][i] - p)
            if rule is sgd_step:
                change = change + numbers[0] * terms
            if rule is adam_step:
                lr, beta1, beta2, eps, t = numbers
                root = np.sqrt(np.asarray(truth[1][i][1], np.float64) / (1 - beta2**t))
                steps = lr / (1 - beta1**t) * (terms / (root + eps))
                change = change + np.where(np.isfinite(root), steps, 0)
            assert_within_ulps(ours[0][i], truth[0][i], 4, np.abs(p) + change)


@DTYPES
@RULES
def test_the_twin_equals_its_reference(rule, dtype):
    @given(tasks(rule, dtype))
    def law(task):
        ours, truth = after(twin.step_all, rule, *task), after(step_all, rule, *task)
        assert_same_step(rule, task, ours, truth)

    law()


@DTYPES
@RULES
def test_the_step_of_one_parameter_equals_its_reference(rule, dtype):
    @given(tasks(rule, dtype))
    def law(task):
        def one_by_one(rule, parameters, gradients, slots, flat, numbers):
            for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
                if g is not None:
                    twin.step_one(rule, p, g, slots.of(i), numbers)

        ours, truth = after(one_by_one, rule, *task), after(step_all, rule, *task)
        assert_same_step(rule, task, ours, truth)

    law()


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 16 entries, so that small tasks are shared; and the threads as they were."""
    monkeypatch.setattr(twin, "CHUNK", 16)
    monkeypatch.setattr(twin, "FEW", 0)
    threads = crew.threads
    yield
    crew.resize(threads)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("threads", [1, 2, 3])
@DTYPES
@RULES
def test_threads_that_share_the_chunks_give_the_same_bits(rule, dtype, threads):
    crew.resize(threads)
    sizes = st.lists(st.integers(0, 100), min_size=1, max_size=12)

    @settings(max_examples=20)
    @given(sizes, st.integers(0, 2**32 - 1), NUMBERS[rule])
    def law(sizes, seed, numbers):
        rng = np.random.default_rng(seed)
        parameters = [rng.standard_normal(n).astype(dtype) for n in sizes]
        gradients = [rng.standard_normal(n).astype(dtype) if n % 5 else None for n in sizes]
        memory = [[rng.random(n).astype(dtype) for _ in range(SLOTS[rule])] for n in sizes]
        task = parameters, gradients, memory, numbers
        ours = after(twin.step_all, rule, *task)
        assert_same_step(rule, task, ours, after(step_all, rule, *task))
        for p, g, values, q, found in zip(*task[:3], *ours, strict=True):
            if g is not None:  # alone, in one piece
                slots = [value.copy() for value in values]
                twin.step_one(rule, p, g, slots, numbers)
                np.testing.assert_array_equal(p, q)
                for a, b in zip(slots, found, strict=True):
                    np.testing.assert_array_equal(a, b)

    law()


@pytest.mark.usefixtures("small_chunks")
def test_many_entries_make_larger_chunks_as_a_team_counts_only_so_far():
    p = np.zeros(16 * 4095 * 2 + 3, "float32")
    slots = Slots([p], 1)
    twin.step_all(sgd_step, [p], [np.ones_like(p)], slots, slots.flat, (0.5, 0.9))
    np.testing.assert_array_equal(p, -0.5)


def test_parameters_that_share_entries_are_stepped_one_after_the_other(monkeypatch):
    """Threads that changed the same entries at once would lose a change."""
    monkeypatch.setattr(twin, "_step_range", None)  # calling it would be an error
    p = np.ones((4, 4))
    slots = Slots([p, p.T], 1)
    gradients = [np.ones((4, 4)), np.ones((4, 4))]
    twin.step_all(sgd_step, [p, p.T], gradients, slots, slots.flat, (0.25, 0.0))
    np.testing.assert_array_equal(p, 0.5)


@pytest.mark.parametrize("step", [step_all, twin.step_all])
def test_a_parameter_that_cannot_be_written_is_refused(step):
    p = np.ones(3)
    p.flags.writeable = False
    slots = Slots([p], 1)
    with pytest.raises(ValueError, match="read-only"):
        step(sgd_step, [p], [np.ones(3)], slots, slots.flat, (0.25, 0.0))
    np.testing.assert_array_equal(p, 1)


@pytest.mark.parametrize("step", [step_all, twin.step_all])
def test_arrays_of_other_types_are_stepped_by_the_reference(step):
    p = np.ones(3, "float32")
    slots = Slots([p], 1)
    step(sgd_step, [p], [np.full(3, 0.5)], slots, slots.flat, (0.5, 0.0))
    np.testing.assert_array_equal(p, 0.75)
    other = np.ones(3)  # not of the type that the memory was made for
    step(sgd_step, [other], [np.full(3, 0.5, "float32")], slots, slots.flat, (0.5, 0.0))
    np.testing.assert_array_equal(other, 0.75)


@DTYPES
@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=5), slots=st.integers(0, 3))
def test_the_memory_of_each_array_begins_on_a_cache_line_and_overlaps_with_no_other(
    dtype, sizes, slots
):
    arrays = [np.empty(n, dtype) for n in sizes]
    memory = Slots(arrays, slots)
    assert memory.flat.shape[0] == slots
    assert not memory.flat.any()
    assert np.all(memory.places[:, 0] * memory.flat.itemsize % 64 == 0)
    for i in range(len(sizes)):
        for view in memory.of(i):
            view += i + 1
    for i, a in enumerate(arrays):
        assert len(memory.of(i)) == slots
        for view in memory.of(i):
            assert (view.shape, view.dtype) == (a.shape, a.dtype)
            np.testing.assert_array_equal(view, i + 1)


@DTYPES
def test_the_second_moment_of_the_twin_has_no_bias(dtype):
    """(1 - 0.999) g² in float32: the factor is the rounded 0.001, not 1 minus the rounded 0.999."""
    p = np.zeros(1, dtype)
    slots = Slots([p], 2)
    numbers = (1e-3, 0.9, 0.999, 1e-8, 1)
    twin.step_all(adam_step, [p], [np.ones(1, dtype)], slots, slots.flat, numbers)
    assert slots.of(0)[1] == pytest.approx(1.0 - 0.999, rel=2 * float(np.finfo(dtype).eps))


moderate = hnp.arrays("float64", 4, elements=st.floats(-1e3, 1e3))


@given(moderate, moderate, moderate, moderate.map(np.abs), NUMBERS[adam_step])
def test_the_reference_is_algorithm_1_of_kingma_and_ba(theta, g, m, v, numbers):
    lr, beta1, beta2, eps, t = numbers
    p, m_t, v_t = theta.copy(), m.copy(), v.copy()
    adam_step(p, g, m_t, v_t, *numbers)
    for i in range(4):
        first = beta1 * m[i] + (1 - beta1) * g[i]
        second = beta2 * v[i] + (1 - beta2) * g[i] ** 2
        m_hat = first / (1 - beta1**t)
        v_hat = second / (1 - beta2**t)
        moved = theta[i] - lr * m_hat / (math.sqrt(v_hat) + eps)
        rounding = 1e-12 * (abs(m[i]) + abs(g[i]))
        assert abs(m_t[i] - first) <= rounding
        assert v_t[i] == pytest.approx(second, rel=1e-12, abs=1e-300)
        slack = lr * rounding / (1 - beta1**t) / (math.sqrt(v_hat) + eps)
        assert abs(p[i] - moved) <= 1e-12 * (abs(theta[i]) + abs(moved - theta[i])) + slack


@DTYPES
@pytest.mark.parametrize("steps", [1, 2, 100])
def test_the_first_steps_have_the_size_of_the_learning_rate(dtype, steps):
    """With a constant gradient, m̂ = g and v̂ = g², so that each step is lr sign(g)."""
    p, g = np.zeros(2, dtype), np.array([3.0, -0.2], dtype)
    slots = Slots([p], 2)
    for t in range(1, steps + 1):
        kernels.step_all(adam_step, [p], [g], slots, slots.flat, (0.01, 0.9, 0.999, 1e-12, t))
    np.testing.assert_allclose(p, -0.01 * steps * np.sign(g), rtol=3e-6 * steps)


def test_the_twin_runs_and_use_numpy_keeps_the_step_from_it(monkeypatch):
    from minivae.kernels import compiled

    called = []
    monkeypatch.setattr(compiled, "step_all", lambda *args: called.append(args))
    p = np.ones(1)
    slots = Slots([p], 1)
    task = sgd_step, [p], [np.ones(1)], slots, slots.flat, (0.5, 0.0)
    try:
        kernels.use("numba")
        kernels.step_all(*task)
        assert len(called) == 1
        kernels.use("numpy")
        kernels.step_all(*task)
        assert len(called) == 1
        assert p == pytest.approx([0.5])
    finally:
        kernels.use("numba")
