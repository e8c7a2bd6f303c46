"""How a derivative reads its inputs: by the names of its parameters.

The adjoint of x y is stated as ``lambda g, y: g * y``: beside the cotangent it reads y alone. So
the engine knows which values the graph needs, and which may change meanwhile.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from minivae.engine.op import Op

Derivative = Callable[..., Any]
Bound = Callable[[Any, Sequence[Any]], Any]


class Plan(NamedTuple):
    """What a reverse walk does at an operation, given which of its operands are tracked.

    ``adjoints`` has, for each of these, its position and the function (g, values) that gives its
    cotangent from the values of the node; ``needs`` says which values these functions use, and
    ``reads`` which any derivative may: the tangent, or the formula of a fused operation.
    """

    adjoints: tuple[tuple[int, Bound], ...]
    needs: frozenset[int]
    reads: tuple[int, ...]


def plan(op: Op, mask: int, forward: bool) -> Plan:
    """Plan for the operands whose bits are set in ``mask``; ``forward`` if tangents are wanted too.

    What an operation of any number of operands does is not kept: there are too many masks.
    """
    tracked = [i for i in range(mask.bit_length()) if mask >> i & 1]
    bound = [bind(op, "adjoint", i) for i in tracked]
    needs = frozenset(k for _, ks in bound for k in ks)
    read = set(needs)
    if forward and op.tangents:
        read |= {k for i in tracked for k in bind(op, "tangent", i)[1]}
    operands, result = range(len(op.operands)), len(op.operands) + len(op.defaults)
    if op.spec is not None:  # its formula is computed anew from the operands
        read |= set(operands)
    adjoints = tuple((i, function) for i, (function, _) in zip(tracked, bound, strict=True))
    arrays = sorted(read & {*operands, result})
    made = Plan(adjoints, needs, () if op.linear else tuple(arrays))
    if not op.variadic:
        op.plans[~mask if forward else mask] = made
    return made


def bind(op: Op, kind: str, i: int) -> tuple[Bound, tuple[int, ...]]:
    """Make the derivative for operand ``i`` a function (g, values); say which values it reads.

    ``kind`` is "tangent" or "adjoint".

    Raises
    ------
    TypeError
        If it reads something that the operation does not have.
    """
    if (kind, i) not in op.bound:
        functions = op.tangents if kind == "tangent" else op.adjoints
        op.bound[kind, i] = _bind(op, functions, i)
    return op.bound[kind, i]


def _bind(
    op: Op, functions: tuple[Derivative | None, ...], i: int
) -> tuple[Bound, tuple[int, ...]]:
    function = dict(enumerate(functions)).get(0 if op.variadic else i)
    if function is None:
        return partial(_refuse, op, functions, i), ()
    known = [*op.operands, *op.defaults, "z"]
    _, *names = inspect.signature(function).parameters
    if op.variadic and "i" in names:
        names.remove("i")
        function = partial(function, i=i)
    if unknown := [name for name in names if name not in known]:
        raise TypeError(
            f"{op.__name__}: its derivative reads {unknown[0]!r}, which is none of {known}"
        )
    reads = tuple(known.index(name) for name in names)
    if not reads:
        return (lambda g, values: function(g)), reads
    if len(reads) == 1:  # of one index itemgetter makes no tuple
        return (lambda g, values, k=reads[0]: function(g, values[k])), reads
    pick = itemgetter(*reads)
    return (lambda g, values: function(g, *pick(values))), reads


def _refuse(op: Op, functions: tuple[Derivative | None, ...], i: int, *_: Any) -> None:
    name = op.__name__
    if any(functions):
        raise TypeError(
            f"{name}: operand {i} has no derivative, it is a constant of the operation; detach() it"
        )
    kind = "tangent" if functions is op.tangents and op.adjoints else "adjoint"
    raise TypeError(
        f"{name} states no {kind}; state it, as by {name}.{kind}(lambda g, x: ...), with one "
        "function for each operand"
    )
