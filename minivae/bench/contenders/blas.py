"""NumPy's matrix product: that of the BLAS it was built with."""

from __future__ import annotations

from collections.abc import Callable

from minivae.bench import workloads
from minivae.bench.workloads import Workload


def prepare(workload: Workload) -> Callable[[int], float]:
    """Return the function that runs a workload so many times."""
    a, b = workloads.matrices(workload.size)

    def run(count: int) -> float:
        for _ in range(count):
            c = a @ b
        return float(c[0, 0])

    return run
