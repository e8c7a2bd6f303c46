"""Who makes minivae's matrix products: tiles, BLAS, or whoever minivae chooses.

Three contenders, each in a process of its own, call the same function; only the choice differs.
"""

from __future__ import annotations

from collections.abc import Callable

from minivae import kernels
from minivae.bench.sweep import factors
from minivae.bench.workloads import Workload


def tiles(workload: Workload) -> Callable[[int], float]:
    """Return the function that makes a product so many times, by tiles."""
    kernels.use("numba", products="tiles")
    if kernels.backend() != "numba":
        raise NotImplementedError("Numba does not work here")
    return _repeated(workload)


def blas(workload: Workload) -> Callable[[int], float]:
    """Return the function that makes a product so many times, by BLAS, on all its threads."""
    kernels.use("numba", products="blas")
    return _repeated(workload)


def auto(workload: Workload) -> Callable[[int], float]:
    """Return the function that makes a product so many times, by minivae's choice.

    What BLAS makes of these it makes as in training, where other kernels have started helpers: on
    as many threads as :mod:`minivae.kernels.blas` leaves it then.
    """
    kernels.use("numba", products="tiles")
    _repeated(workload)(1)
    kernels.use("numba", products="auto")
    return _repeated(workload)


def _repeated(workload: Workload) -> Callable[[int], float]:
    assert workload.product is not None
    a, b = factors(workload.product)

    def run(count: int) -> float:
        for _ in range(count):
            c = kernels.matmul(a, b)
        return float(c[0, 0])

    return run
