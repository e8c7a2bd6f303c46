"""The contenders: each file writes the same models as a good user of one library would.

Every file has a function ``prepare(workload)``, which returns ``run(count)``: that does what the
workload says so many times, and returns the last loss. ``loss(workload, weights, x, eps)`` returns
the loss that the steps differentiate, so that a test can see that all compute the same thing.
The makers of matrix products share a file, with a function ``prepare`` of its own name for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from minivae.bench.workloads import Workload

_MODELS = ("step", "bound", "likelihood", "epoch")


@dataclass(frozen=True)
class Contender:
    """A library that may do a workload.

    Attributes
    ----------
    name : str
        What the table calls it.
    module : str
        The file here that drives it; behind a colon its function, if it is not ``prepare``.
    packages : tuple of str
        What must be installed, by the names for ``import``.
    tasks : tuple of str
        What it is asked for.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    tasks: tuple[str, ...] = ("product", *_MODELS)

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [package for package in self.packages if find_spec(package) is None]

    def takes(self, workload: Workload) -> bool:
        """Tell whether it is asked for this workload."""
        return workload.task in self.tasks


CONTENDERS = (
    Contender("minivae", "ours", ("minivae",)),
    Contender("PyTorch", "pytorch", ("torch",)),
    Contender("JAX", "jax_xla", ("jax", "optax")),
    Contender("autograd", "hips", ("autograd",), _MODELS),
    Contender("NumPy", "blas", ("numpy",), ("product",)),
    Contender("tiles", "products:tiles", ("numba",), ("choice",)),
    Contender("BLAS", "products:blas", ("numpy",), ("choice",)),
    Contender("auto", "products:auto", ("minivae",), ("choice",)),
)
