"""Forward mode, alone and composed with all other transformations, on random smooth programs."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.testing.strategies import expressions

seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(expressions(), seeds)
def test_tangents_and_cotangents_of_programs_are_transposes_of_each_other(drawn, rng):
    f, xs = drawn
    vs = [rng.standard_normal(x.shape) for x in xs]
    z, dz = mv.jvp(f, xs, vs)
    value, pull = mv.vjp(f, *xs)
    np.testing.assert_array_equal(z.data, value.data)
    u = rng.standard_normal(z.shape)
    terms = [g.data * v for g, v in zip(pull(u), vs, strict=True)]
    difference = np.sum(dz.data * u) - sum(term.sum() for term in terms)
    assert abs(difference) <= 1e-11 * (1e-3 + sum(np.abs(term).sum() for term in terms))


@given(expressions(), seeds)
def test_tangents_of_programs_agree_with_differences(drawn, rng):
    f, xs = drawn
    vs = [rng.uniform(-1, 1, x.shape) for x in xs]
    _, dz = mv.jvp(f, xs, vs)

    def along(t):
        return f(*(x + t * v for x, v in zip(xs, vs, strict=True)))

    h = 1e-4
    slope, coarse = ((along(k * h) - along(-k * h)) / (2 * k * h) for k in (1, 2))
    size = 1 + np.abs(dz.data).max()
    np.testing.assert_allclose(dz.data, (4 * slope - coarse) / 3, rtol=0, atol=1e-7 * size)


# --- derivatives along v, in four ways, of functions of an array ------------------------------


def by_jvp(f, v):
    return lambda x: mv.jvp(f, (x,), (v,))[1]


def by_grad(f, v):
    return lambda x: (mv.grad(f)(x) * v).sum()


def by_vjp(f, v):
    return lambda x: (mv.vjp(f, x)[1](1.0)[0] * v).sum()


def by_jacobian(f, v):
    return lambda x: (mv.jacobian(f)(x) * v).sum()


WAYS = [by_jvp, by_grad, by_vjp, by_jacobian]


def smooth(x):
    """A scalar that mixes a fused operation, products, reductions and a shared value."""
    y = mv.softplus(x) * mv.sin(x)
    kl = mv.gaussian_kl(y, x).sum()
    return mv.logsumexp(mv.matmul(np.array([[1.0, 0.5], [-0.3, 2.0]]), mv.tanh(y + x))) * kl


X = np.array([0.3, -0.7])
V, W, U = np.array([1.0, 0.5]), np.array([-0.4, 1.0]), np.array([0.25, -1.0])


@pytest.mark.parametrize("ways", [*product(WAYS, repeat=2)])
def test_second_derivatives_agree_in_all_orders(ways):
    """Also with the Hessian-vector product, and with differences of the gradient."""
    first, second = ways
    found = second(first(smooth, V), W)(X).item()
    assert found == pytest.approx(np.sum(mv.hvp(smooth, X, V).data * W), rel=1e-12)
    h = 1e-5
    slope = (mv.grad(smooth)(X + h * W).data - mv.grad(smooth)(X - h * W).data) / (2 * h)
    assert found == pytest.approx(np.sum(slope * V), rel=1e-7)


@pytest.mark.parametrize("ways", [*product(WAYS, repeat=3)])
def test_third_derivatives_agree_in_all_orders(ways):
    first, second, third = ways
    found = third(second(first(smooth, V), W), U)(X).item()
    hessian = by_jvp(lambda x: (mv.hvp(smooth, x, V) * W).sum(), U)
    assert found == pytest.approx(hessian(X).item(), rel=1e-11)


def test_third_derivatives_agree_with_differences_of_the_second():
    h = 1e-5
    ahead, behind = (mv.hvp(smooth, X + s * h * U, V).data for s in (1, -1))
    found = by_jvp(by_jvp(by_jvp(smooth, V), W), U)(X).item()
    assert found == pytest.approx(np.sum((ahead - behind) / (2 * h) * W), rel=1e-6)


@settings(max_examples=25)
@given(expressions(steps=5), seeds)
def test_second_derivatives_of_programs_agree_in_all_orders(drawn, rng):
    f, (x, *others) = drawn
    v, w = rng.uniform(-1, 1, (2, *x.shape))

    def scalar(x):
        return f(x, *others).reshape(-1).sum()

    every = [second(first(scalar, v), w)(x).item() for first, second in product(WAYS, repeat=2)]
    every.append(float(np.sum(mv.hvp(scalar, x, v).data * w)))
    np.testing.assert_allclose(every, every[0], rtol=1e-9, atol=1e-10)


def test_all_derivatives_of_the_exponential_are_known():
    """D³ Σ e^(a x) [v, v, v] = Σ a³ v³ e^(a x)."""
    a = 0.7
    third = by_jvp(by_grad(by_jvp(lambda x: mv.exp(a * x).sum(), V), V), V)
    expected = np.sum(a**3 * V**3 * np.exp(a * X))
    assert third(X).item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("inner", [by_jvp, by_grad])
@pytest.mark.parametrize("outer", [by_jvp, by_grad])
def test_an_inner_derivative_does_not_see_the_outer_variable(inner, outer):
    """d/dx [x d/dy (x + y)] = 1, whichever way."""
    found = outer(lambda x: x * inner(lambda y: x + y, 1.0)(2.0), 1.0)(3.0)
    assert found.item() == 1.0


def test_a_tangent_can_be_differentiated_in_its_direction():
    """J v is linear in v: its derivative with respect to v is J."""
    x, v = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    found = mv.jacobian(lambda v: mv.jvp(lambda x: x * x, (x,), (v,))[1])(v)
    np.testing.assert_array_equal(found.data, np.diag(2 * x))


def test_a_tangent_can_be_part_of_a_loss():
    """d/dw (d/dx w x²)² at x = 3, w = 2 is 2 w (2 x)² = 144."""
    w = mv.tensor(2.0, requires_grad=True)
    _, slope = mv.jvp(lambda x: w * x * x, (3.0,), (1.0,))
    (slope * slope).backward()
    assert w.grad == 144.0


def test_what_does_not_depend_on_the_inputs_does_not_change():
    z, dz = mv.jvp(lambda x: mv.tensor(np.ones(3)), (np.zeros(2),), (np.ones(2),))
    np.testing.assert_array_equal(z.data, np.ones(3))
    np.testing.assert_array_equal(dz.data, np.zeros(3))


def test_an_input_itself_changes_by_its_tangent():
    z, dz = mv.jvp(lambda x: x, (np.zeros(2),), (np.array([1.0, 2.0]),))
    np.testing.assert_array_equal(z.data, np.zeros(2))
    np.testing.assert_array_equal(dz.data, [1.0, 2.0])


def test_a_tangent_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"arguments have shapes \[\(2,\)\], tangents \[\(3,\)\]"):
        mv.jvp(mv.exp, (np.zeros(2),), (np.zeros(3),))


def test_a_constant_operand_has_no_tangent():
    with pytest.raises(TypeError, match="constant"):
        mv.jvp(lambda c: mv.where(c, 1.0, 2.0), (np.ones(2),), (np.ones(2),))


def test_a_formula_that_does_not_depend_on_an_operand_gives_it_no_tangent():
    @mv.engine.fused(spec=lambda x, y: x * 1.0)
    def first(x, y):
        return x * 1.0

    first.adjoint(lambda g: g, lambda g, y: 0.0 * y)
    try:
        assert mv.jvp(lambda y: first(2.0, y), (3.0,), (1.0,))[1].item() == 0.0
        assert mv.jvp(first, (2.0, 3.0), (1.0, 1.0))[1].item() == 1.0
        assert mv.grad(mv.grad(lambda y: first(2.0, y)))(3.0).item() == 0.0
    finally:
        del mv.REGISTRY["first"], mv.FUNCTIONS["first"]
