"""The choice between a reference kernel and its compiled twin.

Numba is imported when the first kernel that has a twin runs, never by importing minivae. Where it
is missing or broken, one warning says so and the references run.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minivae.kernels import reference

_BACKENDS = ("numba", "numpy")
_chosen: str | None = None  # None: not decided yet


def use(name: str) -> None:
    """Choose which kernels run from now on: ``"numba"`` (compiled) or ``"numpy"`` (reference).

    Without a choice, compiled kernels run where Numba works. Results agree within rounding.

    Parameters
    ----------
    name : {"numba", "numpy"}
        The kernels. If Numba does not work here, ``"numba"`` warns and NumPy's run.

    Raises
    ------
    ValueError
        If ``name`` is neither.
    """
    global _chosen
    if name not in _BACKENDS:
        raise ValueError(f"use: there are no {name!r} kernels; choose one of {_BACKENDS}")
    _chosen = name if name == "numpy" or _numba_works() else "numpy"


def backend() -> str:
    """Return which kernels run, ``"numba"`` or ``"numpy"``; decides if nobody has chosen yet."""
    if _chosen is None:
        use("numba")
    assert _chosen is not None
    return _chosen


def _numba_works() -> bool:
    try:
        from minivae.kernels import compiled  # noqa: F401
    except Exception as error:  # Numba fails in many ways: missing, too old for NumPy, broken LLVM
        _give_up_numba(error)
        return False
    return True


def _give_up_numba(error: Exception) -> None:
    global _chosen
    _chosen = "numpy"
    warnings.warn(
        f"minivae: Numba does not work here ({type(error).__name__}: {error}); NumPy's kernels "
        "run instead, with the same results, more slowly. minivae.use('numpy') silences this",
        stacklevel=4,
    )


def _with_twin(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Let the compiled function of the same name take over what it is compiled for."""

    @wraps(kernel)
    def run(*args: Any) -> Any:
        if backend() == "numba" and _uniform(args):
            from minivae.kernels import compiled

            try:
                return getattr(compiled, kernel.__name__)(*args)
            except Exception as error:  # before the loop begins: a damaged cache, a full disk
                result = kernel(*args)  # if the arguments are at fault this fails as well
                _give_up_numba(error)
                return result
        return kernel(*args)

    return run


def _uniform(args: tuple[Any, ...]) -> bool:
    """Tell whether all arrays are of one shape and floating-point type, contiguous and writable."""
    first, *others = [a for a in args if isinstance(a, np.ndarray)]
    return first.dtype in (np.float32, np.float64) and all(
        a.flags.c_contiguous
        and a.flags.writeable
        and a.dtype == first.dtype
        and a.shape == first.shape
        for a in (first, *others)
    )


adam_step = _with_twin(reference.adam_step)
