"""The linear probe: how much of the class a linear map can read off the codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Probe:
    """Accuracies of a linear classifier of codes.

    Attributes
    ----------
    train, test : float
        Share of data classified rightly, on the codes it was fitted to and on the others.
    chance : float
        What naming the most frequent training class always would give on the test codes.
    """

    train: float
    test: float
    chance: float


def linear_probe(
    train_codes: np.ndarray, train_labels: Any, test_codes: np.ndarray, test_labels: Any
) -> Probe:
    """Fit a multinomial logistic regression to codes and labels, and score it on others.

    The codes are standardized with the training codes' means and deviations first, so that the
    regression's mild ridge penalty (scikit-learn's C = 1) weighs all dimensions alike
    (Alain & Bengio 2017).

    Parameters
    ----------
    train_codes, test_codes : ndarray
        (n, latent) and (m, latent), as ``model.codes(x)`` gives them.
    train_labels, test_labels : array_like of int
        (n,) and (m,); the training labels name two classes or more.

    Raises
    ------
    ValueError
        If codes and labels are not equally many, or there is one class only.

    Examples
    --------
    >>> import numpy as np
    >>> codes = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> linear_probe(codes, [0, 0, 1, 1], 2 * codes, [0, 0, 1, 1]).test
    1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    a, b = np.asarray(train_labels), np.asarray(test_labels)
    if len(train_codes) != len(a) or len(test_codes) != len(b) or len(b) == 0:
        raise ValueError(
            f"linear_probe: codes and labels must be equally many, they are {len(train_codes)} "
            f"and {len(a)} for training, {len(test_codes)} and {len(b)} for the test"
        )
    classes, counts = np.unique(a, return_counts=True)
    if len(classes) < 2:
        raise ValueError("linear_probe: the training labels must name two classes or more")
    reader = make_pipeline(StandardScaler(), LogisticRegression(max_iter=10_000))
    reader.fit(np.asarray(train_codes, np.float64), a)
    return Probe(
        train=float(reader.score(np.asarray(train_codes, np.float64), a)),
        test=float(reader.score(np.asarray(test_codes, np.float64), b)),
        chance=float(np.mean(b == classes[counts.argmax()])),
    )
