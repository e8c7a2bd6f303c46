"""Errors that teach: what was asked, what came, and what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from minivae.engine.tape import Node

PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"


def explain(
    name: str,
    hint: Callable[..., str] | None,
    operands: Sequence[Any],
    static: dict[str, Any],
    error: Exception,
) -> Exception:
    """Turn NumPy's error into one that names the operation, the shapes and a mend.

    The result is an IndexError, TypeError or ValueError as ``error`` is, so that
    ``except ValueError`` keeps its meaning.
    """
    reason = ""
    if isinstance(error, ValueError):
        with suppress(Exception):  # a hint that stumbles must not hide the error itself
            if hint is not None:
                reason = hint(*operands, **static)
            elif "broadcast" in str(error):
                reason = _broadcast_hint(operands)
    shown = ", ".join(map(describe, operands))
    (kind, *_) = (k for k in (IndexError, TypeError, ValueError) if isinstance(error, k))
    return kind(f"{name}({shown}): {reason or error}")


def describe(a: Any) -> str:
    """Show an operand by what matters: shape and dtype of an array, else its value."""
    return f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a)


def _broadcast_hint(operands: Sequence[Any]) -> str:
    """Name the first axis, from the right, along which shapes do not broadcast."""
    shapes = [np.shape(a) for a in operands]
    for back in range(1, max(map(len, shapes), default=0) + 1):
        sizes = {s[-back] for s in shapes if len(s) >= back} - {1}
        if len(sizes) > 1:
            listed = " and ".join(map(str, sorted(sizes)))
            return (
                f"shapes {' and '.join(map(str, shapes))} do not broadcast: sizes {listed} meet in "
                f"axis {-back}; make them equal, or one of them 1"
            )
    return ""


def freed(name: str) -> RuntimeError:
    """Say that a graph was used up."""
    return RuntimeError(
        f"backward: the graph behind this {name} was freed by an earlier backward(); compute the "
        "result again, or pass retain_graph=True the first time"
    )


def changed(node: Node, k: int) -> RuntimeError:
    """Say that the k-th of a node's values was written to while the graph needed it."""
    a = node.values[k]
    where = f" (it was used at {node.line})" if node.line else ""
    what = "the result" if k == len(node.values) - 1 else f"operand {k}"
    return RuntimeError(
        f"{what} of {node.op.__name__}, {describe(a)}, was changed in place after it had been "
        f"used, and the derivative needs its old values{where}; call backward() before the change, "
        "or change a copy: x = x + ... in place of x.data += ..."
    )


def caller() -> str:
    """Return the user's line: the innermost one outside of this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
