"""Transformations against derivatives that can be written down."""

import numpy as np
import pytest
from hypothesis import given

import minivae as mv
from minivae.engine import forward, reverse
from minivae.testing.strategies import arrays


@given(arrays((4,)))
def test_derivatives_of_sums_of_exponentials(x):
    def f(x):
        return mv.exp(x * 0.5).sum()

    expected = np.exp(x * 0.5)
    np.testing.assert_allclose(mv.grad(f)(x).data, 0.5 * expected, rtol=1e-14)
    second = mv.grad(lambda x: mv.grad(f)(x).sum())
    np.testing.assert_allclose(second(x).data, 0.25 * expected, rtol=1e-14)
    third = mv.grad(lambda x: second(x).sum())
    np.testing.assert_allclose(third(x).data, 0.125 * expected, rtol=1e-14)


@given(arrays((3,)), arrays((3,)))
def test_hessian_vector_product_of_a_quadratic_form(x, v):
    A = np.arange(9.0).reshape(3, 3)
    product = mv.hvp(lambda x: x @ A @ x, x, v)
    np.testing.assert_allclose(product.data, (A + A.T) @ v, atol=1e-10)


@given(arrays((2,)))
def test_jacobian_of_a_linear_map_is_its_matrix(x):
    A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(mv.jacobian(lambda x: mv.matmul(A, x))(x).data, A)


def test_value_and_grad_for_several_arguments():
    value, (gx, gy) = mv.value_and_grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(
        np.array([1.0, 2.0]), np.array([3.0, 4.0])
    )
    assert value.item() == 11.0
    np.testing.assert_array_equal(gx.data, [3.0, 4.0])
    np.testing.assert_array_equal(gy.data, [1.0, 2.0])


def test_nested_transformations_do_not_confuse_their_variables():
    """d/dx [x d/dy (x + y)] = 1: the inner derivative must not see the outer variable."""

    def outer(x):
        return x * mv.grad(lambda y: x + y)(1.0)

    assert mv.grad(outer)(1.0).item() == 1.0


def test_fused_operations_have_second_derivatives():
    """The Hessian of the Bernoulli negative log likelihood is diag σ(a) (1 - σ(a))."""
    a, x = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 0.0, 1.0])
    gradient = mv.grad(lambda a: mv.bernoulli_nll(a, x).sum())
    hessian = np.stack(
        [mv.hvp(lambda a: mv.bernoulli_nll(a, x).sum(), a, e).data for e in np.eye(3)]
    )
    s = 1 / (1 + np.exp(-a))
    np.testing.assert_allclose(gradient(a).data, s - x, rtol=1e-14)
    np.testing.assert_allclose(hessian, np.diag(s * (1 - s)), atol=1e-15)


def test_a_gradient_can_be_part_of_a_loss():
    """d/dw (d/dx w² x³)² at w = 2, x = 1 is 4 w³ (3 x²)² = 288."""
    w = mv.nn.Parameter(2.0)
    slope = mv.grad(lambda x: w * w * x**3)(1.0)
    (slope * slope).backward()
    assert w.grad == 288.0


def test_values_and_vjps_of_tracked_tensors_stay_in_the_graph():
    w, x = mv.nn.Parameter(2.0), mv.tensor(3.0, requires_grad=True)
    value, slope = mv.value_and_grad(lambda x: w * x)(1.0)
    (value + slope).backward()
    assert w.grad == 2.0
    z, pull = mv.vjp(lambda y: y * y, x * 2.0)
    (z + pull(1.0)[0]).backward()  # d/dx (4 x² + 4 x)
    assert x.grad == 8 * 3.0 + 4.0


def test_what_nobody_outside_can_differentiate_is_detached():
    value, slope = mv.value_and_grad(lambda x: x * x)(3.0)
    assert not value.requires_grad
    assert not slope.requires_grad
    w = mv.nn.Parameter(2.0)
    with mv.no_grad():
        assert not mv.grad(lambda x: w * x)(1.0).requires_grad


def test_a_function_of_the_same_variable_inside():
    """d/dx [d/dy (x y) at y = x] = d/dx x = 1: the inner derivative holds x still."""
    assert mv.grad(lambda x: mv.grad(lambda y: x * y)(x))(3.0).item() == 1.0


def test_arguments_are_differentiated_in_the_order_asked_for():
    f = mv.grad(lambda x, y: x * y * y, argnums=(1, 0))
    assert [g.item() for g in f(2.0, 3.0)] == [12.0, 9.0]
    jacobian = mv.jacobian(lambda x, y: x * y, argnum=1)(np.array([2.0, 3.0]), np.ones(2))
    np.testing.assert_array_equal(jacobian.data, np.diag([2.0, 3.0]))


def test_a_cotangent_has_the_shape_of_the_result():
    _, pull = mv.vjp(lambda x: x * 2.0, np.ones(3))
    with pytest.raises(ValueError, match=r"cotangent has shape \(2,\), the result \(3,\)"):
        pull(np.ones(2))


def test_what_an_operation_declares_constant_is_refused_at_every_order():
    x = np.full(3, 0.5)
    with pytest.raises(TypeError, match="operand 0 has no derivative"):
        mv.hvp(lambda x: (mv.where(x, x, 2.0) * x).sum(), x, x)


def test_an_operand_that_is_given_twice_counts_twice():
    """d/dx KL(N(x, eˣ) ‖ N(0, 1)) = x + (eˣ - 1) / 2, at every order."""

    def kl(x):
        return mv.gaussian_kl(x, x).sum()

    x = np.array([0.5, -1.0])
    np.testing.assert_allclose(mv.grad(kl)(x).data, x + 0.5 * np.expm1(x))
    second = mv.grad(lambda x: mv.grad(kl)(x).sum())
    np.testing.assert_allclose(second(x).data, 1 + 0.5 * np.exp(x))


def test_transformations_record_within_no_grad():
    for point in (3.0, mv.tensor(3.0, requires_grad=True), mv.nn.Parameter(3.0)):
        with mv.no_grad():
            results = [
                mv.grad(lambda x: x * x)(point),
                mv.value_and_grad(lambda x: x * x)(point)[1],
                mv.vjp(lambda x: x * x, point)[1](1.0)[0],
                mv.jacobian(lambda x: x * x)(point),
                mv.hvp(lambda x: x * x * x / 3.0, point, 1.0),
            ]
        assert [r.item() for r in results] == [6.0] * 5
        assert not any(r.requires_grad for r in results)


def test_the_second_derivatives_of_a_power_commute_where_the_exponent_is_zero():
    """∂²/∂x∂y xʸ = 1 / x at y = 0."""
    for x in (0.5, 2.0):
        for first, second in ((0, 1), (1, 0)):
            mixed = mv.grad(mv.grad(lambda x, y: x**y, first), second)
            assert mixed(x, 0.0).item() == pytest.approx(1 / x)


def test_a_jacobian_of_nothing_is_empty():
    assert mv.jacobian(lambda x: x)(np.zeros(0)).shape == (0, 0)


def test_a_jacobian_can_be_differentiated():
    trace = mv.grad(lambda x: mv.jacobian(lambda x: x**3)(x).sum())
    np.testing.assert_allclose(trace(np.array([1.0, 2.0])).data, [6.0, 12.0])


def test_a_function_that_is_no_scalar_is_refused():
    with pytest.raises(
        ValueError, match=r"must return a tensor with one entry, it returned \(2,\)"
    ):
        mv.grad(lambda x: x * 2)(np.ones(2))


def test_arguments_are_counted_from_the_end_and_by_numpys_integers():
    def f(x, y):
        return x * x * y

    assert mv.grad(f, argnums=-1)(3.0, 5.0).item() == 9.0
    assert mv.grad(f, argnums=np.int64(0))(3.0, 5.0).item() == 30.0
    np.testing.assert_array_equal(mv.jacobian(f, argnum=-1)(np.ones(2), np.ones(2)).data, np.eye(2))


def test_a_pullback_returns_arrays_of_its_own():
    u = np.ones(3)
    _, pull = mv.vjp(lambda x, y: x + y, np.zeros(3), np.zeros(3))
    gx, gy = pull(u)
    gx.data[...] = 7.0
    np.testing.assert_array_equal(u, np.ones(3))
    np.testing.assert_array_equal(gy.data, np.ones(3))


def test_only_what_leads_to_the_inputs_is_walked():
    """A branch whose graph was freed does not matter for the gradient of another input."""
    w = mv.tensor(3.0, requires_grad=True)
    side = w * w
    side.backward()
    assert mv.grad(lambda x: x * side)(2.0).item() == 9.0
    assert mv.jvp(lambda x: x * side, (2.0,), (1.0,))[1].item() == 9.0
    calls = []

    @mv.op
    def counted(x):
        return x + 0.0

    counted.adjoint(lambda g: calls.append(1) or g)
    try:
        mv.vjp(lambda x: x * counted(w), 1.0)[1](1.0)
        assert calls == []
        mv.vjp(lambda x: counted(x) * w, 1.0)[1](1.0)
        assert calls == [1]
    finally:
        del mv.REGISTRY["counted"], mv.FUNCTIONS["counted"]


def test_a_branch_that_may_lead_to_the_input_is_not_passed_over():
    def f(x):
        y = x * x
        y.backward()
        return y + x

    with pytest.raises(RuntimeError, match="was freed"):
        mv.grad(f)(3.0)


NESTED = {
    "grad": lambda x: x * mv.grad(lambda y: y * y * x)(3.0),
    "jvp": lambda x: x * mv.jvp(lambda y: y * y * x, (3.0,), (1.0,))[1],
    "hvp": lambda x: x * mv.hvp(lambda y: y * y * y * x, 1.0, 1.0),
    "vjp": lambda x: x * mv.vjp(lambda y: y * y * x, 3.0)[1](1.0)[0],
}


@pytest.mark.parametrize("outer", ["grad", "jvp", "jacobian", "vjp"])
@pytest.mark.parametrize("name", NESTED)
def test_the_variable_of_a_transformation_that_is_over_is_nobodys(name, outer):
    """All are 6 x² at x = 2, with the slope 24; no graph is kept for the inner variable."""
    slope = {
        "grad": lambda f: mv.grad(f)(2.0),
        "jvp": lambda f: mv.jvp(f, (2.0,), (1.0,))[1],
        "jacobian": lambda f: mv.jacobian(f)(2.0),
        "vjp": lambda f: mv.vjp(f, 2.0)[1](1.0)[0],
    }[outer](NESTED[name])
    assert slope.item() == 24.0
    assert not slope.requires_grad


def test_a_gradient_penalty_reaches_the_weights_and_nothing_else():
    w = mv.tensor(2.0, requires_grad=True)
    slope = mv.grad(lambda x: w * x * x)(3.0)
    assert slope.requires_grad
    (slope * slope).backward()
    assert w.grad == 2 * (2 * 2.0 * 3.0) * (2 * 3.0)


def test_a_direction_takes_the_type_of_the_point():
    product = mv.hvp(lambda x: mv.sum(x * x * x), np.ones(2, "float32"), np.ones(2))
    assert product.dtype == "float32"
    np.testing.assert_array_equal(product.data, [6.0, 6.0])


@pytest.mark.parametrize("derivative", ["hvp", "jvp"])
def test_fused_operations_do_not_walk_the_history_of_their_operands(derivative, monkeypatch):
    visited = []
    walk = reverse.consumers_first

    def counting(*args, **options):
        visited.append(len(made := walk(*args, **options)))
        return made

    theta = mv.tensor(0.3, requires_grad=True)

    def program(x, n):
        total = 0.0
        for _ in range(n):
            x = mv.tanh(x * 1.01)
            total = total + mv.gaussian_kl(x, theta)
        return total

    counts = []
    monkeypatch.setattr(reverse, "consumers_first", counting)
    monkeypatch.setattr(forward, "consumers_first", counting)
    for n in (20, 40, 80):
        visited.clear()
        if derivative == "hvp":
            mv.hvp(lambda x, n=n: program(x, n), 0.5, 1.0)
        else:
            mv.jvp(lambda x, n=n: program(x, n), (0.5,), (1.0,))
        counts.append(sum(visited))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_functions_that_return_something_else_are_told_apart():
    with pytest.raises(TypeError, match="must return a tensor, not tuple$"):
        mv.jvp(lambda x: (x, x), (1.0,), (1.0,))
    with pytest.raises(TypeError, match="not ndarray; a NumPy array has left the graph"):
        mv.jvp(lambda x: np.ones(3), (1.0,), (1.0,))


def test_jacobians_pass_keywords_on():
    J = mv.jacobian(lambda x, y: x * y)(np.ones(2), y=3.0)
    np.testing.assert_array_equal(J.data, 3 * np.eye(2))


def test_the_change_of_the_identity_is_an_array_of_its_own():
    v = np.ones(2)
    _, dz = mv.jvp(lambda x: x, (np.zeros(2),), (v,))
    dz.data[...] = 7.0
    np.testing.assert_array_equal(v, 1.0)
