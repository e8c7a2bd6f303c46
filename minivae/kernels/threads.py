"""How many threads there are: one pool at a time, of the size that the user wants."""

from __future__ import annotations

import operator

from minivae.kernels import blas
from minivae.kernels.backend import numpy_was_chosen
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
    blas.limit(threads if numpy_was_chosen() else 1)


def get_num_threads() -> int:
    """Return how many threads kernels use; see :func:`set_num_threads`."""
    return crew.threads
