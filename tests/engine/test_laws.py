"""Laws that every registered operation obeys, on operands that hypothesis draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.engine import REGISTRY, Tensor, vjp
from minivae.testing import gradcheck
from minivae.testing.strategies import operands

EVERY = pytest.mark.parametrize("name", sorted(REGISTRY))
FUSED = pytest.mark.parametrize("name", sorted(n for n, op in REGISTRY.items() if op.spec))
seeds = st.integers(0, 2**32 - 1)


def differentiable(name, xs):
    """Positions of the operands of which the operation has a gradient."""
    op = REGISTRY[name]
    if op.variadic:
        return range(len(xs))
    return [i for i, function in enumerate(op._adjoints) if function is not None]


def of_variables(name, xs, static):
    """The operation as a function of its differentiable operands alone, and these."""
    wanted = differentiable(name, xs)

    def f(*variables):
        full = list(xs)
        for i, variable in zip(wanted, variables, strict=True):
            full[i] = variable
        return REGISTRY[name](*full, **static)

    return f, [xs[i] for i in wanted]


@EVERY
def test_the_adjoint_agrees_with_finite_differences(name):
    @given(operands(name), seeds)
    def law(drawn, seed):
        f, variables = of_variables(name, *drawn)
        gradcheck(f, *variables, rng=np.random.default_rng(seed), directions=1)

    law()


@EVERY
def test_the_adjoint_of_the_adjoint_agrees_with_finite_differences(name):
    @given(operands(name), seeds)
    def law(drawn, seed):
        f, variables = of_variables(name, *drawn)
        rng = np.random.default_rng(seed)
        u = rng.standard_normal(np.shape(f(*variables)))

        for i in range(len(variables)):

            def pulled(*points, i=i):
                return vjp_of(f, points, u)[i]

            gradcheck(pulled, *variables, rng=rng, directions=1)

    law()


def vjp_of(f, points, u):
    """Jᵀ u as a differentiable function of the points (within a transformation)."""
    _, pull = vjp(f, *points)
    return pull(u)


@EVERY
def test_the_adjoint_is_linear_in_the_cotangent(name):
    @given(operands(name), seeds)
    def law(drawn, seed):
        f, variables = of_variables(name, *drawn)
        z, pull = vjp(f, *variables)
        rng = np.random.default_rng(seed)
        u, v = rng.standard_normal((2, *z.shape))
        for a, b, both in zip(pull(u), pull(v), pull(2 * u - 3 * v), strict=True):
            scale = 1 + np.abs(a.data) + np.abs(b.data)
            assert np.all(np.abs(both.data - (2 * a.data - 3 * b.data)) <= 1e-12 * scale * 100)

    law()


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_and_gradients_keep_the_dtype_and_the_shape(name, dtype):
    @given(operands(name, dtype))
    def law(drawn):
        xs, static = drawn
        wanted = differentiable(name, xs)
        tensors = [Tensor(x, requires_grad=i in wanted) for i, x in enumerate(xs)]
        z = REGISTRY[name](*tensors, **static)
        assert z.dtype == dtype
        z.backward(np.ones(z.shape))
        for i in wanted:
            assert tensors[i].grad.dtype == dtype
            assert tensors[i].grad.shape == xs[i].shape

    law()


@EVERY
def test_operands_are_not_changed_and_strides_do_not_matter(name):
    @given(operands(name), seeds)
    def law(drawn, seed):
        xs, static = drawn
        f, variables = of_variables(name, xs, static)
        before = [x.copy() for x in xs]
        z, pull = vjp(f, *variables)
        u = np.random.default_rng(seed).standard_normal(z.shape)
        gradients = pull(u)
        for x, old in zip(xs, before, strict=True):
            np.testing.assert_array_equal(x, old)
        g, plain = of_variables(name, before, static)  # copies are contiguous
        z_plain, pull_plain = vjp(g, *plain)
        np.testing.assert_allclose(z.data, z_plain.data, rtol=1e-14)
        for a, b in zip(gradients, pull_plain(u), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=1e-12, atol=1e-12)

    law()


@FUSED
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fused_operation_equals_its_spec(name, dtype):
    @given(operands(name, dtype), seeds)
    def law(drawn, seed):
        xs, static = drawn
        op, eps = REGISTRY[name], np.finfo(dtype).eps
        f, variables = of_variables(name, xs, static)
        z, pull = vjp(f, *variables)
        wanted = differentiable(name, xs)

        def spec(*points):
            full = list(xs)
            for i, point in zip(wanted, points, strict=True):
                full[i] = point
            return op.spec(*full, **static)

        z_spec, pull_spec = vjp(spec, *variables)
        np.testing.assert_allclose(z.data, z_spec.data, rtol=64 * eps, atol=256 * eps)
        u = np.random.default_rng(seed).standard_normal(z.shape).astype(dtype)
        for a, b in zip(pull(u), pull_spec(u), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=64 * eps, atol=256 * eps)

    law()


def test_every_operation_can_be_drawn_for():
    for name in REGISTRY:
        operands(name)
