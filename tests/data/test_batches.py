"""Minibatches: a random partition of the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import batches

sizes = st.integers(1, 60)
seeds = st.integers(0, 2**32)


@given(n=sizes, batch_size=st.integers(1, 80), seed=seeds)
def test_an_epoch_holds_every_row_exactly_once(n, batch_size, seed):
    x = np.arange(n)[:, None] * np.array([1, 100])
    parts = list(batches(x, batch_size, np.random.default_rng(seed)))
    assert [len(part) for part in parts[:-1]] == [batch_size] * ((n - 1) // batch_size)
    assert 1 <= len(parts[-1]) <= batch_size
    rows = np.vstack(parts)
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], x)


@given(n=sizes, batch_size=sizes, seed=seeds, dtype=st.sampled_from([np.float32, np.float64]))
def test_batches_keep_dtype_and_shape_of_a_row(n, batch_size, seed, dtype):
    x = np.zeros((n, 1, 2, 3), dtype)
    for batch in batches(x, batch_size, np.random.default_rng(seed)):
        assert batch.dtype == dtype
        assert batch.shape[1:] == (1, 2, 3)
        assert batch.flags.c_contiguous


def order(n, rng, batch_size=7):
    return np.concatenate(list(batches(np.arange(n), batch_size, rng)))


@given(n=sizes, seed=seeds)
def test_the_order_depends_on_the_generator_alone(n, seed):
    first = order(n, np.random.default_rng(seed), batch_size=3)
    second = order(n, np.random.default_rng(seed), batch_size=5)
    np.testing.assert_array_equal(first, second)


def test_each_epoch_has_its_own_order():
    rng = np.random.default_rng(0)
    assert np.any(order(100, rng) != order(100, rng))


def test_every_row_is_equally_likely_to_come_first():
    rng, n, epochs = np.random.default_rng(1), 5, 5000
    first = np.bincount([order(n, rng)[0] for _ in range(epochs)], minlength=n)
    z = (first - epochs / n) / np.sqrt(epochs * (1 / n) * (1 - 1 / n))
    assert np.all(np.abs(z) < 5)


def test_writing_to_a_batch_leaves_the_data():
    x = np.zeros((4, 2))
    for batch in batches(x, 4, np.random.default_rng(0)):
        batch += 1
    assert not x.any()


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_without_rows_is_refused_at_the_call(batch_size):
    with pytest.raises(ValueError, match=f"at least 1, got {batch_size}"):
        batches(np.zeros((3, 2)), batch_size, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(0,), (0, 5), ()])
def test_data_without_rows_are_refused_at_the_call(shape):
    with pytest.raises(ValueError, match="expected an array with rows"):
        batches(np.zeros(shape), 2, np.random.default_rng(0))
