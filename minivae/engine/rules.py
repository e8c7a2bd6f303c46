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
    cotangent from the values of the node; ``reads`` says which values these functions use.
    """

    adjoints: tuple[tuple[int, Bound], ...]
    reads: tuple[int, ...]


def plan(op: Op, mask: int) -> Plan:
    """Plan for the operands whose bits are set in ``mask``."""
    tracked = [i for i in range(mask.bit_length()) if mask >> i & 1]
    bound = [bind(op, op.adjoints, i) for i in tracked]
    operands, result = range(len(op.operands)), len(op.operands) + len(op.defaults)
    reads = {k for _, ks in bound for k in ks if k in operands or k == result}
    if op.spec is not None:  # its formula is computed anew from the operands
        reads |= set(operands)
    adjoints = tuple((i, function) for i, (function, _) in zip(tracked, bound, strict=True))
    return Plan(adjoints, () if op.linear else tuple(sorted(reads)))


def bind(op: Op, functions: tuple[Derivative | None, ...], i: int) -> tuple[Bound, tuple[int, ...]]:
    """Make the derivative for operand ``i`` a function (g, values); say which values it reads.

    Raises
    ------
    TypeError
        If it reads something that the operation does not have.
    """
    function = dict(enumerate(functions)).get(0 if op.variadic else i)
    if function is None:
        return partial(_refuse, op.__name__, i), ()
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


def _refuse(name: str, i: int, *_: Any) -> None:
    raise TypeError(
        f"{name}: operand {i} has no derivative of this kind: it is a constant of the operation, "
        "detach() it; or state the derivative, as minivae.engine.op says"
    )
