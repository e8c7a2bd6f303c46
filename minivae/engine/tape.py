"""The tape: what one application of an operation leaves behind, and the switch that stops it.

A :class:`Node` says which operation made a tensor and from what. It holds the operands and never
the result: no cycle arises, so a graph is freed by reference counting as soon as its last tensor
goes out of sight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minivae.engine.op import Op

_recording: ContextVar[bool] = ContextVar("recording", default=True)


class Node:
    """One line of the tape: ``result = op(*args, **static)``.

    Attributes
    ----------
    op : Op
        The operation.
    args : tuple or None
        Its operands, tensors and constants. None once a reverse walk has freed the graph.
    static : dict
        The arguments that are not differentiated, such as ``axis``.
    """

    __slots__ = ("args", "op", "static")

    def __init__(self, op: Op, args: tuple[Any, ...], static: dict[str, Any]) -> None:
        self.op = op
        self.args: tuple[Any, ...] | None = args
        self.static = static


def recording() -> bool:
    """Tell whether operations are being recorded, which :func:`no_grad` switches off."""
    return _recording.get()


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results carry no graph and need no memory for one.

    The switch belongs to the current thread (or asynchronous task) alone.

    Examples
    --------
    >>> import minivae as mv
    >>> x = mv.tensor([1.0, 2.0], requires_grad=True)
    >>> with mv.no_grad():
    ...     y = x * 2.0
    >>> y.requires_grad
    False
    """
    with recorded(False):
        yield


@contextmanager
def recorded(on: bool = True) -> Iterator[None]:
    """Record, or do not, within a block, whatever is done around it."""
    before = _recording.set(on)
    try:
        yield
    finally:
        _recording.reset(before)
