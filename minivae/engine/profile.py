"""The tape, listed: every operation as it ran, with its time and the memory of its result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from minivae.engine.operators import values
from minivae.engine.tape import Event, watched


class Step(NamedTuple):
    """One operation, as it ran.

    ``seconds`` is its time, ``nbytes`` the memory that its result newly took (a view takes none),
    ``line`` the user's source line, where it is known.
    """

    op: str
    backward: bool
    shape: tuple[int, ...]
    dtype: str
    seconds: float
    nbytes: int
    line: str


@dataclass(repr=False)
class Profile:
    """What ran within :func:`profile`, in order.

    ``print(profile)`` shows a table of operations, the most expensive first; ``listing()`` the
    tape, a line for each step.
    """

    steps: list[Step] = field(default_factory=list)

    def __call__(self, event: Event, run: Callable[[], Any]) -> Any:
        """Run an operation and note it down."""
        start = perf_counter()
        z = run()
        seconds = perf_counter() - start
        a = np.asarray(values(z))
        backward = event.cotangent is not None
        old = [event.cotangent, *event.operands] if backward else event.operands
        shared = any(isinstance(x, np.ndarray) and np.may_share_memory(a, x) for x in old)
        nbytes = 0 if shared else a.nbytes
        name = event.op.__name__
        self.steps.append(Step(name, backward, a.shape, str(a.dtype), seconds, nbytes, event.line))
        return z

    def listing(self) -> str:
        """Return the tape: each operation, forward (->) or backward (<-), in the order it ran."""
        rows = [
            (
                "<-" if s.backward else "->",
                s.op,
                f"{s.dtype}{list(s.shape)}",
                f"{s.seconds * 1e6:.1f} us",
                _size(s.nbytes),
                Path(s.line).name,
            )
            for s in self.steps
        ]
        return _table([("", "operation", "result", "time", "memory", "line"), *rows])

    def __repr__(self) -> str:
        groups: dict[str, list[Step]] = defaultdict(list)
        for step in self.steps:
            groups[step.op].append(step)
        ordered = sorted(groups.items(), key=lambda item: -_seconds(item[1]))
        rows = [_summary(name, steps) for name, steps in ordered]
        head = ("operation", "calls", "forward", "backward", "memory")
        return _table([head, *rows, _summary("all", self.steps)])


@contextmanager
def profile() -> Iterator[Profile]:
    """List the operations that run within a block, forward and backward, with time and memory.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> x = mv.tensor(np.ones((3, 4)), requires_grad=True)
    >>> with mv.profile() as tape:
    ...     mv.sum(mv.tanh(x)).backward()
    >>> [(step.op, step.backward) for step in tape.steps]
    [('tanh', False), ('sum', False), ('sum', True), ('tanh', True)]
    """
    tape = Profile()
    with watched(tape):
        yield tape


def _seconds(steps: list[Step]) -> float:
    return sum(step.seconds for step in steps)


def _summary(name: str, steps: list[Step]) -> tuple[str, ...]:
    forward = [s for s in steps if not s.backward]
    backward = [s for s in steps if s.backward]
    times = (f"{_seconds(part) * 1e6:.1f} us" for part in (forward, backward))
    return (name, str(len(forward)), *times, _size(sum(s.nbytes for s in steps)))


def _size(nbytes: int) -> str:
    return f"{nbytes} B" if nbytes < 1024 else f"{nbytes / 1024:.1f} KiB"


def _table(rows: list[tuple[str, ...]]) -> str:
    """Align columns: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = [all(c[:1].isdigit() for c in column[1:]) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if number else cell.ljust(w)
            for cell, w, number in zip(row, widths, numbers, strict=True)
        ).rstrip()
        for row in rows
    )
