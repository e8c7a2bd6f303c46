"""The figures of a benchmark, and what is read off them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.bench import machine
from minivae.bench.contenders import CONTENDERS
from minivae.bench.race import Entry, race
from minivae.bench.verdict import Verdict
from minivae.bench.workloads import WORKLOADS, group, has_mnist


@dataclass(frozen=True)
class Report:
    """Everything that was measured.

    Attributes
    ----------
    threads : int
        Threads, and cores, of each contender.
    quick : bool
        Whether there were only a few repetitions, whose times mean little.
    load : float or None
        Programs that wanted a core in the minute before, where the system tells.
    missing : dict
        Contenders that are not installed, with the packages that they need.
    limit, entries : list of Entry
        The matrix products, and the workloads.
    """

    threads: int
    quick: bool
    load: float | None
    missing: dict[str, list[str]]
    limit: list[Entry]
    entries: list[Entry]

    @property
    def fastest(self) -> Entry:
        """The matrix product with the fastest block."""
        return max((entry for entry in self.limit if entry.seconds), key=_best_rate)

    @property
    def limit_rate(self) -> float:
        """Floating-point operations per second of that block: the limit of this machine."""
        return _best_rate(self.fastest)

    @property
    def verdict(self) -> Verdict | None:
        """How good minivae's choice of who makes products is, if that was measured."""
        return Verdict.of(self.entries)

    @property
    def timed(self) -> list[Entry]:
        """The entries that have times."""
        return [entry for entry in self.entries if entry.seconds]

    def as_json(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        return {
            "machine": {
                "processor": machine.processor(),
                "system": platform.platform(),
                "cores": machine.cores(),
                "threads": self.threads,
                "load_before": self.load,
            },
            "versions": machine.versions(),
            "quick": self.quick,
            "mnist": has_mnist(),
            "missing": self.missing,
            "limit": {
                "flops_per_second": self.limit_rate,
                "contender": self.fastest.contender.name,
                "workload": self.fastest.workload.name,
            },
            "entries": [self._row(entry) for entry in (*self.limit, *self.entries)],
            "products": None if self.verdict is None else self.verdict.as_json(),
        }

    def _row(self, entry: Entry) -> dict[str, Any]:
        row: dict[str, Any] = {
            "workload": entry.workload.name,
            "title": entry.workload.title,
            "contender": entry.contender.name,
        }
        if entry.error or entry.refused:
            return row | {"error": entry.error or None, "refused": entry.refused or None}
        lower, median, upper = quartiles(entry)
        return row | {
            "unit": entry.workload.unit,
            "repetitions": entry.workload.times,
            "seconds": {"median": median, "lower_quartile": lower, "upper_quartile": upper},
            "blocks": [entry.workload.times * seconds for seconds in entry.seconds],
            "repetitions_timed_together": entry.repetitions,
            "flops": entry.workload.flops * entry.workload.times,
            "fraction_of_limit": flops_per_second(entry) / self.limit_rate,
            "peak_memory_bytes": entry.memory,
            "last_loss": entry.loss,
        }


def quartiles(entry: Entry) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile of the seconds for one unit."""
    lower, median, upper = np.quantile(entry.seconds, [0.25, 0.5, 0.75]) * entry.workload.times
    return float(lower), float(median), float(upper)


def flops_per_second(entry: Entry) -> float:
    """Return the rate of its matrix products and convolutions, by the median."""
    return entry.workload.flops / float(np.median(entry.seconds))


def _best_rate(entry: Entry) -> float:
    return entry.workload.flops / min(entry.seconds)


def bench(
    names: Sequence[str] = (),
    *,
    threads: int | None = None,
    quick: bool = False,
    say: Callable[[str], None] = lambda message: None,
) -> Report:
    """Time minivae, and whatever of PyTorch, JAX and HIPS autograd is installed, side by side.

    Every contender runs in a process of its own, with the same cores and the same number of
    threads; blocks of repetitions alternate among them. All begin with the same weights and data
    and do the same work, drawing the noise included.

    Parameters
    ----------
    names : sequence of str
        Groups of :data:`WORKLOADS`, all of these by default, or "products": a sweep of sizes, made
        by tiles, by BLAS and by whom minivae chooses.
    threads : int, optional
        Of each contender; by default 2, or 1 where there is one core.
    quick : bool
        Repeat a few times only, to see that everything works.
    say : callable
        Is told what happens.

    Raises
    ------
    ValueError
        If there is no such group, or not as many cores as threads.
    """
    names = list(dict.fromkeys(names)) or list(WORKLOADS)
    for name in names:
        group(name)
    available = machine.cores()
    threads = min(2, available) if threads is None else threads
    if not 1 <= threads <= available:
        raise ValueError(f"threads must be from 1 to {available}, the cores here; not {threads}")
    missing: dict[str, list[str]] = {}

    def timed(name: str) -> list[Entry]:
        asked = [c for c in CONTENDERS if any(c.takes(workload) for workload in group(name))]
        missing.update({c.name: c.missing for c in asked if c.missing})
        present = [c for c in asked if not c.missing]
        return race(name, present, threads=threads, quick=quick, say=say)

    load, limit = machine.load(), timed("limit")
    entries = [entry for name in names for entry in timed(name)]
    return Report(threads, quick, load, missing, limit, entries)
