"""Errors that teach: what was asked, what came, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np


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
            reason = hint(*operands, **static) if hint is not None else _broadcast_hint(operands)
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
