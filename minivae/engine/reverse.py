"""The reverse walk: from the cotangent of one result to the cotangents of all it was made from.

For z = f(x) with Jacobian J, a cotangent g of z pulls back to Jᵀ g of x. Along a graph the walk
visits each tensor once, after all its consumers, so that every cotangent is complete before it is
passed on. It is iterative: no chain of operations is too long for it.

The walk stands below Tensor and knows tensors by what they carry: ``node`` and ``requires_grad``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minivae.engine.messages import freed
from minivae.engine.registry import REGISTRY
from minivae.engine.rules import Bound
from minivae.engine.stamps import changed, check_tensors, stamp
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
        wanted = _leading_to(inputs, made)
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


def consumers_first(root: Tensor, stops: Iterable[Tensor] = (), since: int = 0) -> list[Tensor]:
    """List the tensors that operations made on the way to ``root``, each after all its consumers.

    Whatever consumes a tensor is younger than it: from the youngest to the oldest, then, and each
    once. Depth-first recursion would instead follow every *path*, of which k stacked
    ``x = x + x`` have 2ᵏ. The way ends at ``stops``, and at what was made before ``since``.
    """
    met = {*stops}
    made = []
    if root.node is not None and root not in met and root.node.born >= since:
        made.append(root)
        met.add(root)
    for z in made:  # which grows meanwhile
        node = z.node
        assert node is not None
        if node.args is None:
            raise freed(node.op.__name__)
        for i, _ in node.plan.adjoints:
            x = node.args[i]
            if x.node is not None and x not in met and x.node.born >= since:
                met.add(x)
                made.append(x)
    made.sort(key=attrgetter("node.born"), reverse=True)
    return made


def born(x: Tensor) -> int:
    """Return when ``x`` was made; of a leaf only a :class:`Variable` knows, of others it is 0."""
    return getattr(x, "born", 0) if x.node is None else x.node.born


def _leading_to(inputs: Sequence[Tensor], made: list[Tensor]) -> set[Tensor]:
    """Return ``inputs`` and those of ``made`` that depend on them: the rest needs no cotangent."""
    leading = set(inputs)
    for z in reversed(made):
        assert z.node is not None
        if not leading.isdisjoint(z.node.tracked()):
            leading.add(z)
    return leading


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
    values, plan = node.values, node.plan
    for k, before in zip(plan.reads, node.stamps):  # noqa: B905, for speed
        if stamp(values[k]) != before:
            raise changed(node, k)
    if create_graph:
        check_tensors(node, z)
        if node.op.spec is not None:
            _pass_on_by_spec(cotangents, node, g, wanted)
            return
        values = node.recorded_values(z)
    for i, adjoint in plan.adjoints:
        x = node.args[i]
        if wanted is not None and x not in wanted:
            continue
        data = x.data
        if watcher is None:
            gx = adjoint(g, values)
        else:
            event = Event(node.op, node.arrays(), node.line, g, i)
            gx = watcher(event, partial(_contribution, adjoint, g, values, data, node.op.__name__))
        if getattr(gx, "shape", None) != data.shape or gx.dtype is not data.dtype:
            gx = _fit(gx, data, node.op.__name__)
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
    return _fit(adjoint(g, values), data, name)


def _fit(gx: Any, data: Any, name: str) -> Any:
    """Give a cotangent the shape and the type of its operand."""
    if not hasattr(gx, "shape"):
        raise TypeError(f"{name}: its adjoint returned {gx!r}; it must return an array")
    gx = gx if gx.shape == data.shape else unbroadcast(gx, data.shape, name)
    return gx if gx.dtype == data.dtype else gx.astype(data.dtype)


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


def owned(arrays: Iterable[Any], not_in: Iterable[Any] = ()) -> Iterator[Any]:
    """Copy those arrays that are views, or come twice, so that each has its memory to itself."""
    met = set(map(id, not_in))
    for a in arrays:
        yield np.array(a) if id(a) in met or a.base is not None else a
        met.add(id(a))
