"""How many threads the matrix products of a training step use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_USERS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "OMP_NUM_THREADS")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run NumPy's matrix products on one thread, unless the user's environment says how many.

    The products of a minibatch take a fraction of a millisecond. A second thread makes a step
    20 % faster on an idle machine, and 10 to 40 times slower as soon as another program wants the
    second core, because OpenBLAS's threads then wait for each other in every product.
    """
    if any(name in os.environ for name in _USERS):
        yield
    else:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
