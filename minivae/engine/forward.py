"""The forward walk: from changes of the inputs to the change of the result.

For z = f(x) with Jacobian J, a change v of x pushes forward to J v of z. The walk goes over the
tape of z from the oldest tensor to the youngest, by the operations' tangents: a second derivation
of every operation, which must agree with the first in <J v, w> = <v, Jᵀ w>.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.engine.order import born, consumers_first
from minivae.engine.registry import REGISTRY
from minivae.engine.rules import bind
from minivae.engine.stamps import check, check_tensors
from minivae.engine.tape import Node, recorded
from minivae.engine.tensor import Tensor, Variable


def pushforward(
    root: Tensor, inputs: Sequence[Tensor], changes: Sequence[Any], *, create_graph: bool = False
) -> Any:
    """Push the ``changes`` of ``inputs`` forward to that of ``root``; None if it has none.

    With ``create_graph`` it computes with tensors, so that the result can be differentiated.
    """
    known: dict[Tensor, Any] = dict(zip(inputs, changes, strict=True))
    since = min(map(born, inputs), default=0)
    with np.errstate(under="ignore"):  # a change that vanishes is one
        for z in reversed(consumers_first(root, inputs, since)):
            change = _tangent(z, known, create_graph)
            if change is not None:
                known[z] = change
    return known.get(root)


def _tangent(z: Tensor, known: dict[Tensor, Any], create_graph: bool) -> Any:
    """Return the change of ``z``, dz = Σᵢ (∂z/∂xᵢ) dxᵢ over its operands; None if none changes."""
    node = z.node
    assert node is not None
    moved = [(i, node.args[i]) for i, _ in node.plan.adjoints if node.args[i] in known]
    if not moved:
        return None
    check(node)
    if create_graph:
        check_tensors(node, z)
    if node.op.spec is not None:
        total = _through_spec(node, moved, known, create_graph)
    elif node.op.linear:
        total = _through_itself(node, moved, known)
    else:
        values = node.recorded_values(z) if create_graph else node.values
        total, *rest = (bind(node.op, "tangent", i)[0](known[x], values) for i, x in moved)
        for part in rest:
            total = total + part
    if total is None:  # the formula does not depend on what moves
        return None
    if total.shape != z.shape:  # it is broadcast as the operation broadcast the operands
        total = REGISTRY["broadcast_to"](total, z.shape)
    return total if total.dtype == z.dtype else total.astype(z.dtype)


def _through_itself(node: Node, moved: list[tuple[int, Tensor]], known: dict[Tensor, Any]) -> Any:
    """Apply a linear operation to the changes; those that do not change have zeros."""
    changes = [np.zeros_like(x) if isinstance(x, np.ndarray) else 0.0 for x in node.arrays()]
    for i, x in moved:
        changes[i] = known[x]
    return node.op(*changes, **node.static)


def _through_spec(
    node: Node, moved: list[tuple[int, Tensor]], known: dict[Tensor, Any], create_graph: bool
) -> Any:
    """Push through the formula that a fused operation must equal, from copies of the operands."""
    operands = node.tensors() if create_graph else node.arrays()
    for i, x in moved:
        operands[i] = REGISTRY["reshape"](x, x.shape) if create_graph else Variable(x.data)
    with recorded(forward=True):
        formula = node.op.spec(*operands, **node.static)  # type: ignore[misc]
    if not isinstance(formula, Tensor):  # it depends on constants alone
        return None
    inputs, changes = [operands[i] for i, _ in moved], [known[x] for _, x in moved]
    return pushforward(formula, inputs, changes, create_graph=create_graph)
