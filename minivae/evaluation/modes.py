"""Modes: which of the known modes a model's samples reach, how well, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np


@dataclass(frozen=True)
class ModeCoverage:
    """How samples lie around known modes.

    Attributes
    ----------
    covered, modes : int
        Modes with at least one good sample, and modes in all.
    quality : float
        The share of good samples: those within ``radius`` standard deviations of their mode.
    kl : float
        KL(h ‖ uniform) in nats of the histogram h of all samples over their nearest modes: 0 if
        the modes are served evenly, log(modes) if one has everything.
    """

    covered: int
    modes: int
    quality: float
    kl: float


def mode_coverage(
    x: np.ndarray, centres: np.ndarray, std: float, radius: float = 3.0
) -> ModeCoverage:
    """Measure samples of a model against data that are Gaussians around known centres.

    A sample belongs to the mode that is nearest, and is good if it lies within ``radius`` standard
    deviations of it. Samples of the data themselves would be good with the probability that
    χ² with d degrees of freedom gives to radius²: for d = 2 and radius 3, 1 - e^(-9/2) = 0.989.

    A model that drops modes is seen by ``covered`` and ``kl``, one that blurs by ``quality``.

    Parameters
    ----------
    x : ndarray
        Samples, (n, d).
    centres : ndarray
        The modes, (k, d), of equal weight.
    std : float
        Standard deviation of each Gaussian in every direction.
    radius : float
        How far a good sample may lie from its mode, in standard deviations.

    Raises
    ------
    ValueError
        If there are no samples or no modes, or they are of different dimensions; or a sample is
        not finite.

    References
    ----------
    Srivastava et al. (2017), VEEGAN: modes captured and high-quality samples.
    Lin, Khetan, Fanti & Oh (2018), PacGAN: the divergence, too.

    Examples
    --------
    >>> import numpy as np
    >>> centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
    >>> mode_coverage(np.array([[-1.0, 0.1], [-0.9, 0.0], [-0.2, 0.0]]), centres, std=0.1)
    ModeCoverage(covered=1, modes=2, quality=0.6666666666666666, kl=0.6931471805599453)
    """
    x, centres = np.asarray(x, np.float64), np.asarray(centres, np.float64)
    if x.ndim != 2 or centres.ndim != 2 or not len(x) or not len(centres):
        raise ValueError(
            f"mode_coverage: samples must be (n, d) and centres (k, d), at least one of each; "
            f"they are {x.shape} and {centres.shape}"
        )
    if x.shape[1] != centres.shape[1]:
        raise ValueError(
            f"mode_coverage: samples have {x.shape[1]} dimensions and centres {centres.shape[1]}; "
            "pass the centres of the data that the model was trained on"
        )
    if not np.isfinite(x).all():
        raise ValueError("mode_coverage: a sample is NaN or infinite; did the training diverge?")
    if not (std > 0 and radius > 0):
        raise ValueError(f"mode_coverage: std and radius must be positive: {std} and {radius}")
    distances = np.linalg.norm(x[:, None] - centres, axis=-1)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= radius * std
    shares = np.bincount(nearest, minlength=len(centres)) / len(x)
    shares = shares[shares > 0]
    return ModeCoverage(
        covered=len(np.unique(nearest[good])),
        modes=len(centres),
        quality=float(good.mean()),
        kl=max(0.0, log(len(centres)) + float(np.sum(shares * np.log(shares)))),
    )
