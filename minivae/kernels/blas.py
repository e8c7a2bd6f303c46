"""The threads of NumPy's matrix products, which must not fight with ours for the same cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_USERS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "OMP_NUM_THREADS")


def limit(threads: int) -> None:
    """Let BLAS use so many threads from now on, unless the user's environment says how many."""
    if not _environment_says():
        _limited(threads)


def _limited(threads: int) -> Any:
    from threadpoolctl import threadpool_limits  # which looks through all libraries in memory

    return threadpool_limits(limits=threads, user_api="blas")


def _environment_says() -> bool:
    return any(name in os.environ for name in _USERS)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run NumPy's matrix products on one thread, unless the user's environment says how many.

    The products of a minibatch take a fraction of a millisecond. A second thread makes a step
    20 % faster on an idle machine, and 10 to 40 times slower as soon as another program wants the
    second core, because OpenBLAS's threads then wait for each other in every product.
    """
    if _environment_says():
        yield
    else:
        with _limited(1):
            yield
