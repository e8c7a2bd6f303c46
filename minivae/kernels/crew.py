"""The threads that share the work of a compiled kernel: the one pool there is.

A kernel runs in the thread that calls it; helpers join in (:mod:`minivae.kernels.compiled.team`).
While kernels follow each other closely helpers wait awake, so that a kernel costs a few
microseconds more than its work; to wake a thread takes longer than many kernels do. After about a
millisecond without a kernel, during most of which they let others have their core, they sleep until
the next, so that an idle program takes no processor time.

Where other programs want the cores, a helper may lose its own in the middle of a chunk, and the
caller must wait for milliseconds. Then it does without helpers for a while, longer each time.
"""

from __future__ import annotations

import atexit
import os
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import numpy as np

_VARIABLES = ("MINIVAE_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
SHORT = 1_000_000  # multiplications that one thread has made before another could help
_DONE = object()  # in the place of a kernel: there is nothing left to help with
_BOX = 32  # numbers in the memory that a team shares
_WAITED = 24  # where a team says how long its caller waited for helpers, in pauses
_CROWDED = 20_000  # pauses, about 8 ms: a helper's core is busy with something else
_REST, _LONGEST_REST = 0.1, 1.0  # seconds without helpers then


class Crew:
    """Threads that help with kernels, started when the first kernel runs."""

    def __init__(self) -> None:
        self.threads = _default_threads()
        self._forget()

    def _forget(self) -> None:
        """Begin without helpers: at first, and in a forked process, which has none."""
        self.busy = threading.Lock()
        self.box = np.zeros(_BOX, np.int64)
        self.task: tuple[Any, ...] = (0, None, ())
        self.asleep: list[threading.Lock] = []
        self.helpers: list[threading.Thread] = []
        self.rest, self.rests_until = _REST, 0.0

    def run(self, kernel: Callable[..., Any], *args: Any) -> None:
        """Run a kernel with all helpers; without, if they are at work for another thread."""
        if self.threads == 1 or self._rests() or not self.busy.acquire(blocking=False):
            alone(kernel, *args)
            return
        try:
            number = self.task[0] + 1
            self.task = number, kernel, args
            if len(self.helpers) < self.threads - 1:
                self._hire()
            self._wake()
            kernel((self.box, number, 0), *args)
            if self.box[_WAITED] > _CROWDED:
                self.rests_until = monotonic() + self.rest
                self.rest = min(2 * self.rest, _LONGEST_REST)
            else:
                self.rest = max(0.999 * self.rest, _REST)
        finally:
            self.task = self.task[0], _DONE, ()  # lets go of the arrays
            self.busy.release()

    def _rests(self) -> bool:
        """Tell whether helpers were too slow a moment ago."""
        if self.rests_until and monotonic() >= self.rests_until:
            self.rests_until = 0.0
        return self.rests_until > 0

    def resize(self, threads: int) -> None:
        """Let ``threads`` threads work from now on."""
        with self.busy:
            self._dismiss()
            self.threads = threads

    def close(self) -> None:
        """Send the helpers home for good: a thread that goes on works alone."""
        self.resize(1)

    def _hire(self) -> None:
        from minivae.kernels.compiled.team import is_open

        is_open(self.box, 0)  # compiled here, before helpers call it
        while len(self.helpers) < self.threads - 1:
            helper = threading.Thread(
                target=self._help, args=(len(self.helpers) + 1,), name="minivae-helper", daemon=True
            )
            try:
                helper.start()
            except RuntimeError:  # the system allows no more
                self.threads = len(self.helpers) + 1
                return
            self.helpers.append(helper)

    def _help(self, rank: int) -> None:
        """Join in one task after the other.

        Only when it is open, for then it is compiled: a helper must not compile, as the caller may
        go on meanwhile and import modules that the compiler waits for.
        """
        from minivae.kernels.compiled.team import is_open

        known = 0
        bell = threading.Lock()
        bell.acquire()
        while True:
            number, kernel, args = self.task
            if number != known:
                known = number
                if kernel is None:
                    return
                if kernel is not _DONE and is_open(self.box, number):
                    with suppress(Exception):  # the caller meets it as well, and says so
                        kernel((self.box, number, rank), *args)
            else:
                kernel = args = None  # lets go of the arrays
                self.asleep.append(bell)
                if self.task[0] == known:  # still: whoever sets a new one rings afterwards
                    bell.acquire()

    def _wake(self) -> None:
        while self.asleep:
            bell = self.asleep.pop()
            if bell.locked():
                bell.release()

    def _dismiss(self) -> None:
        """Send the helpers home; nobody else may set a task meanwhile."""
        self.task = self.task[0] + 1, None, ()
        self._wake()
        for helper in self.helpers:
            helper.join()
        self.helpers, self.asleep = [], []


def _default_threads() -> int:
    """Return the number that the environment names, or that of the cores this process may use."""
    for name in _VARIABLES:
        value = os.environ.get(name, "")
        number = value.partition(",")[0].strip()
        if number.isdecimal() and int(number) > 0:
            return int(number)
        if value and name == _VARIABLES[0]:
            warnings.warn(
                f"minivae: {name}={value!r} is no whole number from 1 on and is ignored",
                stacklevel=2,
            )
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def alone(kernel: Callable[..., Any], *args: Any) -> None:
    """Run a kernel in this thread, which is the better way for a short one."""
    kernel((np.zeros(_BOX, np.int64), 1, 0), *args)


crew = Crew()
atexit.register(crew.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=crew._forget)
