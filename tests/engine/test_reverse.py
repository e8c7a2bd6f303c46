"""The reverse walk: each tensor once, any depth, any sharing; and the gradients it leaves."""

import asyncio
import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.engine.order import consumers_first


def leaf(*values):
    return mv.tensor(np.array(values), requires_grad=True)


def test_a_chain_of_a_hundred_thousand_operations():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad == [1.0]


def test_stacked_diamonds_are_walked_once():
    """k stacked y = y + y hold 2ᵏ paths; the walk visits every tensor once."""
    x = leaf(1.0)
    y = x
    for _ in range(1000):
        y = (y + y) * 0.5
    assert len(list(consumers_first(y))) == 2000
    y.backward()
    assert x.grad == [1.0]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=30))
def test_random_graphs_agree_with_the_sum_over_paths(edges):
    """Every tensor is the sum of two earlier ones: its gradient counts the paths to it."""
    x = leaf(1.0)
    nodes, paths = [x], [1]
    for i, j in edges:
        i, j = i % len(nodes), j % len(nodes)
        nodes.append(nodes[i] + nodes[j])
        paths.append(paths[i] + paths[j])
    if nodes[-1] is not x:
        nodes[-1].backward()
        assert x.grad == [float(paths[-1])]


def test_gradients_add_up_over_calls_until_they_are_cleared():
    x = leaf(3.0)
    for _ in range(2):
        (x * x).backward()
    assert x.grad == [12.0]


def test_backward_through_a_freed_graph_says_so():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="freed by an earlier backward.*retain_graph=True"):
        y.backward()


def test_a_retained_graph_can_be_walked_again():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])


def test_a_graph_is_freed_by_reference_counting_alone():
    gc.disable()
    try:
        x = leaf(1.0)
        y = x * 2.0
        gone = weakref.ref(y)
        z = y + 1.0
        del y
        assert gone() is not None
        del z
        assert gone() is None
    finally:
        gc.enable()


def test_leaves_own_their_gradients():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x + y).sum().backward()
    x.grad[...] = 7.0
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])


def test_the_gradient_of_a_number_is_an_array_of_its_dtype():
    x = mv.tensor(2.0, requires_grad=True, dtype="float32")
    for _ in range(2):
        (x * x).backward()
    assert isinstance(x.grad, np.ndarray)
    assert (x.grad, x.grad.dtype) == (8.0, "float32")


def test_no_grad_records_nothing_and_ends():
    x = leaf(1.0)
    with mv.no_grad():
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_no_grad_ends_with_an_exception_and_belongs_to_its_thread():
    x, seen = leaf(1.0), []

    def fail_without_recording():
        with mv.no_grad():
            thread = threading.Thread(target=lambda: seen.append((x * x).requires_grad))
            thread.start()
            thread.join()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_without_recording()
    assert seen == [True]
    assert (x * x).requires_grad


def test_no_grad_belongs_to_its_task():
    """While one task waits inside no_grad, another goes on recording."""
    x, seen = leaf(1.0), {}

    async def silent():
        with mv.no_grad():
            await asyncio.sleep(0)
            seen["silent"] = (x * x).requires_grad

    async def loud():
        await asyncio.sleep(0)
        seen["loud"] = (x * x).requires_grad

    async def both():
        await asyncio.gather(silent(), loud())

    asyncio.run(both())
    assert seen == {"silent": False, "loud": True}


def test_threads_may_share_a_leaf():
    x = leaf(0.0)

    def work():
        for _ in range(500):
            (x * 1.0).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad == [2000.0]


def test_a_walk_that_fails_changes_nothing():
    x = leaf(1.0, 2.0)
    y = (mv.exp(x) + mv.where(x, 1.0, 2.0)).sum()
    for _ in range(2):
        with pytest.raises(TypeError, match="operand 0 has no derivative"):
            y.backward()
    assert x.grad is None


def test_leaves_do_not_share_views():
    x, y = leaf(1.0, 2.0), leaf([1.0], [2.0])
    (x + mv.reshape(y, (2,))).sum().backward()
    y.grad[...] = 7.0
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_detach_cuts_the_graph():
    x = leaf(2.0)
    (x * x.detach()).backward()
    assert x.grad == [2.0]


@pytest.mark.parametrize("scalar", [2, 2.0, np.float64(2.0)])
def test_numbers_do_not_promote_float32(scalar):
    x = mv.tensor(np.ones(3, "float32"), requires_grad=True)
    y = (x * scalar + scalar) / scalar - scalar
    assert y.dtype == "float32"
    y.sum().backward()
    assert x.grad.dtype == "float32"


def test_backward_explains_what_it_needs():
    with pytest.raises(RuntimeError, match="depends on nothing that requires a gradient"):
        mv.tensor(1.0).backward()
    with pytest.raises(ValueError, match=r"shape \(2,\) needs gradient="):
        (leaf(1.0, 2.0) * 2.0).backward()
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), the tensor \(2,\)"):
        (leaf(1.0, 2.0) * 2.0).backward(np.ones(3))
    with pytest.raises(TypeError, match=r"this one is int64; pass dtype='float64'"):
        mv.tensor([1, 2], requires_grad=True)
