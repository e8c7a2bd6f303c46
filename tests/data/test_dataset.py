"""What a data set shows of itself, and how drawn rows become one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minivae.data.generated import split


def test_a_data_set_shows_what_it_has_and_no_more():
    x = np.zeros((5, 4), np.float32)
    bare = split("toy", x, 3, source="here")
    assert repr(bare) == "Dataset('toy', train=(3, 4), test=(2, 4))"
    full = split(
        "toy",
        x,
        3,
        source="here",
        factors=x[:, :1],
        names=("size",),
        image_shape=(2, 2),
        alphabet=".a",
    )
    assert repr(full) == (
        "Dataset('toy', train=(3, 4), test=(2, 4), image_shape=(2, 2), factors=('size',), "
        "alphabet='.a')"
    )
    assert repr(full.factors) == "Factors(size)"


@given(st.integers(0, 9))
def test_the_first_rows_train_and_the_others_test_with_labels_and_factors(train):
    x = np.arange(9.0)[:, None]
    labels, factors = np.arange(9), np.stack([np.arange(9), -np.arange(9)], axis=1)
    got = split(
        "toy", x, train, source="here", labels=labels, factors=factors, names=("a", "b"),
        discrete=("b",),
    )  # fmt: skip
    for first, second, whole in (
        (got.train, got.test, x),
        (got.labels.train, got.labels.test, labels),
        (got.factors.train, got.factors.test, factors),
    ):
        np.testing.assert_array_equal(first, whole[:train])
        np.testing.assert_array_equal(second, whole[train:])
    assert got.factors.discrete == (False, True)
