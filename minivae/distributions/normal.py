"""The normal distribution with a diagonal covariance."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions.distribution import in_type_of, noise
from minivae.engine import Tensor
from minivae.engine.ops import broadcast_to, exp, gaussian_kl, gaussian_nll, reparameterize, sum


class Normal:
    """Normal distribution N(μ, diag σ²) over vectors, its entries independent.

    Parameters
    ----------
    mu : array_like or Tensor
        Mean, (..., d).
    logvar : array_like or Tensor
        Logarithm of the variance, log σ², (..., d) or broadcastable to it.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> q = mv.distributions.Normal(np.ones((1, 2)), np.zeros((1, 2)))
    >>> q.kl(mv.distributions.Normal.standard(2)).numpy()  # ½ ‖μ‖²
    array([1.])
    """

    def __init__(self, mu: Any, logvar: Any) -> None:
        self.mu = mu if isinstance(mu, Tensor) else Tensor(mu)
        self.logvar = in_type_of(self.mu, logvar)

    @classmethod
    def standard(cls, dim: int, dtype: Any = "float64") -> Normal:
        """Return N(0, I) over vectors of ``dim`` entries."""
        return cls(np.zeros(dim, dtype), np.zeros(dim, dtype))

    @property
    def is_standard(self) -> bool:
        """Whether this is N(0, I), and is not to be differentiated."""
        constants = not (self.mu.requires_grad or self.logvar.requires_grad)
        return constants and not (self.mu.data.any() or self.logvar.data.any())

    @property
    def mean(self) -> Tensor:
        """The mean μ."""
        return self.mu

    @property
    def std(self) -> Tensor:
        """The standard deviation σ = e^(½ log σ²)."""
        shape = np.broadcast_shapes(self.mu.shape, self.logvar.shape)
        return broadcast_to(exp(self.logvar * 0.5), shape)

    def log_prob(self, x: Any) -> Tensor:
        """Return log N(x; μ, σ²) = -½ Σⱼ log 2π + log σⱼ² + (xⱼ - μⱼ)² / σⱼ², in nats."""
        return -gaussian_nll(self.mu, in_type_of(self.mu, x), self.logvar * 0.5)

    def rsample(
        self,
        rng: np.random.Generator | None = None,
        samples: int | None = None,
        *,
        eps: Any = None,
    ) -> Tensor:
        """Draw z = μ + σ ε, differentiable in μ and σ.

        Parameters
        ----------
        rng : numpy.random.Generator
            Draws the noise ε ~ N(0, I).
        samples : int, optional
            How many draws; they go along a new first axis.
        eps : array_like, optional
            The noise itself, in place of ``rng``.
        """
        return reparameterize(self.mu, self.logvar, noise(rng, self.mu, samples, eps))

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw an array; no gradient flows through it."""
        return self.rsample(rng, samples).data

    def kl_per_dim(self, other: Normal) -> Tensor:
        """Return KL(N(μ, σ²) ‖ N(m, s²)) of each entry, in nats: the sum of these is :meth:`kl`.

        KL does not change when both are shifted by m and scaled by 1 / s, which turns the second
        into N(0, 1): KL(N(μ, σ²) ‖ N(m, s²)) = KL(N((μ - m) / s, σ² / s²) ‖ N(0, 1)).
        """
        if not isinstance(other, Normal):
            raise TypeError(
                f"kl: there is no closed form from Normal to {type(other).__name__}; "
                "estimate it by log_prob of draws"
            )
        if other.is_standard:
            return gaussian_kl(self.mu, self.logvar)
        m, logvar = in_type_of(self.mu, other.mu), in_type_of(self.mu, other.logvar)
        return gaussian_kl((self.mu - m) * exp(logvar * -0.5), self.logvar - logvar)

    def kl(self, other: Normal) -> Tensor:
        """Return KL(self ‖ other) of each row in closed form, in nats."""
        return sum(self.kl_per_dim(other), axis=-1)

    def __repr__(self) -> str:
        return f"Normal(shape={self.mu.shape}, dtype={self.mu.dtype})"
