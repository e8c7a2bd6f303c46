"""Memory for results: aligned, and used again when nobody refers to it, never before."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.kernels import memory

LARGE = (300, 40)


def place(x):
    return x.__array_interface__["data"][0]


@given(hnp.array_shapes(min_dims=0, min_side=0, max_side=60), st.sampled_from(["f4", "f8"]))
def test_an_array_is_as_numpys(shape, dtype):
    x = memory.empty(shape, dtype)
    assert x.shape == shape
    assert x.dtype == dtype
    assert x.flags.c_contiguous
    assert x.flags.writeable


def test_a_large_array_begins_on_a_cache_line():
    assert [place(memory.empty((n, 97), "f4")) % memory.LINE for n in range(100, 130)] == [0] * 30


@pytest.mark.parametrize(
    "view", [lambda x: x, lambda x: x.T, lambda x: x[3:4, ::2], lambda x: x.reshape(-1)[5:]]
)
def test_memory_is_used_again_as_soon_as_no_view_of_it_is_left(view):
    x = memory.empty(LARGE, "f8")
    first, kept = place(x), view(x)
    del x
    y = memory.empty(LARGE, "f8")
    assert place(y) != first
    del kept
    assert place(memory.empty(LARGE, "f8")) == first


def test_no_two_arrays_in_use_share_memory():
    arrays = [memory.empty(LARGE, "f8") for _ in range(20)]
    for i, x in enumerate(arrays):
        x.fill(i)
    assert [x.max() for x in arrays] == [x.min() for x in arrays] == list(range(20))


def test_each_thread_has_memory_of_its_own():
    x = memory.empty(LARGE, "f8")
    found, mine = [], place(x)
    del x
    thread = threading.Thread(target=lambda: found.append(place(memory.empty(LARGE, "f8"))))
    thread.start()
    thread.join()
    assert found != [mine]
    assert place(memory.empty(LARGE, "f8")) == mine


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(memory, "_MOST", 10 * 8 * 12_000)
    arrays = [memory.empty((n, 40), "f8") for n in range(300, 340)]
    for i, x in enumerate(arrays):
        x.fill(i)
    assert [x.max() for x in arrays] == [x.min() for x in arrays] == list(range(40))
    kept = sum(block.nbytes for blocks in memory._shelf.blocks.values() for block, _ in blocks)
    assert kept == memory._shelf.bytes <= memory._MOST


def test_an_array_is_no_view_and_what_is_made_from_it_is():
    for x in (memory.empty(LARGE, "f8"), memory.empty((2, 3), "f8"), np.ones(3)):
        assert not memory.is_view(x)
        assert memory.is_view(x[:2])
        assert memory.is_view(x[:2].T)
