"""The tape: what one application of an operation leaves behind, and what else is done with it.

A :class:`Node` says which operation made a tensor and from what. It holds the operands and never
the tensor that it made: no cycle arises, so a graph is freed by reference counting as soon as its
last tensor goes out of sight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from minivae.engine.op import Op
    from minivae.engine.rules import Plan
    from minivae.engine.tensor import Tensor

births = count()


class Node:
    """One line of the tape: ``result = op(*args, **static)``.

    Attributes
    ----------
    op : Op
        The operation.
    args : tuple
        Its operands, tensors and constants. None once a reverse walk has freed the graph.
    static : dict
        The arguments that are not differentiated, such as ``axis``.
    values : sequence
        The operands, the static arguments and the result, as the operation saw and left them.
    plan : Plan
        Which operands want a cotangent, and how they get it.
    stamps : sequence
        What the values that the rules read looked like; see :mod:`minivae.engine.stamps`.
    saved : object
        What a fused operation found on its way and its backward pass uses; else None.
    born : int
        Grows from node to node: every operand is older than the result.
    line : str
        The user's source line, if somebody watches (:func:`watched`); else empty.
    """

    __slots__ = ("args", "born", "line", "op", "plan", "saved", "stamps", "static", "values")

    def __init__(
        self,
        op: Op,
        args: tuple[Any, ...],
        static: dict[str, Any],
        values: Sequence[Any],
        plan: Plan,
        stamps: Sequence[Any],
        saved: Any = None,
    ) -> None:
        self.op = op
        self.args = args
        self.static = static
        self.values = values
        self.plan = plan
        self.stamps = stamps
        self.saved = saved
        self.born = next(births)
        self.line = ""

    def tracked(self) -> list[Tensor]:
        """Return the operands that want a cotangent."""
        return [self.args[i] for i, _ in self.plan.adjoints]

    def arrays(self) -> list[Any]:
        """Return the operands as the primal saw them."""
        return list(self.values[0] if self.op.variadic else self.values[: len(self.args)])

    def tensors(self) -> list[Any]:
        """Return the operands, those that want a cotangent as tensors: what reads them records."""
        operands = self.arrays()
        for i, _ in self.plan.adjoints:
            operands[i] = self.args[i]
        return operands

    def recorded_values(self, result: Tensor) -> list[Any]:
        """Return ``values`` with tensors in the place of arrays that want a cotangent."""
        operands = [tuple(self.tensors())] if self.op.variadic else self.tensors()
        return [*operands, *self.static.values(), result]

    def free(self) -> None:
        """Let go of the operands: the graph ends here, and says so when it is walked again."""
        self.args, self.values, self.stamps = None, (), ()  # type: ignore[assignment]
        self.saved = None


class Event(NamedTuple):
    """What a watcher sees: an operation about to run, forward or, with a cotangent, backward.

    ``operands`` are the arrays that the operation works on, ``line`` is the user's source line, if
    it is known, and ``i`` the operand whose cotangent is wanted of the ``cotangent`` of the result.
    """

    op: Op
    operands: list[Any]
    line: str
    cotangent: Any = None
    i: int = -1


Watcher = Callable[[Event, Callable[[], Any]], Any]
"""Called as ``watcher(event, run)``; it must return what ``run()`` returns."""


class Mode(NamedTuple):
    """Whether operations are recorded, and who watches them.

    ``forward`` is set where tangents will be wanted, which may read other values than adjoints;
    ``line`` is the user's line while an adjoint of an operation there is computed.
    """

    record: bool = True
    watcher: Watcher | None = None
    forward: bool = False
    line: str = ""


mode: ContextVar[Mode] = ContextVar("mode", default=Mode())  # noqa: B039, a tuple


def recording() -> bool:
    """Tell whether operations are being recorded, which :func:`no_grad` switches off."""
    return mode.get().record


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
def recorded(on: bool = True, *, forward: bool = False) -> Iterator[None]:
    """Record, or do not, within a block, whatever is done around it; for a forward walk, too."""
    now = mode.get()
    before = mode.set(now._replace(record=on, forward=forward or now.forward))
    try:
        yield
    finally:
        mode.reset(before)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let ``watcher`` run every operation within a block; one set outside is still asked.

    Operations that an adjoint is made of are not shown, only the adjoint as a whole.
    """
    outer = mode.get().watcher

    def both(event: Event, run: Callable[[], Any]) -> Any:
        before = mode.set(mode.get()._replace(watcher=None, line=event.line))
        try:
            return watcher(event, run if outer is None else lambda: outer(event, run))
        finally:
            mode.reset(before)

    before = mode.set(mode.get()._replace(watcher=both))
    try:
        yield
    finally:
        mode.reset(before)
