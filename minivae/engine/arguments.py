"""How a call is read: which arguments are operands, and which are static, such as ``axis``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from minivae.engine.op import Op


def sort_out(
    op: Op, args: tuple[Any, ...], static: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Tell operands from static arguments, as in sum(x, 0) or matmul(x=a, y=b).

    Raises
    ------
    TypeError
        If one is missing, unknown, given twice, or a tensor where none can be.
    """
    if len(args) == op.arity and static.keys() <= op.defaults.keys():  # as most calls are
        return args, op.defaults | {name: _owned(op, name, v) for name, v in static.items()}
    names = [*([] if op.variadic else op.operands), *op.defaults]
    operands, args = (args, ()) if op.variadic else ((), args)
    if len(args) > len(names):
        most = f"{len(names)} argument{'s' if len(names) > 1 else ''}"
        raise TypeError(f"{op.__name__} takes at most {most}, not {len(args)}")
    given = dict(zip(names, args, strict=False))
    if twice := sorted(given.keys() & static.keys()):
        raise TypeError(f"{op.__name__}: {twice[0]} is given twice")
    given |= static
    if not op.variadic:
        if missing := [name for name in op.operands if name not in given]:
            raise TypeError(f"{op.__name__}: the operand {missing[0]} is missing")
        operands = tuple(given.pop(name) for name in op.operands)
    if unknown := sorted(given.keys() - op.defaults.keys()):
        raise TypeError(f"{op.__name__} has no argument {unknown[0]}; it has {', '.join(names)}")
    return operands, op.defaults | {name: _owned(op, name, v) for name, v in given.items()}


def _owned(op: Op, name: str, value: Any) -> Any:
    """Take a static argument: no tensor, and no array that somebody may still write to."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if hasattr(value, "node"):
        raise TypeError(f"{op.__name__}: {name} has no gradient; pass its .data")
    if kind is tuple or kind is list:
        return kind([v if type(v) in _PLAIN else _owned(op, name, v) for v in value])
    return value.copy() if isinstance(value, np.ndarray) else value


_PLAIN = {bool, int, float, str, slice, type(None), type(...)}
