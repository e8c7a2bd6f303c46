"""The linear probe."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minivae.evaluation import linear_probe


def blobs(seed, n=90, spread=0.1):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return np.eye(3)[labels] + spread * rng.standard_normal((n, 3)), labels


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-5, 5))
def test_classes_that_lie_apart_are_read_off_at_any_scale(seed, scale, shift):
    codes, labels = blobs(seed)
    probe = linear_probe(
        scale * codes[:60] + shift, labels[:60], scale * codes[60:] + shift, labels[60:]
    )
    assert (probe.train, probe.test, probe.chance) == (1.0, 1.0, 1 / 3)


def test_codes_that_know_nothing_give_chance():
    """Binomial: 4.5 standard deviations about 1 / 3 of 3000."""
    codes, labels = blobs(0, n=6000)
    noise = np.random.default_rng(1).standard_normal(codes.shape)
    probe = linear_probe(noise[:3000], labels[:3000], noise[3000:], labels[3000:])
    assert abs(probe.test - 1 / 3) < 4.5 * np.sqrt(2 / 9 / 3000)


def test_what_no_linear_map_can_tell_it_does_not_tell():
    """Exclusive or: a line is right on three corners of four at most."""
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    codes, labels = np.repeat(corners, 10, axis=0), np.repeat([0, 1, 1, 0], 10)
    assert linear_probe(codes, labels, codes, labels).test <= 0.75


def test_the_test_codes_do_not_teach():
    codes, labels = blobs(2)
    probe = linear_probe(codes, labels, codes, (labels + 1) % 3)
    assert (probe.train, probe.test) == (1.0, 0.0)


def test_chance_is_that_of_the_most_frequent_training_class():
    codes, labels = blobs(3)
    probe = linear_probe(codes[:4], labels[:4], codes[4:9], np.array([0, 1, 2, 1, 1]))
    assert probe.chance == 0.2


def test_wrong_counts_and_a_single_class_are_refused():
    codes, labels = blobs(0)
    with pytest.raises(ValueError, match="equally many"):
        linear_probe(codes, labels[:5], codes, labels)
    with pytest.raises(ValueError, match="two classes or more"):
        linear_probe(codes, np.zeros(90, int), codes, labels)
