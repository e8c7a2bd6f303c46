"""Tied weights: one array, two layers, and a gradient that is the sum of both."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.nn import ACTIVATIONS, Linear, Sequential, TiedLinear

seeds = st.integers(0, 2**32 - 1)


def pair(seed=0, dtype="float64"):
    rng = np.random.default_rng(seed)
    there = Linear(4, 3, rng=rng, dtype=dtype)
    back = TiedLinear(there)
    back.bias.data[...] = rng.standard_normal(4)
    return there, back, rng


@given(seeds, st.sampled_from(["identity", *ACTIVATIONS]))
def test_it_is_the_affine_map_of_the_transpose(seed, activation):
    there, back, rng = pair(seed)
    x = rng.standard_normal((5, 3))
    z = x @ there.weight.data + back.bias.data
    f = ACTIVATIONS.get(activation, lambda z: z)
    np.testing.assert_allclose(back.forward(x, activation).data, f(z), rtol=1e-10, atol=1e-13)


@given(seeds)
def test_the_gradient_of_the_shared_weight_is_the_sum_of_both_paths(seed):
    """For x' = tanh(W x) W: that of the second W as of a constant first one, and vice versa."""
    there, back, rng = pair(seed)
    x, g = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    net = Sequential(there, mv.tanh, back)
    net(x).backward(g)
    hidden = np.tanh(x @ there.weight.data.T)
    second = hidden.T @ g
    first = (g @ there.weight.data.T * (1 - hidden**2)).T @ x
    np.testing.assert_allclose(there.weight.grad, first + second, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(back.bias.grad, g.sum(axis=0), rtol=1e-12, atol=1e-13)


def test_the_shared_weight_stands_in_the_state_once_and_stays_shared():
    there, back, _ = pair()
    net = Sequential(there, mv.tanh, back)
    state = net.state_dict()
    assert list(state) == ["layers.0.weight", "layers.0.bias", "layers.2.bias"]
    assert len(net.parameters()) == 3
    net.load_state_dict(state | {"layers.0.weight": np.arange(12.0).reshape(3, 4)})
    np.testing.assert_array_equal(back.shared.data, np.arange(12.0).reshape(3, 4))
    net(np.ones((1, 4))).sum().backward()
    mv.optim.SGD(net.parameters(), lr=1.0).step()
    np.testing.assert_array_equal(back.shared.data, there.weight.data)
    assert not np.array_equal(there.weight.data, np.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_keeps_its_type(dtype):
    there, back, _ = pair(dtype=dtype)
    z = Sequential(there, mv.relu, back)(np.ones((2, 4), dtype))
    z.sum().backward()
    assert {z.dtype, back.bias.dtype, there.weight.grad.dtype} == {np.dtype(dtype)}
