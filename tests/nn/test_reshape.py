"""Layers that rearrange data: nothing is lost, nothing mixed between data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.nn import Conv2d, Linear, Permute, Reshape, Rowwise

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@given(shapes, st.integers(0, 3))
def test_reshape_keeps_the_entries_of_each_datum_in_their_order(shape, n):
    x = np.random.default_rng(0).random((n, int(np.prod(shape))))
    there = Reshape(*shape)(x)
    assert there.shape == (n, *shape)
    np.testing.assert_array_equal(np.ravel(there), np.ravel(x))
    np.testing.assert_array_equal(Reshape(x.shape[1])(there), x)


@given(shapes, st.data())
def test_permute_moves_the_axes_of_a_datum_and_not_the_first(shape, data):
    axes = data.draw(st.permutations(range(len(shape))))
    x = np.random.default_rng(0).random((3, *shape))
    moved = Permute(*axes)(x)
    for datum, result in zip(x, moved, strict=True):
        np.testing.assert_array_equal(result, np.transpose(datum, axes))
    np.testing.assert_array_equal(Permute(*np.argsort(axes).tolist())(moved), x)


@given(st.lists(st.integers(0, 3), max_size=3).map(tuple))
def test_rowwise_is_the_network_of_each_row_whatever_the_leading_axes(leading):
    rng = np.random.default_rng(0)
    net = Rowwise(
        Reshape(1, 4, 4),
        Conv2d(1, 2, 2, stride=2, rng=rng),
        mv.tanh,
        Reshape(8),
        Linear(8, 3, rng=rng),
    )
    x = rng.random((*leading, 16))
    z = net(x)
    assert z.shape == (*leading, 3)
    for index in np.ndindex(*leading):
        alone = mv.nn.Sequential(*net.layers)(x[index][np.newaxis])
        np.testing.assert_allclose(z.data[index], alone.data[0], rtol=1e-12)


def test_gradients_flow_back_through_all_of_them():
    rng = np.random.default_rng(0)
    net = Rowwise(Reshape(2, 3), Permute(1, 0), mv.exp, Reshape(6))
    mv.testing.gradcheck(net, rng.standard_normal((2, 4, 6)), order=2)


@pytest.mark.parametrize("shape", [(), (0,), (3, -1)])
def test_a_shape_of_no_positive_sizes_is_refused(shape):
    with pytest.raises(ValueError, match="Reshape: sizes must be at least 1, they are"):
        Reshape(*shape)


def test_data_of_other_sizes_are_refused():
    with pytest.raises(
        ValueError, match=r"10 entries of shape \(2, 5\) do not fill shape \(2, 2, 3\)"
    ):
        Reshape(2, 3)(mv.tensor(np.ones((2, 5))))


@pytest.mark.parametrize("axes", [(0, 0), (1, 2), (-1, 0)])
def test_axes_that_are_no_permutation_are_refused(axes):
    with pytest.raises(ValueError, match="Permute: name each axis of a datum once, as 0 to 1"):
        Permute(*axes)
