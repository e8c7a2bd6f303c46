"""Random programs against an oracle that follows every path.

The gradient of a result is the sum over all paths to a leaf of the product of the Jacobians along
the path. The oracle does exactly that, with Jacobians written down as matrices: exponential, and
independent of the walk that is tested.
"""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import minivae as mv

SHAPES = [(), (1,), (3,), (2, 1), (2, 3)]
MOST_PATHS = 200


def spread(shape, result):
    """The Jacobian of a broadcast: entry i of the result is entry j of the operand."""
    places = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), result)
    return np.eye(int(np.prod(shape)))[places.ravel()]


UNARY = {
    "tanh": (mv.tanh, lambda x: np.diag(1 / np.cosh(x.ravel()) ** 2)),
    "exp": (lambda x: mv.exp(-x * x), lambda x: np.diag((-2 * x * np.exp(-x * x)).ravel())),
    "negative": (lambda x: -x, lambda x: -np.eye(x.size)),
    "halve": (lambda x: x / 2.0, lambda x: np.eye(x.size) / 2),
    "sum": (mv.sum, lambda x: np.ones((1, x.size))),
    "ravel": (lambda x: x.reshape(-1), lambda x: np.eye(x.size)),
    "twice": (lambda x: mv.stack([x, x]), lambda x: np.vstack([np.eye(x.size)] * 2)),
}
BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: (np.eye(x.size), np.eye(x.size))),
    "subtract": (lambda x, y: x - y, lambda x, y: (np.eye(x.size), -np.eye(x.size))),
    "multiply": (lambda x, y: x * y, lambda x, y: (np.diag(y.ravel()), np.diag(x.ravel()))),
}


class Known:
    """A tensor, and what the oracle knows of it: its operands with Jacobians, and its paths."""

    def __init__(self, tensor, edges=(), leaf=False):
        self.tensor = tensor
        self.edges = [(parent, J) for parent, J in edges if parent.tracked]
        self.leaf = leaf
        self.tracked = leaf or bool(self.edges)
        self.freed = False
        self.paths = 1 if leaf else sum(parent.paths for parent, _ in self.edges)

    def pull(self, g):
        """Yield a leaf and a contribution to its gradient for every path."""
        if self.leaf:
            yield self, g
        for parent, J in self.edges:
            yield from parent.pull(g @ J)

    def graph(self):
        """The results on the way: what a walk visits, and frees."""
        found, stack = {}, [self]
        while stack:
            known = stack.pop()
            if known.edges and id(known) not in found:
                found[id(known)] = known
                stack += [parent for parent, _ in known.edges]
        return list(found.values())


class Programs(RuleBasedStateMachine):
    """Build tensors, walk back from any, retain or free, clear gradients, in any order."""

    tensors = Bundle("tensors")

    def __init__(self):
        super().__init__()
        self.leaves = []
        self.expected = {}

    @initialize(target=tensors, shape=st.sampled_from(SHAPES), seed=st.integers(0, 99))
    def first_leaf(self, shape, seed):
        return self.leaf(shape, seed, True)

    @rule(
        target=tensors,
        shape=st.sampled_from(SHAPES),
        seed=st.integers(0, 99),
        wants=st.booleans(),
    )
    def leaf(self, shape, seed, wants):
        data = np.random.default_rng(seed).uniform(-1, 1, shape)
        known = Known(mv.tensor(data, requires_grad=wants), leaf=wants)
        if wants:
            self.leaves.append(known)
        return known

    @rule(target=tensors, x=tensors, name=st.sampled_from(sorted(UNARY)))
    def unary(self, x, name):
        f, jacobian = UNARY[name]
        if x.tensor.size > 50:
            return x
        return Known(f(x.tensor), [(x, jacobian(x.tensor.data))])

    @rule(target=tensors, x=tensors, y=tensors, name=st.sampled_from(sorted(BINARY)))
    def binary(self, x, y, name):
        f, jacobians = BINARY[name]
        try:
            shape = np.broadcast_shapes(x.tensor.shape, y.tensor.shape)
        except ValueError:
            with pytest.raises(ValueError, match="do not broadcast"):
                f(x.tensor, y.tensor)
            return x
        if x.paths + y.paths > MOST_PATHS or int(np.prod(shape)) > 50:
            return x
        a, b = (np.broadcast_to(t.tensor.data, shape) for t in (x, y))
        Jx, Jy = jacobians(a, b)
        edges = [(x, Jx @ spread(x.tensor.shape, shape)), (y, Jy @ spread(y.tensor.shape, shape))]
        return Known(f(x.tensor, y.tensor), edges)

    @rule(target=tensors, x=tensors)
    def detach(self, x):
        return Known(x.tensor.detach())

    @rule(target=tensors, x=tensors)
    def unrecorded(self, x):
        with mv.no_grad():
            return Known(x.tensor * x.tensor)

    @rule(x=tensors, seed=st.integers(0, 99), retain=st.booleans())
    def backward(self, x, seed, retain):
        g = np.random.default_rng(seed).uniform(-1, 1, x.tensor.shape)
        if not x.tracked:
            with pytest.raises(RuntimeError, match="depends on nothing"):
                x.tensor.backward(g)
        elif any(known.freed for known in x.graph()):
            with pytest.raises(RuntimeError, match="was freed"):
                x.tensor.backward(g, retain_graph=retain)
        else:
            x.tensor.backward(g, retain_graph=retain)
            for leaf, part in x.pull(g.ravel()):
                total = self.expected.get(leaf, np.zeros(leaf.tensor.shape))
                self.expected[leaf] = total + part.reshape(leaf.tensor.shape)
            for known in [] if retain else x.graph():
                known.freed = True

    @rule(i=st.integers(0, 9))
    def clear(self, i):
        if self.leaves:
            leaf = self.leaves[i % len(self.leaves)]
            leaf.tensor.grad = None
            self.expected.pop(leaf, None)

    @invariant()
    def gradients_are_sums_over_paths(self):
        for leaf in self.leaves:
            if leaf in self.expected:
                np.testing.assert_allclose(
                    leaf.tensor.grad, self.expected[leaf], rtol=1e-10, atol=1e-12
                )
                assert leaf.tensor.grad.shape == leaf.tensor.shape
            else:
                assert leaf.tensor.grad is None


TestPrograms = Programs.TestCase
TestPrograms.settings = settings(max_examples=500, stateful_step_count=30)
