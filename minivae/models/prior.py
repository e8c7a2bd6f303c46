"""The mixture prior: p(z) with a bump for each cluster, fixed or learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions import Mixture, Normal
from minivae.engine import Tensor
from minivae.nn import Module, Parameter


class MixturePrior(Module):
    """p(z) = (1/k) Σ_c N(z; μ_c, diag σ_c²), with means and variances fixed or learned.

    KL(q(z|x) ‖ p(z)) has no closed form; one draw z ~ q estimates it without bias by
    log q(z|x) - log p(z).

    Parameters
    ----------
    mu, logvar : array_like
        Means and logarithms of the variances, (k, latent). As :class:`minivae.nn.Parameter` they
        are trained with the model, else they stay.

    Raises
    ------
    ValueError
        If the two do not have one shape (k, latent).
    """

    def __init__(self, mu: Any, logvar: Any) -> None:
        self.mu = mu if isinstance(mu, Tensor) else Tensor(mu)
        self.logvar = logvar if isinstance(logvar, Tensor) else Tensor(logvar)
        if self.mu.ndim != 2 or self.mu.shape != self.logvar.shape:
            raise ValueError(
                f"MixturePrior: mu and logvar must have one shape (components, latent); they have "
                f"{self.mu.shape} and {self.logvar.shape}"
            )

    @classmethod
    def learned(
        cls, components: int, latent: int, *, rng: np.random.Generator, dtype: Any = "float64"
    ) -> MixturePrior:
        """Return a prior to be trained, whose means begin at draws from N(0, I) and variances at 1.

        Raises
        ------
        ValueError
            If there is no component.
        """
        if components < 1:
            raise ValueError(f"a mixture prior needs at least 1 component, not {components}")
        mu = rng.standard_normal((components, latent)).astype(dtype)
        return cls(Parameter(mu), Parameter(np.zeros((components, latent), dtype)))

    @property
    def distribution(self) -> Mixture:
        """The mixture, as a distribution of the parameters' present values."""
        weights = np.zeros(len(self.mu), self.mu.dtype)  # equal
        return Mixture(weights, Normal(self.mu, self.logvar))

    @property
    def mean(self) -> Tensor:
        """The mean, (latent,)."""
        return self.distribution.mean

    @property
    def std(self) -> Tensor:
        """The standard deviation of each entry, (latent,)."""
        return self.distribution.std

    def log_prob(self, z: Any) -> Tensor:
        """Return log p(z) of each row, in nats: (..., latent) to (...)."""
        return self.distribution.log_prob(z)

    def responsibilities(self, z: Any) -> Tensor:
        """Return p(c|z), the cluster that z belongs to: (..., latent) to (..., components)."""
        return self.distribution.responsibilities(z)

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw z ~ p(z), an array (samples, latent)."""
        return self.distribution.sample(rng, samples)
