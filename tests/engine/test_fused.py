"""A fused operation equals its formula, and its one pass equals its primal and its adjoints."""

from copy import deepcopy
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import settings
from laws import BOTH, calls, directions, scale

from minivae.engine import REGISTRY, Tensor, vjp
from minivae.engine.broadcast import fit

OPERATIONS = sorted(REGISTRY)
FUSED = pytest.mark.parametrize("name", [n for n in OPERATIONS if REGISTRY[n].spec])
ONE_PASS = pytest.mark.parametrize("name", [n for n in OPERATIONS if REGISTRY[n].backward])


@FUSED
@BOTH
def test_a_fused_operation_equals_its_spec(name, dtype):
    """Value and gradient; the tangent is the spec's own."""

    @settings(max_examples=50)
    @calls(name, dtype)
    def law(call, rng):
        op, xs = REGISTRY[name], call.variables

        def spec(*variables):
            full = list(call.operands)
            for i, variable in zip(call.wanted, variables, strict=True):
                full[i] = variable
            return call.of(op.spec, *full)

        z, pull = vjp(call, *xs)
        z_spec, pull_spec = vjp(spec, *xs)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(z.data, z_spec.data, rtol=64 * eps, atol=256 * eps)
        (u,) = directions(rng, [z], dtype)
        for a, b in zip(pull(u), pull_spec(u), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=64 * eps, atol=256 * eps)

    law()


@ONE_PASS
@BOTH
def test_what_is_done_in_one_pass_equals_the_primal_and_the_adjoints(name, dtype):
    """For all operands that want a cotangent, and for any of them; nothing is used up or changed.

    A cotangent of the result lies in memory in any way: in one piece, with gaps, as one number.
    """

    @calls(name, dtype)
    def law(call, rng):
        op = REGISTRY[name]
        z = call(*(Tensor(x, requires_grad=True) for x in call.variables))
        node = z.node
        assert node.saved is not None
        assert_near(z.data, op.primal(*node.arrays(), **node.static))
        adjoints = dict(node.plan.adjoints)
        assert list(adjoints) == call.wanted

        def fitted(i, cotangent):
            return fit(cotangent, call.operands[i], name)

        (u,) = directions(rng, [z], dtype)
        with_gaps = np.repeat(u, 2, axis=-1)[..., ::2] if u.ndim else u
        for g in (u, with_gaps, np.broadcast_to(u.dtype.type(0.75), u.shape)):
            exact = {i: fitted(i, adjoint(g, node.values)) for i, adjoint in adjoints.items()}
            before = deepcopy((g, node.saved, node.values))
            for wanted in some_of(call.wanted):
                found = op.backward(g, node.saved, wanted, node.values)
                assert_same((g, node.saved, node.values), before)
                for i, cotangent in zip(wanted, found, strict=True):
                    assert_near(fitted(i, cotangent), exact[i])

    law()


def some_of(positions):
    """All lists of one or more of them, in their order."""
    sizes = range(1, len(positions) + 1)
    return list(map(list, chain.from_iterable(combinations(positions, n) for n in sizes)))


def assert_near(found, exact):
    """Within 64 roundings of the largest entry."""
    assert (found.shape, found.dtype) == (exact.shape, exact.dtype)
    allowed = 64 * np.finfo(exact.dtype).eps * scale(exact)
    np.testing.assert_allclose(found, exact, rtol=0, atol=allowed)


def assert_same(found, before):
    """Arrays, and what contains them, have not changed by a bit."""
    if isinstance(before, list | tuple):
        for one, other in zip(found, before, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(found, before)
