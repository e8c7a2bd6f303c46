"""Labels as rows of zeros with a single one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import one_hot


@given(data=st.data(), classes=st.integers(1, 12), dtype=st.sampled_from([np.float32, np.float64]))
def test_each_row_is_the_row_of_the_identity_that_its_label_names(data, classes, dtype):
    labels = np.array(data.draw(st.lists(st.integers(0, classes - 1), max_size=20)), np.int64)
    rows = one_hot(labels, classes, dtype=dtype)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, np.eye(classes)[labels])


def test_rows_are_float32_by_default():
    assert one_hot(np.array([1]), 2).dtype == np.float32


@pytest.mark.parametrize("labels", [[-1, 0], [0, 3]])
def test_labels_outside_the_classes_are_refused(labels):
    with pytest.raises(ValueError, match=rf"from 0 to 2 .* {min(labels)} to {max(labels)}"):
        one_hot(np.array(labels), 3)


@pytest.mark.parametrize("labels", [np.eye(3), np.array([0.0, 1.0]), np.zeros((2, 1), int)])
def test_what_are_no_labels_is_refused(labels):
    with pytest.raises(ValueError, match=r"expected integers of shape \(n,\)"):
        one_hot(labels, 3)


def test_no_classes_are_refused():
    with pytest.raises(ValueError, match="at least 1 class, got 0"):
        one_hot(np.array([], int), 0)
