"""Laws that every operation and every function obeys, on calls that hypothesis draws.

For z = f(x) with Jacobian J: the tangent is J v, the adjoint Jᵀ u. Each is compared with finite
differences, and then the two, derived independently, with each other.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from laws import BOTH, calls, directions, scale, seeds

from minivae.engine import REGISTRY, Tensor, jvp, tensor, vjp
from minivae.engine.ops import concatenate, reshape
from minivae.engine.registry import FUNCTIONS
from minivae.testing import gradcheck
from minivae.testing.strategies import operands

EVERY = pytest.mark.parametrize("name", sorted(FUNCTIONS))
OPERATIONS = sorted(REGISTRY)
LINEAR = pytest.mark.parametrize("name", [n for n in OPERATIONS if REGISTRY[n].linear])
HOLOMORPHIC = pytest.mark.parametrize(  # astype makes real numbers of any
    "name", [n for n in OPERATIONS if REGISTRY[n].holomorphic and n != "astype"]
)


@EVERY
def test_the_adjoint_agrees_with_finite_differences(name):
    @calls(name)
    def law(call, rng):
        gradcheck(call, *call.variables, rng=rng, directions=1)

    law()


@EVERY
def test_the_tangent_agrees_with_finite_differences(name):
    @settings(max_examples=50)
    @calls(name)
    def law(call, rng):
        xs = call.variables
        vs, h = directions(rng, xs), 2e-4

        def along(t):
            return call(*(x + t * v for x, v in zip(xs, vs, strict=True)))

        _, dz = jvp(call, xs, vs)
        near, far = along(h) - along(-h), along(2 * h) - along(-2 * h)
        slope = (8 * near - far) / (12 * h)  # error O(h⁴)
        allowed = 1e-7 * scale(dz.data) + 1e-12 / h * scale(call(*xs))
        np.testing.assert_allclose(dz.data, slope, rtol=0, atol=allowed)

    law()


@EVERY
def test_tangent_and_adjoint_are_transposes_of_each_other(name):
    """<J v, u> = <v, Jᵀ u>."""

    @calls(name)
    def law(call, rng):
        xs = call.variables
        vs = directions(rng, xs)
        _, dz = jvp(call, xs, vs)
        z, pull = vjp(call, *xs)
        (u,) = directions(rng, [z])
        forward = dz.data * u
        reverse = [g.data * v for g, v in zip(pull(u), vs, strict=True)]
        size = np.abs(forward).sum() + sum(np.abs(term).sum() for term in reverse)
        difference = forward.sum() - sum(term.sum() for term in reverse)
        assert abs(difference) <= 1e-12 * size + 1e-15  # 1 - tanh², near 0, is rounded as 1 is

    law()


@EVERY
def test_the_adjoint_of_the_adjoint_agrees_with_finite_differences(name):
    @settings(max_examples=25)
    @calls(name)
    def law(call, rng):
        xs = call.variables
        ws, u = directions(rng, xs), rng.uniform(-1, 1, np.shape(call(*xs)))

        def pulled(u, *xs):  # <w, Jᵀ u>, as a function of both
            gradients = vjp(call, *xs)[1](u)
            terms = [(g * w).reshape(-1).sum() for g, w in zip(gradients, ws, strict=True)]
            return sum(terms, tensor(0.0))

        gradcheck(pulled, u, *xs, rng=rng, directions=1)

    law()


@EVERY
@BOTH
def test_tangent_and_adjoint_are_linear(name, dtype):
    @settings(max_examples=50 if dtype == "float64" else 15)
    @calls(name, dtype)
    def law(call, rng):
        xs = call.variables
        z, pull = vjp(call, *xs)
        (u,), (v,) = directions(rng, [z], dtype), directions(rng, [z], dtype)
        for a, b, both in zip(pull(u), pull(v), pull(2 * u - 3 * v), strict=True):
            assert_combined(a.data, b.data, both.data)
        us, vs = directions(rng, xs, dtype), directions(rng, xs, dtype)
        along = [2 * u - 3 * v for u, v in zip(us, vs, strict=True)]
        assert_combined(*(jvp(call, xs, change)[1].data for change in (us, vs, along)))

    law()


def assert_combined(a, b, both):
    allowed = (1e-12 if both.dtype == "float64" else 1e-5) * scale(a, b)
    np.testing.assert_allclose(both, 2 * a - 3 * b, rtol=0, atol=allowed)


@EVERY
def test_in_float32_value_and_derivatives_are_those_of_float64_up_to_rounding(name):
    """Within 64 roundings of the largest entry; a value that was converted back is not compared."""

    @settings(max_examples=50)
    @calls(name, "float32")
    def law(call, rng):
        xs, exact = call.variables, call.converted("float64")
        vs = directions(rng, xs, "float32")
        z, pull = vjp(call, *xs)
        z64, pull64 = vjp(exact, *exact.variables)
        (u,) = directions(rng, [z], "float32")
        assert_rounded(z.data, z64.data)
        assert_rounded(jvp(call, xs, vs)[1].data, jvp(exact, exact.variables, vs)[1].data, u)
        for g, g64 in zip(pull(u), pull64(u), strict=True):
            assert_rounded(g.data, g64.data, u)

    law()


@EVERY
def test_in_float32_second_derivatives_are_those_of_float64_up_to_rounding(name):
    """Of reverse over reverse and of forward over reverse; operands that are numbers among them."""

    @settings(max_examples=20)
    @calls(name, "float32")
    def law(call, rng):
        vs = directions(rng, call.variables, "float32")
        (u,) = directions(rng, [np.asarray(call(*call.variables))], "float32")

        def twice(call):
            def pulled(u, *xs):
                gradients = vjp(call, *xs)[1](u)
                return concatenate([reshape(g, (-1,)) for g in gradients])

            z, pull = vjp(pulled, u, *call.variables)
            w = np.concatenate([v.reshape(-1) for v in vs]).astype(z.dtype)
            _, dz = jvp(pulled, [u, *call.variables], [u, *vs])
            return [dz, *pull(w)]

        for a, a64 in zip(twice(call), twice(call.converted("float64")), strict=True):
            assert a.dtype == "float32"
            assert_rounded(a.data, a64.data, u)

    law()


def assert_rounded(found, exact, *others):
    eps = float(np.finfo("float32").eps)
    np.testing.assert_allclose(found, exact, rtol=0, atol=64 * eps * scale(exact, *others))


@EVERY
@BOTH
def test_results_gradients_and_tangents_keep_dtype_and_shape(name, dtype):
    @settings(max_examples=50)
    @calls(name, dtype)
    def law(call, rng):
        xs = call.variables
        tensors = [Tensor(x, requires_grad=True) for x in xs]
        z = call(*tensors)
        on_arrays = call(*xs)
        assert z.dtype == dtype == on_arrays.dtype
        assert z.shape == on_arrays.shape
        z.backward(np.ones(z.shape, dtype))
        for t, x in zip(tensors, xs, strict=True):
            assert (t.grad.dtype, t.grad.shape) == (dtype, x.shape)
        for i, v in enumerate(directions(rng, xs)):  # also where only one operand changes
            _, dz = jvp(lambda x, i=i: call(*xs[:i], x, *xs[i + 1 :]), [xs[i]], [v])
            assert (dz.dtype, dz.shape) == (dtype, z.shape)

    law()


@EVERY
def test_nothing_is_changed_and_strides_do_not_matter(name):
    @settings(max_examples=50)
    @calls(name)
    def law(call, rng):
        plain = call.copied()  # which is contiguous
        vs = directions(rng, call.variables)
        results = []
        for version in (call, plain):
            z, pull = vjp(version, *version.variables)
            u = np.linspace(1, 2, z.size).reshape(z.shape)
            if version is call:  # a cotangent lies in memory as it likes, too
                u = np.asfortranarray(u)[..., ::-1][..., ::-1] if u.ndim else u
            gradients = pull(u)
            _, dz = jvp(version, version.variables, vs)
            results.append([z, dz, *gradients])
        for one, other in zip(*results, strict=True):
            np.testing.assert_allclose(one.data, other.data, rtol=1e-13, atol=1e-13)
        for x, before in zip(call.operands, plain.operands, strict=True):
            np.testing.assert_array_equal(x, before)

    law()


@LINEAR
def test_an_operation_that_is_declared_linear_is(name):
    @settings(max_examples=50)
    @given(operands(name).filter(lambda call: len(call.wanted) == len(call.operands)), seeds)
    def law(call, rng):
        xs, ys = directions(rng, call.variables), directions(rng, call.variables)
        function = REGISTRY[name]
        both = call.of(function, *(2 * x - 3 * y for x, y in zip(xs, ys, strict=True)))
        assert_combined(call.of(function, *xs), call.of(function, *ys), both)

    law()


@HOLOMORPHIC
def test_an_operation_that_is_declared_holomorphic_has_its_derivative_in_the_imaginary_part(name):
    """f(x + i h v) = f(x) + i h J v + O(h²), and h may be as small as one likes."""

    @settings(max_examples=50)
    @calls(name)
    def law(call, rng):
        xs, h = call.variables, 1e-20
        vs = directions(rng, xs)
        _, dz = jvp(call, xs, vs)
        moved = list(call.operands)
        for i, x, v in zip(call.wanted, xs, vs, strict=True):
            moved[i] = x + 1j * h * v
        step = np.imag(call.of(REGISTRY[name].primal, *moved)) / h
        np.testing.assert_allclose(dz.data, step, rtol=1e-11, atol=1e-12 * scale(dz.data))

    law()


def test_every_function_can_be_drawn_for():
    for name in FUNCTIONS:
        operands(name)
