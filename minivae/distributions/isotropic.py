"""The normal distribution whose covariance is a multiple of the identity."""

from __future__ import annotations

from typing import Any

from minivae.distributions.distribution import in_type_of
from minivae.distributions.normal import Normal
from minivae.engine import Tensor
from minivae.engine.ops import broadcast_to, gaussian_kl_isotropic


class IsotropicNormal(Normal):
    """Normal distribution N(μ, k I) over vectors: one variance for all entries of a row.

    Parameters
    ----------
    mu : array_like or Tensor
        Mean, (..., d).
    logvar : array_like or Tensor
        Logarithm of the variance, log k, (..., 1).

    Raises
    ------
    ValueError
        If there is not one variance for each row.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> q = mv.distributions.IsotropicNormal(np.ones((1, 2)), np.zeros((1, 1)))
    >>> q.kl(mv.distributions.Normal.standard(2)).numpy()  # ½ (d k + ‖μ‖² - d - d log k)
    array([1.])
    """

    def __init__(self, mu: Any, logvar: Any) -> None:
        mu = mu if isinstance(mu, Tensor) else Tensor(mu)
        self.log_k = in_type_of(mu, logvar)
        if self.log_k.shape[-1:] != (1,):
            raise ValueError(
                "IsotropicNormal: logvar must have shape (..., 1), one variance for all entries of "
                f"a row; it has {self.log_k.shape}. Take Normal for a variance of each entry"
            )
        super().__init__(mu, broadcast_to(self.log_k, mu.shape))

    def kl(self, other: Any) -> Tensor:
        """Return KL(self ‖ other) of each row in closed form, in nats."""
        if isinstance(other, Normal) and other.is_standard:
            return gaussian_kl_isotropic(self.mu, self.log_k)
        return super().kl(other)
