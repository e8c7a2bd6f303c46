"""Change detection: an array that a graph still needs must not be written to.

The adjoint of x y reads x and y. If either was changed in place after the product had been formed,
the gradient would be wrong without a word. So the tape keeps a *stamp* of every array that an
adjoint will read, and the reverse walk compares.

A stamp is a copy of the bytes of a small array, and a hash (XXH3, 64 bits) of a large one, so that
no change escapes: not of a single entry, and not through a view or the array that a tensor was
made from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy import ndarray
from xxhash import xxh3_64_intdigest

from minivae.engine.messages import changed

if TYPE_CHECKING:
    from minivae.engine.tape import Node
    from minivae.engine.tensor import Tensor

SMALL = 1_024  # bytes


def stamp(a: Any) -> Any:
    """Return what changes when an array does; of a number, which cannot change, nothing."""
    if type(a) is not ndarray:
        return tuple(map(stamp, a)) if isinstance(a, tuple) else None
    if a.nbytes <= SMALL:
        return a.tobytes()
    if not a.flags.c_contiguous:
        a = a.T if a.flags.f_contiguous else a.copy()
    return xxh3_64_intdigest(a)


def check(node: Node, *, any_derivative: bool = True) -> None:
    """Refuse to go on if a value that a derivative of ``node`` reads is not what it was.

    A plain reverse walk reads less than others: not ``any_derivative``, but what adjoints need.
    """
    values, needs = node.values, node.plan.needs
    for k, before in zip(node.plan.reads, node.stamps):  # noqa: B905, for speed
        if (any_derivative or k in needs) and stamp(values[k]) != before:
            raise changed(node, k)


def check_tensors(node: Node, z: Tensor) -> None:
    """Refuse to go on if ``z`` or an operand holds another array than when ``node`` was made."""
    arrays = node.arrays()
    for k, x in enumerate(node.tensors()):
        if hasattr(x, "node") and x.data is not arrays[k]:
            raise changed(node, k)
    if z.data is not node.values[-1]:
        raise changed(node, len(node.values) - 1)
