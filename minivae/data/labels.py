"""Classes as vectors: the condition that a conditional model is given."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def one_hot(
    labels: NDArray[np.integer[Any]], classes: int, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Write each class as a row of zeros with a single one at its place.

    y_ik = 1 if labels_i = k, else 0.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Classes, 0 to ``classes - 1``.
    classes : int
        How many classes there are, also those that do not occur in ``labels``.
    dtype : float32 or float64
        The dtype of the model that is given the rows.

    Returns
    -------
    ndarray, shape (n, classes)
        Rows that sum to 1.

    Raises
    ------
    ValueError
        If ``labels`` are no integers of one dimension, or one is outside 0 to ``classes - 1``.

    Examples
    --------
    >>> one_hot(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"one_hot: expected integers of shape (n,), got {labels.dtype} of shape "
            f"{labels.shape}; pass the labels themselves, not rows that are encoded already"
        )
    if classes < 1:
        raise ValueError(f"one_hot: expected at least 1 class, got {classes}")
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"one_hot: expected labels from 0 to {classes - 1} for {classes} classes, got values "
            f"from {labels.min()} to {labels.max()}; raise classes, or renumber the labels"
        )
    rows = np.zeros((len(labels), classes), dtype)
    rows[np.arange(len(labels)), labels] = 1
    return rows
