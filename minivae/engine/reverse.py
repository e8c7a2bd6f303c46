"""The reverse walk: from the cotangent of one result to the cotangents of all it was made from.

For z = f(x) with Jacobian J, a cotangent g of z pulls back to Jᵀ g of x. Along a graph the walk
visits each tensor once, after all its consumers, so that every cotangent is complete before it is
passed on. It is iterative: no chain of operations is too long for it.

The walk stands below Tensor and knows tensors by what they carry: ``node`` and ``requires_grad``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.engine.registry import REGISTRY

if TYPE_CHECKING:
    from minivae.engine.tape import Node
    from minivae.engine.tensor import Tensor


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
    stops = frozenset(map(id, inputs or ()))
    cotangents: dict[int, Any] = {id(root): seed}
    leaves: list[tuple[Tensor, Any]] = []
    nodes: list[Node] = []
    for tensor in consumers_first(root, stops):
        if id(tensor) in stops:
            continue
        g, node = cotangents.pop(id(tensor)), tensor.node
        if node is None:
            leaves.append((tensor, g))
            continue
        nodes.append(node)
        for operand, ga in _adjoints(node, g, tensor, create_graph):
            known = cotangents.get(id(operand))
            cotangents[id(operand)] = ga if known is None else known + ga
    # Nothing has been changed so far; from here on nothing can fail.
    if inputs is None:
        sums = [np.asarray(g if leaf.grad is None else leaf.grad + g) for leaf, g in leaves]
        for (leaf, _), total in zip(leaves, sums, strict=True):
            leaf.grad = total
    if not (create_graph or retain_graph):
        for node in nodes:
            node.args = None
    return [cotangents.get(id(x)) for x in inputs or ()]


def _adjoints(node: Node, g: Any, z: Tensor, create_graph: bool) -> Iterator[tuple[Tensor, Any]]:
    """Yield every operand of ``node`` that wants a cotangent, with that cotangent."""
    op, args = node.op, node.args or ()
    if create_graph and op.spec is not None:
        # A fused operation is a theorem about its spec: higher derivatives go through the spec.
        for i, operand in enumerate(args):
            if is_tracked(operand):
                op.adjoint_of(i)  # refuses what the operation declares constant
        wanted = list({id(a): a for a in args if is_tracked(a)}.values())  # each once
        pulled = pullback(op.spec(*args, **node.static), g, wanted, create_graph=True)
        yield from ((a, ga) for a, ga in zip(wanted, pulled, strict=True) if ga is not None)
        return
    x = args if create_graph else [a.data if is_tensor(a) else a for a in args]
    result = z if create_graph else z.data
    for i, operand in enumerate(args):
        if is_tracked(operand):
            ga = op.adjoint_of(i)(g, result, *x, **node.static)
            yield operand, _like(operand, ga, g, op.__name__)


def _like(operand: Tensor, ga: Any, g: Any, name: str) -> Any:
    """Give a cotangent its operand's shape and dtype: the one place where broadcasts are undone."""
    if ga.shape != operand.shape:
        ga = unbroadcast(ga, operand.shape, name)
    if ga.dtype != operand.dtype:
        ga = ga.astype(operand.dtype)
    if operand.node is None and isinstance(ga, np.ndarray) and (ga is g or ga.base is not None):
        return ga.copy()  # a leaf owns its gradient: neither a view nor a cotangent others use
    return ga


def unbroadcast(g: Any, shape: tuple[int, ...], name: str = "broadcast") -> Any:
    """Sum ``g`` over the axes along which ``shape`` was stretched: the adjoint of a broadcast.

    A broadcast copies, z_i = x for all i, so x̄ = Σ_i ḡ_i.
    """
    extra = len(g.shape) - len(shape)
    stretched = tuple(
        axis
        for axis, size in enumerate(g.shape)
        if axis < extra or (shape[axis - extra] == 1 and size != 1)
    )
    total = REGISTRY["sum"](g, axis=stretched, keepdims=True)
    if total.shape[max(extra, 0) :] != shape:
        raise ValueError(
            f"{name}: its adjoint returned shape {g.shape} for an operand of shape {shape}; "
            "an adjoint must have its operand's shape, up to broadcasting"
        )
    return REGISTRY["reshape"](total, shape)


def consumers_first(root: Tensor, stops: frozenset[int] = frozenset()) -> Iterator[Tensor]:
    """Yield the graph above ``root`` so that each tensor comes once, after all its consumers.

    Two sweeps, both iterative: count the consumers of each tensor, then release a tensor when the
    last of them has been visited. Depth-first recursion would instead follow every *path*, of
    which k stacked ``x = x + x`` have 2ᵏ.
    """
    waiting = {id(root): 0}
    stack = [root]
    while stack:
        for operand in _operands(stack.pop(), stops):
            if id(operand) not in waiting:
                waiting[id(operand)] = 0
                stack.append(operand)
            waiting[id(operand)] += 1
    stack = [root]
    while stack:
        tensor = stack.pop()
        operands = _operands(tensor, stops)
        yield tensor
        for operand in operands:
            waiting[id(operand)] -= 1
            if waiting[id(operand)] == 0:
                stack.append(operand)


def _operands(tensor: Tensor, stops: frozenset[int]) -> list[Tensor]:
    if tensor.node is None or id(tensor) in stops:
        return []
    if tensor.node.args is None:
        raise RuntimeError(
            f"backward: the graph behind this {tensor.node.op.__name__} was freed by an earlier "
            "backward(); compute the result again, or pass retain_graph=True the first time"
        )
    return [a for a in tensor.node.args if is_tracked(a)]


def is_tensor(a: Any) -> bool:
    """Tell tensors from arrays and numbers."""
    return hasattr(a, "node")


def is_tracked(a: Any) -> bool:
    """Tell the operands that want a cotangent."""
    return getattr(a, "requires_grad", False)
