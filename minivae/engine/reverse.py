"""The reverse walk: from the cotangent of one result to the cotangents of all it was made from.

For z = f(x) with Jacobian J, a cotangent g of z pulls back to Jᵀ g of x. Along a graph the walk
visits each tensor once, after all its consumers, so that every cotangent is complete before it is
passed on. It is iterative: no chain of operations is too long for it.

The walk stands below Tensor and knows tensors by what they carry: ``node`` and ``requires_grad``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minivae.engine.broadcast import fit, owned
from minivae.engine.order import born, consumers_first, leading_to
from minivae.engine.rules import Bound
from minivae.engine.stamps import check, check_tensors
from minivae.engine.tape import Event, Node, Watcher, mode

if TYPE_CHECKING:
    from minivae.engine.tensor import Tensor

_deposit = Lock()  # threads may share leaves


def pullback(
    root: Tensor,
    seed: Any,
    inputs: Sequence[Tensor] | None = None,
    *,
    create_graph: bool = False,
    retain_graph: bool = False,
) -> list[Any]:
    """Pull the cotangent ``seed`` of ``root`` back to ``inputs``, or to the leaves' ``grad``.

    Parameters
    ----------
    root : Tensor
        The result.
    seed : ndarray or Tensor
        Its cotangent, of its shape.
    inputs : sequence of Tensor, optional
        Where to stop. Their cotangents are returned, None where ``root`` does not depend on one,
        and no ``grad`` is touched. Without it, cotangents are added to the ``grad`` of leaves.
    create_graph : bool
        Compute with tensors, so that the cotangents can be differentiated in their turn.
    retain_graph : bool
        Keep the graph for another walk; by default it is freed after the walk.
    """
    if inputs is None:
        made, wanted = consumers_first(root), None
    else:
        made = consumers_first(root, inputs, since=min(map(born, inputs), default=0))
        wanted = leading_to(inputs, made)
    watcher = mode.get().watcher
    cotangents: dict[Tensor, Any] = {root: seed}
    with np.errstate(under="ignore"):  # a cotangent that vanishes is one
        for z in made:
            g = cotangents.pop(z, None)
            if g is not None:
                _pass_on(cotangents, z, g, wanted, create_graph, watcher)
    if inputs is not None:
        return [cotangents.get(x) for x in inputs]
    # All that can fail comes before the first change.
    with _deposit:
        grads = [
            np.asarray(g if leaf.grad is None else leaf.grad + g)
            for leaf, g in zip(cotangents, owned(cotangents.values()), strict=True)
        ]
        for leaf, grad in zip(cotangents, grads, strict=True):
            leaf.grad = grad
    if not retain_graph:
        for z in made:
            cast(Node, z.node).free()
    return []


def _pass_on(
    cotangents: dict[Tensor, Any],
    z: Tensor,
    g: Any,
    wanted: set[Tensor] | None,
    create_graph: bool,
    watcher: Watcher | None,
) -> None:
    """Add what ``z`` with its cotangent ``g`` contributes to the cotangents of its operands."""
    node = z.node
    assert node is not None
    check(node, any_derivative=create_graph)
    values = node.values
    if create_graph:
        check_tensors(node, z)
        if node.op.spec is not None:
            _pass_on_by_spec(cotangents, node, g, wanted)
            return
        values = node.recorded_values(z)
    together = None
    if node.saved is not None and watcher is None and not create_graph:
        assert node.op.backward is not None
        positions = [i for i, _ in node.plan.adjoints if wanted is None or node.args[i] in wanted]
        together = iter(node.op.backward(g, node.saved, positions, values))
    for i, adjoint in node.plan.adjoints:
        x = node.args[i]
        if wanted is not None and x not in wanted:
            continue
        data = x.data
        if together is not None:
            gx = next(together)
        elif watcher is None:
            gx = adjoint(g, values)
        else:
            event = Event(node.op, node.arrays(), node.line, g, i)
            gx = watcher(event, partial(_contribution, adjoint, g, values, data, node.op.__name__))
        try:
            fits = gx.shape == data.shape and gx.dtype is data.dtype
        except AttributeError:  # it is no array
            fits = False
        if not fits:
            gx = fit(gx, data, node.op.__name__)
        known = cotangents.get(x)
        cotangents[x] = gx if known is None else known + gx


def _pass_on_by_spec(
    cotangents: dict[Tensor, Any], node: Node, g: Any, wanted: set[Tensor] | None
) -> None:
    """Do so by the formula that a fused operation must equal, for it has higher derivatives."""
    operands = list(dict.fromkeys(node.tracked()))  # each once
    assert node.op.spec is not None
    formula = node.op.spec(*node.tensors(), **node.static)
    if not hasattr(formula, "node"):  # it depends on constants alone
        return
    for x, gx in zip(operands, pullback(formula, g, operands, create_graph=True), strict=True):
        if gx is not None and (wanted is None or x in wanted):
            cotangents[x] = cotangents[x] + gx if x in cotangents else gx


def _contribution(adjoint: Bound, g: Any, values: Any, data: Any, name: str) -> Any:
    return fit(adjoint(g, values), data, name)
