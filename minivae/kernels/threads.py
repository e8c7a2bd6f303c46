"""How many threads there are: one pool at a time, of the size that the user wants."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from minivae.kernels import blas
from minivae.kernels.backend import backend, share_out_threads
from minivae.kernels.crew import crew


def set_num_threads(n: int) -> None:
    """Let kernels use ``n`` threads from now on, that of the caller among them.

    Without a call there are as many as ``MINIVAE_NUM_THREADS``, ``NUMBA_NUM_THREADS`` or
    ``OMP_NUM_THREADS`` says (the first of these that is set), else one for each core that this
    process may use. The number does not change results: not a bit of those of compiled kernels.

    NumPy's BLAS is limited to one thread while compiled kernels have helpers, so that the two do
    not fight for the cores, and to ``n`` where NumPy's kernels were chosen
    (:func:`minivae.use`), unless a variable such as ``OPENBLAS_NUM_THREADS`` says otherwise.

    Raises
    ------
    ValueError
        If ``n`` is not a whole number from 1 on.
    """
    try:
        threads = operator.index(n)
    except TypeError:
        threads = 0
    if threads < 1:
        raise ValueError(
            f"set_num_threads: the number must be a whole number from 1 on; it is {n!r}"
        )
    crew.resize(threads)
    share_out_threads()


def get_num_threads() -> int:
    """Return how many threads kernels use; see :func:`set_num_threads`."""
    return crew.threads


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run NumPy's matrix products on one thread, unless the user's environment says how many.

    The products of a minibatch take a fraction of a millisecond. A second thread makes a step
    20 % faster on an idle machine, and 10 to 40 times slower as soon as another program wants the
    second core, because OpenBLAS's threads then wait for each other in every product.
    """
    backend()  # decided before: what it leaves BLAS is what BLAS gets back
    with nullcontext() if blas.environment_says() else blas.limited(1):
        yield
