"""The choice between a reference kernel and its compiled twin.

Numba is imported when the first kernel that has a twin runs, never by importing minivae. Where it
is missing or broken, one warning says so and the references run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minivae.kernels import blas
from minivae.kernels.crew import crew
from minivae.kernels.memory import keep_freed_memory

_BACKENDS = ("numba", "numpy")
_PRODUCTS = ("auto", "tiles", "blas")
_chosen: str | None = None  # None: not decided yet
_products = "auto"
_twins: Any = None  # the package of compiled kernels, once it is imported


def use(name: str, *, products: str = "auto") -> None:
    """Choose which kernels run from now on: ``"numba"`` (compiled) or ``"numpy"`` (reference).

    Without a choice, compiled kernels run where Numba works. Results agree within rounding.

    Parameters
    ----------
    name : {"numba", "numpy"}
        The kernels. If Numba does not work here, ``"numba"`` warns and NumPy's run.
    products : {"auto", "tiles", "blas"}
        Who makes matrix products among compiled kernels: our tiles or NumPy's BLAS, by default
        whichever is faster for their sizes (:mod:`minivae.kernels.choice`).

    Raises
    ------
    ValueError
        If a name is none of these.
    """
    global _chosen, _products
    if name not in _BACKENDS:
        raise ValueError(f"use: there are no {name!r} kernels; choose one of {_BACKENDS}")
    if products not in _PRODUCTS:
        raise ValueError(f"use: products={products!r} is unknown; choose one of {_PRODUCTS}")
    _products = products
    _chosen = name if name == "numpy" or _numba_works() else "numpy"
    share_out_threads()
    if _chosen == "numba":
        keep_freed_memory()


def backend() -> str:
    """Return which kernels run, ``"numba"`` or ``"numpy"``; decides if nobody has chosen yet."""
    if _chosen is None:
        use("numba")
    assert _chosen is not None
    return _chosen


def products_by() -> str:
    """Return who makes matrix products by the user's choice: ``"auto"``, or who was named."""
    return _products


def share_out_threads() -> None:
    """Give BLAS all threads where NumPy's kernels run; else one, for our own are the pool."""
    blas.limit(crew.threads if _chosen == "numpy" else 1)


def _numba_works() -> bool:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return False  # loops in Python would be a thousand times slower
    global _twins
    try:
        from minivae.kernels import compiled as _twins
    except Exception as error:  # Numba fails in many ways: missing, too old for NumPy, broken LLVM
        _give_up_numba(error)
        return False
    return True


def _give_up_numba(error: Exception) -> None:
    global _chosen
    _chosen = "numpy"
    share_out_threads()
    warnings.warn(
        f"minivae: Numba does not work here ({type(error).__name__}: {error}); NumPy's kernels "
        "run instead, with the same results, more slowly. minivae.use('numpy') silences this",
        stacklevel=4,
    )


def with_twin(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Let the compiled function of the same name take over what it is compiled for.

    That is: at least one array, all of one floating-point type, float32 or float64, none of them
    empty; of any shapes and strides that ``kernel`` takes.
    """

    @wraps(kernel)
    def run(*args: Any) -> Any:
        return compiled_or(kernel, kernel.__name__, *args) if compiles(*args) else kernel(*args)

    return run


def compiled_or(reference: Callable[..., Any], twin: str, *args: Any) -> Any:
    """Return what the compiled function ``twin`` makes of ``args``; if Numba fails, the reference.

    It fails before the loop begins: of a damaged cache, a full disk. Then Numba is given up.
    """
    try:
        return getattr(_twins, twin)(*args)
    except Exception as error:
        result = reference(*args)  # if the arguments are at fault this fails as well
        _give_up_numba(error)
        return result


def compiles(*args: Any) -> bool:
    """Tell whether compiled kernels take these arguments; see :func:`with_twin`."""
    dtype = None
    for a in args:
        if isinstance(a, np.ndarray):
            if dtype is None:
                dtype = a.dtype
            if a.dtype is not dtype or a.size == 0 or not a.ndim:
                return False
    return (dtype is _SINGLE or dtype is _DOUBLE) and backend() == "numba"


_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
