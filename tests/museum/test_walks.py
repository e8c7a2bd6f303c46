"""Walks through the graph in the wrong order, too often, too deep, or not to the end."""

import sys

import numpy as np
from exhibit import Exhibit, Room, Tour
from points import leaf

from minivae.engine.order import consumers_first
from minivae.engine.tape import watched

ROOM = Room()


class TestWalks(Tour):
    room = ROOM


def per_path(root, leaf):
    """Recurse from consumers to operands: a tensor is visited once for every path that leads to it.

    Returns the gradient and the number of visits.
    """
    visits = 0

    def visit(t, g):
        nonlocal visits
        visits += 1
        if t is leaf:
            return g
        operands = zip(t.node.tracked(), t.node.plan.adjoints, strict=True)
        return sum(visit(x, adjoint(g, t.node.values)) for x, (_, adjoint) in operands)

    return visit(root, np.ones(root.shape)), visits


def ours(root, leaf):
    """Walk as minivae does; count the adjoints that are run."""
    visits = 0

    def count(event, run):
        nonlocal visits
        visits += event.cotangent is not None
        return run()

    leaf.grad = None
    with watched(count):
        root.backward(retain_graph=True)
    return leaf.grad, visits


def doubled(x, times):
    for _ in range(times):
        x = x + x
    return x


@ROOM.exhibit
def a_walk_along_every_path():
    """SmallPebble, joelgrus/autograd and TinyTorch recurse into the operands of each consumer.

    k stacked x = x + x have 2ᵏ paths, so a graph of 40 operations takes forever. Each gradient is
    right, and test graphs are small. (Why a topological sort? is micrograd's commonest question:
    #21, #64, #68, #91, #96.)
    """

    def small_graph(walk):
        x = leaf(3.0)
        gradient, _ = walk(doubled(x, 3) * 2.0, x)
        assert gradient == 16.0

    def visits_grow_with_the_graph(walk):
        x = leaf(3.0)
        gradient, visits = walk(doubled(x, 14), x)
        assert gradient == 2.0**14
        assert visits <= 2 * 14 + 1, f"{visits} visits for 14 operations"

    return Exhibit(
        wrong=per_path,
        weak=small_graph,
        strong=visits_grow_with_the_graph,
        caught=f"{2**15 - 1} visits for 14 operations",
        right=ours,
    )


@ROOM.exhibit
def a_walk_as_deep_as_the_graph():
    """micrograd sorts its graph by recursion, and Python's stack ends after a thousand calls.

    So long a chain is a recurrent network of moderate length; test graphs are shorter.
    """

    def chain(walk, n):
        x = y = leaf(1.0)
        for _ in range(n):
            y = y + 1.0
        gradient, _ = walk(y, x)
        assert gradient == 1.0

    return Exhibit(
        wrong=per_path,
        weak=lambda walk: chain(walk, 50),
        strong=lambda walk: chain(walk, sys.getrecursionlimit() + 10),
        caught="recursion",
        error=RecursionError,
        right=ours,
    )


@ROOM.exhibit
def gradients_that_were_left_at_the_tensors_between():
    """micrograd keeps a gradient at every node and adds to it: #53, #54, #102.

    A second ``backward`` starts from what the first left between, so that a leaf gets three times
    the gradient, not two; zeroing the parameters alone does not help. One call is right.
    """
    kept = {}

    def walk(root, leaf):
        kept[root] = np.ones(root.shape)
        for z in consumers_first(root):
            for i, adjoint in z.node.plan.adjoints:
                x = z.node.args[i]
                kept[x] = kept.get(x, 0.0) + adjoint(kept[z], z.node.values)
        leaf.grad = kept[leaf]

    def backward(root, leaf):
        root.backward(retain_graph=True)

    def times(walk, n):
        x = leaf(3.0)
        y = (x * x) * 2.0
        for _ in range(n):
            walk(y, x)
        assert x.grad == n * 12.0, f"{n} calls give {x.grad}, one gives 12"

    return Exhibit(
        wrong=walk,
        weak=lambda walk: times(walk, 1),
        strong=lambda walk: times(walk, 2),
        caught=r"2 calls give \[36.\], one gives 12",
        right=backward,
    )


@ROOM.exhibit
def a_graph_that_was_cleared_while_it_was_walked():
    """TrenTorch#182: ``backward`` cleared a tensor's function after the first visit.

    A tensor with two consumers passed on what the first of them sent, and dropped the rest without
    an error: for y = 3 x, z = 2 y + 5 y the slope was 6 in place of 21. Chains, which is what the
    tests were made of, have one consumer each.
    """

    def clear_as_you_go(root, leaf):
        cleared, gradient = set(), 0.0
        todo = [(root, np.ones(root.shape))]
        while todo:
            t, g = todo.pop(0)
            if t is leaf:
                gradient = gradient + g
            elif t not in cleared:
                cleared.add(t)
                operands = zip(t.node.tracked(), t.node.plan.adjoints, strict=True)
                todo += [(x, adjoint(g, t.node.values)) for x, (_, adjoint) in operands]
        return gradient, len(cleared)

    def chain(walk):
        x = leaf(2.0)
        assert walk(x * 3.0 * 7.0, x)[0] == 21.0

    def branches(walk):
        x = leaf(2.0)
        y = x * 3.0
        gradient, _ = walk(y * 2.0 + y * 5.0, x)
        assert gradient == 21.0, f"the slope is 21, not {gradient}"

    return Exhibit(
        wrong=clear_as_you_go,
        weak=chain,
        strong=branches,
        caught=r"the slope is 21, not \[6.\]",
        right=ours,
    )
