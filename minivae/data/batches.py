"""Minibatches: one pass over the data in random order."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def batches(x: NDArray[Any], batch_size: int, rng: np.random.Generator) -> Iterator[NDArray[Any]]:
    """Iterate over one epoch of minibatches: every row exactly once, in random order.

    Parameters
    ----------
    x : ndarray, shape (n, ...)
        The data, one datum a row.
    batch_size : int
        Rows in a minibatch; the last one has what is left.
    rng : numpy.random.Generator
        Draws the order, when ``batches`` is called.

    Returns
    -------
    iterator of ndarray, shape (batch_size, ...)
        Copies: writing to them leaves ``x`` as it is.

    Raises
    ------
    ValueError
        If ``x`` has no rows or ``batch_size`` is below 1.

    Examples
    --------
    >>> x = np.arange(10).reshape(5, 2)
    >>> [len(batch) for batch in batches(x, 2, np.random.default_rng(0))]
    [2, 2, 1]
    """
    if x.ndim == 0 or len(x) == 0:
        raise ValueError(f"batches: expected an array with rows, got shape {x.shape}; pass data")
    if batch_size < 1:
        raise ValueError(f"batches: expected batch_size of at least 1, got {batch_size}")
    order = rng.permutation(len(x))
    return (x[order[i : i + batch_size]] for i in range(0, len(x), batch_size))
