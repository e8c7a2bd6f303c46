"""Likelihoods: how the decoder's outputs become a distribution p_theta(x|z) over data."""

from __future__ import annotations

from math import log
from typing import Any, Protocol

import numpy as np

from minivae.distributions import Bernoulli, Distribution, Normal
from minivae.engine import Tensor


class Likelihood(Protocol):
    """Turns the decoder's outputs, one for each entry of a datum, into a distribution."""

    def __call__(self, h: Any) -> Distribution:
        """Read (..., d) numbers as a distribution over (..., d)."""

    def check(self, x: Any) -> None:
        """Refuse data that this likelihood gives no density."""

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return outputs (d,) fitted to data (n, d), the same for every datum."""


class BernoulliLikelihood:
    """p_theta(x|z) = Π_j Bernoulli(x_j; σ(h_j)): the outputs are logits, the data lie in [0, 1].

    Source: Kingma & Welling 2014, equation 11.
    """

    def __call__(self, h: Any) -> Bernoulli:
        """Read the outputs as logits."""
        return Bernoulli(logits=h)

    def check(self, x: Any) -> None:
        """Refuse data outside [0, 1], NaN included."""
        values = x.data if isinstance(x, Tensor) else np.asarray(x)
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"a Bernoulli likelihood needs data in [0, 1], these lie in [{values.min():.3g}, "
                f"{values.max():.3g}]; rescale or binarize them, or choose likelihood='gaussian'"
            )

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the log odds of the means of the entries.

        One pseudo-observation of each value is added, so that no value is impossible.
        """
        ones = x.sum(axis=0, dtype=np.float64) + 1.0
        return np.log(ones) - np.log(len(x) + 2.0 - ones)


class GaussianLikelihood:
    """p_theta(x|z) = N(x; h, σ² I) with a fixed σ: the outputs are the mean.

    -log p = ‖x - h‖² / (2 σ²) + (d / 2) log(2 π σ²): σ decides how much a squared error weighs
    against the KL divergence (C = 1 / (2 σ²) in "C ‖x - f(z)‖² + KL").

    Parameters
    ----------
    sigma : float
        Standard deviation of each entry given z, in the units of the data.
    """

    def __init__(self, sigma: float = 1.0) -> None:
        if not 0 < sigma < float("inf"):
            raise ValueError(f"a Gaussian likelihood needs sigma > 0, it is {sigma}")
        self.sigma = sigma

    def __call__(self, h: Any) -> Normal:
        """Read the outputs as means."""
        return Normal(mu=h, logvar=np.full(1, 2 * log(self.sigma), h.dtype))

    def check(self, x: Any) -> None:
        """Refuse data that are not finite."""
        values = x.data if isinstance(x, Tensor) else np.asarray(x)
        if not np.isfinite(values).all():
            raise ValueError("the data contain NaN or infinity; remove or repair these rows")

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the means of the entries."""
        return x.mean(axis=0, dtype=np.float64)


def likelihood_named(name: str, sigma: float) -> Likelihood:
    """Return the likelihood of that name; ``sigma`` is the Gaussian one's.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    if name == "bernoulli":
        return BernoulliLikelihood()
    if name == "gaussian":
        return GaussianLikelihood(sigma)
    raise ValueError(f"likelihood {name!r} is unknown; choose one of bernoulli, gaussian")
