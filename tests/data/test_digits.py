"""The embedded digits: all of them, split once and for ever."""

import numpy as np
import pytest
from sklearn.datasets import load_digits as load_embedded

from minivae.data import load


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_shapes_types_and_range(digits):
    assert digits.train.shape == (1437, 64)
    assert digits.test.shape == (360, 64)
    assert digits.image_shape == (8, 8)
    for x, labels in zip((digits.train, digits.test), digits.labels, strict=True):
        assert x.dtype == np.float32
        assert x.min() == 0
        assert x.max() == 1
        assert labels.shape == (len(x),)
        assert np.issubdtype(labels.dtype, np.integer)


def test_the_split_holds_every_image_with_its_label_exactly_once(digits):
    levels, labels = load_embedded(return_X_y=True)
    expected = np.column_stack([levels, labels])
    x = np.vstack([digits.train, digits.test]) * 16
    got = np.column_stack([x, np.concatenate(digits.labels)])
    np.testing.assert_array_equal(got[np.lexsort(got.T)], expected[np.lexsort(expected.T)])


def test_each_class_is_split_four_to_one(digits):
    train, test = (np.bincount(labels, minlength=10) for labels in digits.labels)
    assert np.all(np.abs(test - (train + test) / 5) < 1)


def test_both_parts_are_in_random_order(digits):
    # Neighbours share a class with probability 1/10; in sorted or cyclic order always or never.
    for labels in digits.labels:
        same, n = np.sum(labels[1:] == labels[:-1]), len(labels) - 1
        assert abs(same - n / 10) < 5 * np.sqrt(n * 0.1 * 0.9)


def test_loading_twice_gives_the_same_bits(digits):
    again = load("digits")
    np.testing.assert_array_equal(again.train, digits.train)
    np.testing.assert_array_equal(again.test, digits.test)
    np.testing.assert_array_equal(again.labels.train, digits.labels.train)


def test_the_order_is_that_of_the_raw_stream_of_pcg64(digits):
    rng = np.random.Generator(np.random.PCG64(0))
    _, place = rng.integers(0, 2**64, size=(2, 1797), dtype=np.uint64)
    rows = load_embedded().data[np.argsort(place)]
    in_order = {row.tobytes(): i for i, row in enumerate(rows)}
    for x in (digits.train, digits.test):
        positions = [in_order[row.tobytes()] for row in x.astype(np.float64) * 16]
        assert positions == sorted(positions)
