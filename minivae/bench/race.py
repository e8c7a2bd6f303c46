"""Who runs when: every contender in a process of its own, their blocks interleaved.

While one is timed the others wait, blocked; between two turns there is a pause in which the
threads of the first go to sleep. All have the same cores and the same number of threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from minivae.bench.contenders import Contender
from minivae.bench.workloads import Workload, group

_PAUSE = 0.05  # seconds
_THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMBA", "MINIVAE")
_VARIABLES = [f"{name}_THREADS" if "_" in name else f"{name}_NUM_THREADS" for name in _THREADS]


@dataclass
class Entry:
    """What became of a contender in a workload.

    Attributes
    ----------
    contender, workload
        Who, and what.
    repetitions : int
        How many were timed together.
    seconds : list of float
        Of one repetition, from each block.
    loss : float
        The last one: training lowers it.
    memory : int or None
        The most memory that the process has held, in bytes, over all workloads of the group.
    refused, error : str
        Why there are no times: it cannot do that, or it failed.
    """

    contender: Contender
    workload: Workload
    repetitions: int = 0
    seconds: list[float] = field(default_factory=list)
    loss: float = float("nan")
    memory: int | None = None
    refused: str = ""
    error: str = ""


def _environment(contender: Contender, threads: int) -> dict[str, str]:
    """Say how many threads there are: to minivae in its own way, as it divides them itself."""
    if contender.module in ("ours", "products:auto"):
        others = {k: v for k, v in os.environ.items() if k not in _VARIABLES}
        return others | {"MINIVAE_NUM_THREADS": str(threads)}
    return os.environ | dict.fromkeys(_VARIABLES, str(threads)) | {"JAX_PLATFORMS": "cpu"}


class Child:
    """The process of a contender.

    Parameters
    ----------
    contender : Contender
        Whose.
    arguments : sequence of str
        What :mod:`minivae.bench.child` is told behind the contender's name.
    threads : int
        How many threads its libraries may use.
    """

    def __init__(self, contender: Contender, arguments: Sequence[str], threads: int) -> None:
        self.complaints = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "minivae.bench.child", contender.module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
            env=_environment(contender, threads),
        )

    def run(self, number: int, count: int) -> dict[str, Any]:
        """Let it do a workload of its group ``count`` times; return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{number} {count}\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            return {"error": f"its process ended ({self.process.wait()}): {self._last_words()}"}

    def _last_words(self) -> str:
        self.complaints.seek(0)
        lines = self.complaints.read().split("\n")
        return next((line for line in reversed(lines) if line.strip()), "without a word")

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.complaints.close()


def race(
    name: str,
    contenders: Sequence[Contender],
    *,
    threads: int,
    quick: bool,
    say: Callable[[str], None],
) -> list[Entry]:
    """Time the workloads of a group; ``say`` is told what happens."""
    workloads = group(name, quick=quick)
    arguments = [name, "quick"] if quick else [name]
    with ExitStack() as stack:
        children = {}
        with _cores(threads):
            for contender in contenders:
                children[contender.name] = Child(contender, arguments, threads)
                stack.callback(children[contender.name].close)
        entries = []
        for number, workload in enumerate(workloads):
            for contender in contenders:
                if contender.takes(workload):
                    say(f"{name}: {contender.name} prepares")
                    entry = Entry(contender, workload)
                    _warm_up(entry, children[contender.name], number)
                    entries.append(entry)
        running = None
        for round_ in range(max(workload.rounds for workload in workloads)):
            say(f"{name}: round {round_ + 1}")
            for entry in _order(entries):
                if round_ < entry.workload.rounds and not (entry.error or entry.refused):
                    child = children[entry.contender.name]
                    if child is not running:
                        time.sleep(0 if quick else _PAUSE)
                    running = child
                    _turn(entry, child, workloads.index(entry.workload))
        return entries


def _order(entries: list[Entry]) -> list[Entry]:
    """Alternate after each block; or, if pauses would be longer than blocks, after all of them."""
    if any(entry.workload.seconds >= _PAUSE for entry in entries):
        return entries
    return sorted(entries, key=lambda entry: entry.contender.name)


def _warm_up(entry: Entry, child: Child, number: int) -> None:
    """Let everything be compiled, and find how many repetitions fill a block."""
    enough, count = entry.workload.seconds / 10, 1
    while True:
        answer = child.run(number, count)
        if "seconds" not in answer:
            entry.error, entry.refused = answer.get("error", ""), answer.get("refused", "")
            return
        if entry.workload.block or (count > 1 and answer["seconds"] > enough):
            break
        count *= 4
    fitting = round(entry.workload.seconds * count / answer["seconds"])
    entry.repetitions = entry.workload.block or max(1, min(fitting, 10_000))


def _turn(entry: Entry, child: Child, number: int) -> None:
    """Time one block."""
    answer = child.run(number, entry.repetitions)
    if "seconds" in answer:
        entry.seconds.append(answer["seconds"] / entry.repetitions)
        entry.loss, entry.memory = answer["loss"], answer["memory"]
    else:
        entry.error, entry.seconds = answer["error"], []


@contextmanager
def _cores(number: int) -> Iterator[None]:
    """Let processes that are started here have so many of the cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:number])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
