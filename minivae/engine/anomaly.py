"""Anomaly mode: from where the first NaN or infinity came.

A NaN in the loss is the last of a long chain: everything computed from a NaN is NaN. In anomaly
mode each operation looks at its result, and the first that is not finite stops the program, with
the operation, its operands and the user's line; and so for gradients.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minivae.engine.messages import describe
from minivae.engine.operators import values
from minivae.engine.tape import Event, watched


class AnomalyError(FloatingPointError):
    """A value or a gradient stopped being finite; the message says where, and from what."""


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Stop at the first operation, forward or backward, whose result is NaN or infinite.

    It belongs to the current thread (or asynchronous task) alone. Run the forward pass inside, too:
    only then the gradient's message knows the line. Every result is looked at, which costs time;
    switch it on to search, not always.

    Raises
    ------
    AnomalyError
        Naming the operation, the shapes and ranges of its operands, and the user's source line.

    Examples
    --------
    >>> import minivae as mv
    >>> x = mv.tensor([1.0, 0.0], requires_grad=True)
    >>> with mv.detect_anomaly():  # doctest: +ELLIPSIS
    ...     y = mv.sum(mv.power(x, -0.5))
    Traceback (most recent call last):
    minivae.engine.anomaly.AnomalyError: power made the first value that is not finite...
    """
    with watched(_look), np.errstate(all="ignore"):  # the error says more than NumPy's warning
        yield


def _look(event: Event, run: Callable[[], Any]) -> Any:
    z = run()
    array = np.asarray(values(z))
    if not np.isfinite(array).all():
        raise AnomalyError(_report(event, array))
    return z


def _report(event: Event, array: np.ndarray) -> str:
    name = event.op.__name__
    given = not all(np.isfinite(values(a)).all() for a in event.operands)
    lines = [
        f"{name} {'was given' if given else 'made'} the first value that is not finite: its result "
        f"is {_range(array)}"
    ]
    if event.cotangent is not None:
        lines = [
            f"the adjoint of {name} made the first gradient that is not finite, for operand "
            f"{event.i}: {_range(array)}",
            f"  its cotangent: {_range(event.cotangent)}",
        ]
    lines += [f"  operand {i}: {_range(a)}" for i, a in enumerate(event.operands)]
    if event.line:
        path, _, number = event.line.rpartition(":")
        lines.append(f"  at {event.line}: {linecache.getline(path, int(number)).strip()}")
    else:
        lines.append("  run the forward pass inside detect_anomaly() too, to learn its line")
    return "\n".join(lines)


def _range(a: Any) -> str:
    """Show an operand's shape, its range, and how many of its entries are not finite."""
    a = np.asarray(a) if isinstance(a, np.floating) else values(a)
    if not isinstance(a, np.ndarray) or a.dtype.kind != "f":
        return describe(a)
    if a.ndim == 0:
        return f"{a.dtype} {a}"
    finite = a[np.isfinite(a)]
    span = f"from {finite.min():.6g} to {finite.max():.6g}" if finite.size else "no entry finite"
    counts = {"NaN": np.isnan(a).sum(), "inf": (a == np.inf).sum(), "-inf": (a == -np.inf).sum()}
    rest = "".join(f", {n} of {a.size} {what}" for what, n in counts.items() if n)
    return f"{describe(a)}, {span}{rest}"
