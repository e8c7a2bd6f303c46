"""From drawn rows to a data set: the first rows train, the rest test."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset, Factors, Labels

SEED = 0  # of every generated data set: the same rows for everyone


def split(
    name: str,
    x: NDArray[Any],
    train: int,
    *,
    source: str,
    labels: NDArray[np.int64] | None = None,
    factors: NDArray[np.float32] | None = None,
    names: tuple[str, ...] = (),
    discrete: tuple[str, ...] = (),
    image_shape: tuple[int, int] | None = None,
    alphabet: str | None = None,
) -> Dataset:
    """Make a data set of independent rows: the first ``train`` of them train, the others test.

    Parameters
    ----------
    name, source, image_shape, alphabet
        As in :class:`Dataset`.
    x : ndarray, shape (n, d)
        The rows.
    train : int
        How many of them are for training.
    labels : ndarray of int, shape (n,), optional
        Their classes.
    factors : ndarray, shape (n, f), optional
        What they were drawn from.
    names, discrete : tuple of str
        The names of the factors, and which of them are discrete.

    Examples
    --------
    >>> split("toy", np.zeros((5, 2), np.float32), 3, source="here")
    Dataset('toy', train=(3, 2), test=(2, 2))
    """
    kinds = tuple(factor in discrete for factor in names)
    return Dataset(
        name=name,
        train=x[:train],
        test=x[train:],
        labels=None if labels is None else Labels(labels[:train], labels[train:]),
        image_shape=image_shape,
        source=source,
        factors=None
        if factors is None
        else Factors(names, kinds, factors[:train], factors[train:]),
        alphabet=alphabet,
    )
