"""The normal distribution with a full covariance, by its Cholesky factor."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from minivae.distributions.distribution import in_type_of, noise
from minivae.distributions.normal import Normal
from minivae.engine import Tensor
from minivae.engine.ops import (
    absolute,
    diagonal,
    exp,
    gaussian_kl_full,
    matmul,
    solve_triangular,
    sqrt,
    square,
    sum,
    tril,
)
from minivae.engine.ops import (
    log as elementwise_log,
)


class MultivariateNormal:
    """Normal distribution N(μ, L Lᵀ) over vectors, its entries correlated: z = μ + L ε.

    Parameters
    ----------
    mu : array_like or Tensor
        Mean, (..., d).
    scale_tril : array_like or Tensor
        L, lower triangular with no zero on its diagonal, (..., d, d).

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> p = mv.distributions.MultivariateNormal(np.zeros(2), np.array([[1.0, 0.0], [3.0, 1.0]]))
    >>> p.std.numpy()  # the roots of the diagonal of L Lᵀ
    array([1.        , 3.16227766])
    """

    def __init__(self, mu: Any, scale_tril: Any) -> None:
        self.mu = mu if isinstance(mu, Tensor) else Tensor(mu)
        self.scale_tril = in_type_of(self.mu, scale_tril)
        d = self.mu.shape[-1]
        if self.scale_tril.shape[-2:] != (d, d):
            raise ValueError(
                f"MultivariateNormal: a mean of shape {self.mu.shape} needs a Cholesky factor of "
                f"shape (..., {d}, {d}); it has {self.scale_tril.shape}"
            )

    @classmethod
    def of(cls, normal: Normal) -> MultivariateNormal:
        """Return a normal distribution of independent entries as one of these."""
        return cls(
            normal.mu, normal.std[..., None] * np.eye(normal.mu.shape[-1], dtype=normal.mu.dtype)
        )

    @property
    def mean(self) -> Tensor:
        """The mean μ."""
        return self.mu

    @property
    def std(self) -> Tensor:
        """The standard deviation of each entry, √Σⱼ Lᵢⱼ²."""
        return sqrt(sum(square(tril(self.scale_tril)), axis=-1))

    @property
    def covariance(self) -> Tensor:
        """The covariance Σ = L Lᵀ, (..., d, d)."""
        L = tril(self.scale_tril)
        return matmul(L, L.swapaxes(-1, -2))

    def log_prob(self, x: Any) -> Tensor:
        """Return log N(x; μ, L Lᵀ) = -½ ‖t‖² - Σᵢ log |Lᵢᵢ| - ½ d log 2π, L t = x - μ, in nats."""
        t = solve_triangular(self.scale_tril, in_type_of(self.mu, x) - self.mu)
        scale = absolute(diagonal(self.scale_tril, axis1=-2, axis2=-1))
        half_log_2pi = 0.5 * log(2 * pi)
        return -(
            0.5 * sum(square(t), axis=-1) + sum(elementwise_log(scale) + half_log_2pi, axis=-1)
        )

    def rsample(
        self,
        rng: np.random.Generator | None = None,
        samples: int | None = None,
        *,
        eps: Any = None,
    ) -> Tensor:
        """Draw z = μ + L ε, differentiable in μ and L; arguments as for :meth:`Normal.rsample`."""
        eps = noise(rng, self.mu, samples, eps)
        return self.mu + matmul(tril(self.scale_tril), eps[..., None])[..., 0]

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw an array; no gradient flows through it."""
        return self.rsample(rng, samples).data

    def kl_per_dim(self, other: Normal) -> Tensor:
        """Return the share of each entry in KL(self ‖ other), in nats; ``other`` is diagonal.

        To N(0, I): KL = Σᵢ ½ (Σⱼ Lᵢⱼ² + μᵢ² - 1 - log Lᵢᵢ²), whose i-th term is the expected KL of
        zᵢ given the entries before it: the chain rule of the divergence. No term is negative.
        """
        if not isinstance(other, Normal):
            raise TypeError(f"kl_per_dim: to {type(other).__name__} there is no split; take kl")
        mu, L = self._seen_by(other)
        scale = diagonal(L, axis1=-2, axis2=-1)
        return 0.5 * (sum(square(L), axis=-1) + square(mu) - 1.0 - elementwise_log(square(scale)))

    def kl(self, other: Any) -> Tensor:
        """Return KL(self ‖ other) of each row in closed form, in nats.

        With other = N(m, M Mᵀ): it does not change when both are mapped by z ↦ M⁻¹ (z - m), which
        turns other into N(0, I) and self into N(M⁻¹ (μ - m), M⁻¹ L).
        """
        if isinstance(other, Normal):
            return gaussian_kl_full(*self._seen_by(other))
        if not isinstance(other, MultivariateNormal):
            raise TypeError(
                f"kl: there is no closed form from MultivariateNormal to {type(other).__name__}; "
                "estimate it by log_prob of draws"
            )
        m, M = in_type_of(self.mu, other.mu), in_type_of(self.mu, other.scale_tril)
        columns = tril(self.scale_tril).swapaxes(-1, -2)  # each is a vector to solve for
        A = solve_triangular(M[..., None, :, :], columns).swapaxes(-1, -2)
        return gaussian_kl_full(solve_triangular(M, self.mu - m), A)

    def _seen_by(self, other: Normal) -> tuple[Tensor, Tensor]:
        """Return mean and Cholesky factor in the coordinates in which ``other`` is N(0, I)."""
        L = tril(self.scale_tril)
        if other.is_standard:
            return self.mu, L
        m, s = in_type_of(self.mu, other.mu), exp(in_type_of(self.mu, other.logvar) * -0.5)
        return (self.mu - m) * s, L * s[..., None]

    def __repr__(self) -> str:
        return f"MultivariateNormal(shape={self.mu.shape}, dtype={self.mu.dtype})"
