"""Frechet distance: how far two clouds of features lie apart, as Gaussians."""

from __future__ import annotations

import numpy as np

from minivae.evaluation.finite import refuse_nan


def frechet_distance(
    mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray
) -> float:
    """Return the squared Frechet (2-Wasserstein) distance of two Gaussians.

    d² = ‖m_a - m_b‖² + tr(Σ_a + Σ_b - 2 (Σ_a^½ Σ_b Σ_a^½)^½)      (Dowson & Landau 1982).
    The last trace is the sum of the singular values of Σ_a^½ Σ_b^½, and is computed so: singular
    covariances do no harm.

    Parameters
    ----------
    mean_a, mean_b : ndarray
        (d,).
    cov_a, cov_b : ndarray
        (d, d), symmetric and positive semi-definite.

    Raises
    ------
    ValueError
        If the shapes do not agree, or a number is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> unit = np.eye(2)
    >>> round(frechet_distance(np.zeros(2), unit, np.array([3.0, 4.0]), 4 * unit), 6)  # 25 + 1 + 1
    27.0
    """
    d = np.shape(mean_a)
    shapes = [np.shape(a) for a in (mean_a, cov_a, mean_b, cov_b)]
    if len(d) != 1 or shapes != [d, d * 2, d, d * 2]:
        raise ValueError(
            f"frechet_distance: means (d,) and covariances (d, d) are needed, not {shapes}"
        )
    refuse_nan(
        "frechet_distance",
        means=np.concatenate([mean_a, mean_b]),
        covariances=np.concatenate([cov_a, cov_b]),
    )
    shift = np.asarray(mean_a, np.float64) - np.asarray(mean_b, np.float64)
    overlap = np.linalg.svd(_root(cov_a) @ _root(cov_b), compute_uv=False).sum()
    squared = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap
    return max(0.0, float(squared))  # of equal Gaussians rounding leaves either sign


def frechet_between(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Return the squared Frechet distance of the Gaussians fitted to two clouds of features.

    With the features of :class:`minivae.evaluation.Classifier` this is to a data set of ours what
    the Frechet Inception distance is to photographs (Heusel et al. 2017). It falls with the number
    of rows: compare only distances from equally many, and beside them the one between two halves
    of the data.

    Parameters
    ----------
    features_a, features_b : ndarray
        (n, d) and (m, d), at least two rows each.

    Raises
    ------
    ValueError
        If there are fewer rows, the columns differ, or a feature is NaN or infinite.
    """
    for rows in (features_a, features_b):
        if np.ndim(rows) != 2 or len(rows) < 2:
            raise ValueError(
                "frechet_between: features must be (n, d) with two rows or more, these are "
                f"{np.shape(rows)}"
            )
    refuse_nan(
        "frechet_between", features=np.concatenate([np.ravel(features_a), np.ravel(features_b)])
    )
    fitted = []
    for rows in (features_a, features_b):
        rows = np.asarray(rows, np.float64)
        fitted += [rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False))]
    return frechet_distance(*fitted)


def _root(cov: np.ndarray) -> np.ndarray:
    """Return the symmetric square root Σ^½; eigenvalues that rounding made negative are 0."""
    values, vectors = np.linalg.eigh(np.asarray(cov, np.float64))
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
