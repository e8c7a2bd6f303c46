"""A contender in a process of its own: ``python -m minivae.bench.child MODULE GROUP [quick]``.

It waits, blocked, for lines ``NUMBER COUNT``: run the workload of that number in the group COUNT
times. Every answer is a line of JSON. The process ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, TextIO

from minivae.bench.workloads import Workload, group


def serve(module: str, name: str, quick: bool, commands: TextIO, answers: TextIO) -> None:
    """Answer commands until there are no more."""
    workloads = group(name, quick=quick)
    runs: dict[int, Callable[[int], float]] = {}
    for line in commands:
        number, count = map(int, line.split())
        try:
            if number not in runs:
                runs[number] = _prepare(module, workloads[number])
            answer = _time(runs[number], count)
        except NotImplementedError as error:
            answer = {"refused": str(error)}
        except Exception as error:  # anything may go wrong in a library; the table says what did
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _prepare(module: str, workload: Workload) -> Callable[[int], float]:
    file, _, function = module.partition(":")
    contender = import_module(f"minivae.bench.contenders.{file}")
    return getattr(contender, function or "prepare")(workload)


def _time(run: Callable[[int], float], count: int) -> dict[str, Any]:
    """Time a block, after one untimed repetition: threads wake up, caches fill."""
    run(1)
    start = time.perf_counter()
    loss = run(count)
    return {"seconds": time.perf_counter() - start, "loss": loss, "memory": peak_memory()}


def peak_memory() -> int | None:
    """Return the most memory that this process has held, in bytes, where the system tells.

    On Linux from /proc: there ``ru_maxrss`` begins with what the parent of the process held.
    """
    try:
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return 1024 * int(lines["VmHWM"].split()[0])
    except (OSError, KeyError):
        pass
    try:
        import resource
    except ImportError:  # not on this system
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def main() -> None:
    """Serve standard input; keep standard output for answers, whatever libraries print."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, name, *quick = sys.argv[1:]
    serve(module, name, bool(quick), sys.stdin, answers)


if __name__ == "__main__":
    main()
