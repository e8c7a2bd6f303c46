"""The gated recurrent unit against its formula, written out number by number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.nn import GRU

sizes = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)


def build(in_features=2, hidden=3, seed=0, dtype="float64"):
    """A unit whose weights and biases are all random."""
    rng = np.random.default_rng(seed)
    gru = GRU(in_features, hidden, rng=rng, dtype=dtype)
    for parameter in gru.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    return gru


def by_hand(gru, x, h):
    """States of one sequence, unit by unit and gate by gate."""
    W, b, U, c = (p.data for p in (gru.weight_x, gru.bias_x, gru.weight_h, gru.bias_h))
    d, states = len(h), []
    for x_t in x:
        a, u = W @ x_t + b, U @ h + c
        after = np.empty(d)
        for j in range(d):
            r = 1 / (1 + math.exp(-(a[j] + u[j])))
            z = 1 / (1 + math.exp(-(a[d + j] + u[d + j])))
            n = math.tanh(a[2 * d + j] + r * u[2 * d + j])
            after[j] = (1 - z) * n + z * h[j]
        h = after
        states.append(h)
    return np.array(states)


@given(n=sizes, steps=sizes, in_features=sizes, hidden=sizes, seed=seeds)
def test_the_states_are_those_of_the_recurrence_written_by_hand(
    n, steps, in_features, hidden, seed
):
    gru, rng = build(in_features, hidden, seed), np.random.default_rng(seed)
    x, h = rng.standard_normal((n, steps, in_features)), rng.standard_normal((n, hidden))
    states, at_rest = gru(x, h).data, gru(x).data
    assert states.shape == (n, steps, hidden)
    for i in range(n):
        np.testing.assert_allclose(states[i], by_hand(gru, x[i], h[i]), rtol=1e-12, atol=1e-13)
        zeros = np.zeros(hidden)
        np.testing.assert_allclose(at_rest[i], by_hand(gru, x[i], zeros), rtol=1e-12, atol=1e-13)


@given(seed=seeds, cut=st.integers(1, 4))
def test_a_sequence_may_be_read_in_two_parts(seed, cut):
    gru, rng = build(seed=seed), np.random.default_rng(seed)
    x, h = rng.standard_normal((2, 5, 2)), rng.standard_normal((2, 3))
    first = gru(x[:, :cut], h)
    second = gru(x[:, cut:], first[:, -1])
    together = np.concatenate([first.data, second.data], axis=1)
    np.testing.assert_array_equal(gru(x, h).data, together)


@given(seed=seeds)
def test_a_state_knows_what_came_before_it_and_nothing_of_what_comes_after(seed):
    gru, rng = build(seed=seed), np.random.default_rng(seed)
    x = rng.standard_normal((2, 5, 2))
    changed = x.copy()
    changed[:, 3] += 1.0
    before, after = gru(x).data, gru(changed).data
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any(axis=-1).all()


@given(seed=seeds, steps=st.integers(1, 4))
def test_the_gradients_of_all_it_reads_agree_with_finite_differences(seed, steps):
    gru, rng = build(seed=seed), np.random.default_rng(seed)
    x, h = rng.standard_normal((2, steps, 2)), rng.standard_normal((2, 3))
    names = [name for name, _ in gru.named_parameters()]
    assert names == ["weight_x", "bias_x", "weight_h", "bias_h"]

    def states(x, h, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(gru, name, weight)
        return gru(x, h)

    mv.testing.gradcheck(states, x, h, *(p.data for p in gru.parameters()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_unit_computes_in_the_type_of_its_weights(dtype):
    gru = build(dtype=dtype)
    states = gru(np.ones((4, 3, 2), dtype))
    states.sum().backward()
    assert {states.dtype, *(p.grad.dtype for p in gru.parameters())} == {np.dtype(dtype)}


@given(hidden=st.integers(1, 20), in_features=st.integers(1, 20), seed=seeds)
def test_each_gate_begins_as_a_glorot_layer_of_its_own_and_biases_at_zero(
    hidden, in_features, seed
):
    gru = GRU(in_features, hidden, rng=np.random.default_rng(seed))
    for weight, n_in in ((gru.weight_x, in_features), (gru.weight_h, hidden)):
        assert weight.shape == (3 * hidden, n_in)
        assert np.all(np.abs(weight.data) <= np.sqrt(6 / (n_in + hidden)))
        gates = weight.data.reshape(3, -1)
        assert len(np.unique(gates, axis=0)) == 3
    assert not gru.bias_x.data.any()
    assert not gru.bias_h.data.any()


@pytest.mark.parametrize("shape", [(5, 2), (5, 0, 2), (5,)])
def test_what_is_no_batch_of_sequences_is_refused_with_the_shape(shape):
    with pytest.raises(ValueError, match=r"\(n, T, in\)"):
        build()(np.ones(shape))


def test_a_size_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        GRU(0, 3, rng=np.random.default_rng(0))
