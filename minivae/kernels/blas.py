"""The threads of NumPy's matrix products, which must not fight with ours for the same cores."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

_USERS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "OMP_NUM_THREADS")


def limit(threads: int) -> None:
    """Let BLAS use so many threads from now on, unless the user's environment says how many."""
    if not environment_says():
        limited(threads)


def limited(threads: int) -> AbstractContextManager[Any]:
    """Do so at once; a ``with`` block gives BLAS back what it had."""
    from threadpoolctl import threadpool_limits  # which looks through all libraries in memory

    return threadpool_limits(limits=threads, user_api="blas")


def environment_says() -> bool:
    """Tell whether a variable of the environment says how many threads BLAS has."""
    return any(name in os.environ for name in _USERS)
