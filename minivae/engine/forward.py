"""The forward walk: from changes of the inputs to the change of the result.

For z = f(x) with Jacobian J, a change v of x pushes forward to J v of z. The walk goes over the
tape of z from the oldest tensor to the youngest, by the operations' tangents: a second derivation
of every operation, which must agree with the first in <J v, w> = <v, Jᵀ w>.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.engine.registry import REGISTRY
from minivae.engine.reverse import consumers_first
from minivae.engine.rules import bind
from minivae.engine.stamps import check
from minivae.engine.tape import Node, recorded
from minivae.engine.tensor import Tensor


def pushforward(
    root: Tensor, inputs: Sequence[Tensor], changes: Sequence[Any], *, create_graph: bool = False
) -> Any:
    """Push the ``changes`` of ``inputs`` forward to that of ``root``; None if it has none.

    With ``create_graph`` it computes with tensors, so that the result can be differentiated.
    """
    known: dict[Tensor, Any] = dict(zip(inputs, changes, strict=True))
    for z in reversed(consumers_first(root, inputs)):
        node = z.node
        assert node is not None
        check(node)
        change = _tangent(z, node, known, create_graph)
        if change is not None:
            if change.dtype != z.dtype:
                change = change.astype(z.dtype)
            known[z] = change if change.shape == z.shape else _broadcast(change, z.shape)
    return known.get(root)


def _tangent(z: Tensor, node: Node, known: dict[Tensor, Any], create_graph: bool) -> Any:
    """Return the change of ``z``: dz = Σᵢ (∂z/∂xᵢ) dxᵢ over its operands."""
    op = node.op
    moved = [(i, a) for i, a in enumerate(node.args) if isinstance(a, Tensor) and a in known]
    if not moved:
        return None
    if op.spec is not None:  # the formula that the operation must equal
        return _through_spec(node, moved, known, create_graph)
    if op.linear:
        changes = [np.zeros_like(x) if isinstance(x, np.ndarray) else 0.0 for x in node.arrays()]
        for i, a in moved:
            changes[i] = known[a]
        return op(*changes, **node.static)
    values = node.tensors(z) if create_graph else node.values
    parts = [bind(op, op.tangents, i)[0](known[a], values) for i, a in moved]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _through_spec(
    node: Node, moved: list[tuple[int, Tensor]], known: dict[Tensor, Any], create_graph: bool
) -> Any:
    """Push through the formula that a fused operation must equal."""
    args = list(node.args)
    if not create_graph:  # then the formula's tape ends at copies of the operands
        args = node.arrays()
        for i, _ in moved:
            args[i] = Tensor(args[i], requires_grad=True)
    with recorded():
        formula = node.op.spec(*args, **node.static)  # type: ignore[misc]
    inputs, changes = [args[i] for i, _ in moved], [known[a] for _, a in moved]
    return pushforward(formula, inputs, changes, create_graph=create_graph)


def _broadcast(change: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast the change of an operand as the operation broadcast the operand."""
    return REGISTRY["broadcast_to"](change, shape)
