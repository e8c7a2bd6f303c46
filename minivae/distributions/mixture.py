"""Mixtures of normal distributions: densities with several bumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions.distribution import in_type_of
from minivae.distributions.normal import Normal
from minivae.engine import Tensor
from minivae.engine.ops import exp, gaussian_nll, log_softmax, logsumexp, softmax, sqrt, square, sum


class Mixture:
    """Mixture Σ_c w_c N(μ_c, diag σ_c²) over vectors, of k normal distributions.

    Parameters
    ----------
    logits : array_like or Tensor
        Logarithms of the weights up to a constant, (k,): w = softmax(logits).
    components : Normal
        The normal distributions, over (k, d).

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> bumps = mv.distributions.Normal(np.array([[-3.0], [3.0]]), np.zeros((2, 1)))
    >>> p = mv.distributions.Mixture(np.zeros(2), bumps)
    >>> p.mean.numpy(), p.std.numpy()
    (array([0.]), array([3.16227766]))
    """

    is_standard = False

    def __init__(self, logits: Any, components: Normal) -> None:
        self.components = components
        self.logits = in_type_of(components.mu, logits)
        if components.mu.ndim != 2 or self.logits.shape != components.mu.shape[:1]:
            raise ValueError(
                f"Mixture: k logits need k components of shape (k, d); the logits have shape "
                f"{self.logits.shape}, the components {components.mu.shape}"
            )

    @property
    def mean(self) -> Tensor:
        """The mean Σ_c w_c μ_c, (d,)."""
        return sum(softmax(self.logits)[:, None] * self.components.mu, axis=0)

    @property
    def std(self) -> Tensor:
        """The standard deviation of each entry: σ² = Σ_c w_c (σ_c² + (μ_c - μ)²), (d,)."""
        variances = exp(self.components.logvar) + square(self.components.mu - self.mean)
        return sqrt(sum(softmax(self.logits)[:, None] * variances, axis=0))

    def log_prob(self, x: Any) -> Tensor:
        """Return log Σ_c w_c N(x; μ_c, σ_c²) by log-sum-exp, in nats: (..., d) to (...)."""
        return logsumexp(self._log_joint(x), axis=-1)

    def responsibilities(self, x: Any) -> Tensor:
        """Return p(c|x), the probability of each component given x: (..., d) to (..., k)."""
        return softmax(self._log_joint(x), axis=-1)

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw an array (d,) or (samples, d): a component by the weights, then a vector of it."""
        w = softmax(self.logits).data.astype(np.float64)
        c = rng.choice(len(w), size=samples, p=w / w.sum())
        mu, std = self.components.mu.data[c], self.components.std.data[c]
        return mu + std * rng.standard_normal(mu.shape, dtype=mu.dtype.type)

    def kl(self, other: Any) -> Tensor:
        """Refuse: the KL divergence of a mixture has no closed form."""
        raise TypeError("kl: a mixture has no closed form; estimate it by log_prob of draws")

    def _log_joint(self, x: Any) -> Tensor:
        """Return log w_c + log N(x; μ_c, σ_c²), (..., k)."""
        x = in_type_of(self.logits, x)[..., None, :]
        return log_softmax(self.logits) - gaussian_nll(
            self.components.mu, x, self.components.logvar * 0.5
        )

    def __repr__(self) -> str:
        k, d = self.components.mu.shape
        return f"Mixture(components={k}, shape=({d},), dtype={self.logits.dtype})"
