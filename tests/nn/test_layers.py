"""Layers against the formulas that define them, and the law of how weights begin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.nn import ACTIVATIONS, MLP, Linear, activation_named, glorot_uniform

FORMULAS = {
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "relu": lambda x: np.where(x > 0, x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
}


def test_a_linear_layer_is_x_times_the_transposed_weight_plus_the_bias():
    rng = np.random.default_rng(0)
    layer = Linear(3, 2, rng=rng)
    assert layer.weight.shape == (2, 3)
    np.testing.assert_array_equal(layer.bias.data, np.zeros(2))
    layer.bias.data[...] = [0.5, -1.0]
    x = rng.standard_normal((5, 3))
    z = layer(x).data
    for i in range(5):
        for j in range(2):
            terms = [x[i, k] * layer.weight.data[j, k] for k in range(3)]
            assert z[i, j] == pytest.approx(sum(terms) + layer.bias.data[j], rel=1e-12)


@pytest.mark.parametrize("activation", FORMULAS)
@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (3, 5, 4, 2)])
def test_a_perceptron_is_the_composition_written_by_hand(activation, sizes):
    """A nonlinearity between any two affine maps, and none at the end."""
    rng = np.random.default_rng(1)
    net = MLP(sizes, activation=activation, rng=rng)
    for parameter in net.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    x = rng.standard_normal((6, sizes[0]))
    values = [p.data for p in net.parameters()]
    expected = x
    for i in range(0, len(values), 2):
        expected = expected @ values[i].T + values[i + 1]
        if i + 2 < len(values):
            expected = FORMULAS[activation](expected)
    assert len(values) == 2 * (len(sizes) - 1)
    np.testing.assert_allclose(net(x).data, expected, rtol=1e-12, atol=1e-14)


def test_every_activation_has_a_formula_here():
    assert FORMULAS.keys() == ACTIVATIONS.keys()


def test_an_unknown_activation_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="activation 'gelu' is unknown") as caught:
        activation_named("gelu")
    for name in ACTIVATIONS:
        assert name in str(caught.value)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_glorot_weights_lie_within_their_bound_and_come_from_the_seed(n_out, n_in, seed):
    w, again = (glorot_uniform(np.random.default_rng(seed), n_out, n_in) for _ in range(2))
    assert w.shape == (n_out, n_in)
    assert np.all(np.abs(w) <= np.sqrt(6 / (n_in + n_out)))
    np.testing.assert_array_equal(w, again)


@pytest.mark.parametrize(("n_out", "n_in"), [(300, 400), (1000, 20), (20, 1000)])
def test_glorot_weights_have_mean_zero_and_variance_two_over_the_sum_of_the_sizes(n_out, n_in):
    w = glorot_uniform(np.random.default_rng(0), n_out, n_in).ravel()
    variance, n = 2 / (n_in + n_out), w.size
    assert abs(w.mean()) / np.sqrt(variance / n) < 5
    # Var(w²) = E w⁴ - (E w²)² = a⁴/5 - a⁴/9 = (4/5) variance² for w uniform in (-a, a)
    assert abs(np.mean(w**2) - variance) / (variance * np.sqrt(0.8 / n)) < 5
    assert np.abs(w).max() > 0.99 * np.sqrt(3 * variance)


def test_layers_do_not_share_their_first_weights():
    net = MLP((4, 4, 4), activation="tanh", rng=np.random.default_rng(0))
    first, second = (net.layers[i].weight.data for i in (0, 2))
    assert not np.any(first == second)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", FORMULAS)
def test_a_network_computes_in_the_type_of_its_parameters(activation, dtype):
    net = MLP((3, 4, 2), activation=activation, rng=np.random.default_rng(0), dtype=dtype)
    assert all(p.dtype == dtype for p in net.parameters())
    z = net(np.ones((5, 3), dtype))
    assert z.dtype == dtype
    z.sum().backward()
    assert all(p.grad.dtype == dtype and p.grad.shape == p.shape for p in net.parameters())


@pytest.mark.parametrize("activation", ["elu", "sigmoid", "softplus", "tanh"])
def test_the_gradient_of_a_network_agrees_with_finite_differences(activation):
    rng = np.random.default_rng(3)
    net = MLP((3, 4, 2), activation=activation, rng=rng)
    x, values = rng.standard_normal((5, 3)), [p.data for p in net.parameters()]

    def f(x, w1, b1, w2, b2):
        return mv.linear(activation_named(activation)(mv.linear(x, w1, b1)), w2, b2)

    mv.testing.gradcheck(f, x, *values)
    z = net(x)
    u = rng.standard_normal(z.shape)
    z.backward(u)
    _, pull = mv.vjp(f, x, *values)
    for parameter, expected in zip(net.parameters(), pull(u)[1:], strict=True):
        np.testing.assert_allclose(parameter.grad, expected.data, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 2)])
def test_a_layer_without_entries_is_refused(sizes):
    with pytest.raises(ValueError, match=r"^Linear: sizes must be at least 1, they are"):
        Linear(*sizes, rng=np.random.default_rng(0))
