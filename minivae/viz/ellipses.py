"""Ellipses of Gaussians: k standard deviations around the mean, whatever the covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Ellipse


def ellipse(mean: np.ndarray, covariance: np.ndarray, k: float, **look: Any) -> Ellipse:
    """Return the set (z - μ)ᵀ Σ⁻¹ (z - μ) = k² of a Gaussian over the plane.

    Its half axes are k times the roots of the eigenvalues of Σ, along the eigenvectors.

    Parameters
    ----------
    mean : ndarray, shape (2,)
        μ.
    covariance : ndarray, shape (2, 2)
        Σ.
    k : float
        How many standard deviations.
    **look
        Colours and lines, as matplotlib's ``Ellipse`` takes them.
    """
    variances, directions = np.linalg.eigh(np.asarray(covariance, float))
    width, height = 2 * k * np.sqrt(np.maximum(variances, 0))
    across, up = directions[:, 0]
    angle = float(np.degrees(np.arctan2(up, across))) % 180
    return Ellipse((float(mean[0]), float(mean[1])), width, height, angle=angle, fill=False, **look)
