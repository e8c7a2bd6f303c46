"""The Bernoulli distribution of independent binary entries, by its logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions.distribution import in_type_of
from minivae.engine import Tensor
from minivae.engine.ops import bernoulli_nll, sigmoid, softplus, sqrt, sum


class Bernoulli:
    """Independent binary entries with P(xⱼ = 1) = σ(aⱼ), over vectors.

    Parameters
    ----------
    logits : array_like or Tensor
        Log odds a = log p / (1 - p), (..., d).
    """

    def __init__(self, logits: Any) -> None:
        self.logits = logits if isinstance(logits, Tensor) else Tensor(logits)

    @property
    def mean(self) -> Tensor:
        """The probability of a one, p = σ(a)."""
        return sigmoid(self.logits)

    @property
    def std(self) -> Tensor:
        """The standard deviation √(p (1 - p))."""
        return sqrt(sigmoid(self.logits) * sigmoid(-self.logits))

    def log_prob(self, x: Any) -> Tensor:
        """Return Σⱼ xⱼ log pⱼ + (1 - xⱼ) log(1 - pⱼ) = -Σⱼ softplus(aⱼ) - xⱼ aⱼ, in nats.

        For x between 0 and 1 this is the (negative) cross-entropy, no log-probability.
        """
        return -bernoulli_nll(self.logits, in_type_of(self.logits, x))

    def rsample(self, rng: np.random.Generator | None = None, samples: int | None = None) -> Tensor:
        """Refuse: a binary draw jumps, so that no gradient flows through it."""
        raise TypeError("Bernoulli draws have no derivative in the logits; use sample(rng)")

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw zeros and ones."""
        p = self.mean.data
        shape = p.shape if samples is None else (samples, *p.shape)
        return (rng.random(shape, dtype=p.dtype.type) < p).astype(p.dtype)

    def kl(self, other: Bernoulli) -> Tensor:
        """Return KL(self ‖ other) = Σⱼ pⱼ (aⱼ - bⱼ) - softplus(aⱼ) + softplus(bⱼ), in nats."""
        if not isinstance(other, Bernoulli):
            raise TypeError(f"kl: there is no closed form to {type(other).__name__}")
        a, b = self.logits, in_type_of(self.logits, other.logits)
        return sum(sigmoid(a) * (a - b) - softplus(a) + softplus(b), axis=-1)

    def __repr__(self) -> str:
        return f"Bernoulli(shape={self.logits.shape}, dtype={self.logits.dtype})"
