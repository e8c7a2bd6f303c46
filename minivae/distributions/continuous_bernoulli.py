"""The continuous Bernoulli distribution: a density on [0, 1] with the Bernoulli's exponent."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions.distribution import in_type_of
from minivae.engine import Tensor
from minivae.engine.ops import absolute, exp, expm1, log, log1p, sqrt, square, sum, where

_SMALL = 0.25  # |a| below which series are used: the formulas are differences of large numbers


class ContinuousBernoulli:
    """Independent entries in [0, 1] with density p(xⱼ) = e^(aⱼ xⱼ) aⱼ / (e^aⱼ - 1), over vectors.

    With λ = σ(a) this is C(λ) λˣ (1 - λ)¹⁻ˣ: the cross-entropy of grey levels becomes a
    log-density by the constant that normalises it.

    Parameters
    ----------
    logits : array_like or Tensor
        a = log λ / (1 - λ), (..., d).

    References
    ----------
    Loaiza-Ganem & Cunningham (2019), The continuous Bernoulli.
    """

    def __init__(self, logits: Any) -> None:
        self.logits = logits if isinstance(logits, Tensor) else Tensor(logits)

    @property
    def mean(self) -> Tensor:
        """The mean 1 / (1 - e^-a) - 1 / a = ½ + (½ coth(a / 2) - 1 / a)."""
        a = self.logits
        small, u = _split(absolute(a))
        t = where(small, a, 0.0)
        s = square(t)
        series = t * (1 / 12 - s * (1 / 720 - s * (1 / 30240 - s * (1 / 1209600 - s / 47900160))))
        direct = 0.5 - exp(-u) / expm1(-u) - 1.0 / u  # ½ coth(u / 2) = ½ + e^-u / (1 - e^-u)
        return 0.5 + where(small, series, where(a.data < 0, -direct, direct))

    @property
    def std(self) -> Tensor:
        """The standard deviation: σ² = 1 / a² - 1 / (4 sinh²(a / 2))."""
        small, u = _split(absolute(self.logits))
        s = square(where(small, self.logits, 0.0))
        series = 1 / 12 - s * (1 / 240 - s * (1 / 6048 - s * (1 / 172800 - s / 5322240)))
        direct = 1.0 / square(u) - exp(-u) / square(expm1(-u))
        return sqrt(where(small, series, direct))

    def log_prob(self, x: Any) -> Tensor:
        """Return Σⱼ aⱼ xⱼ - log((e^aⱼ - 1) / aⱼ), in nats, for x in [0, 1]."""
        return sum(self.logits * in_type_of(self.logits, x) - _log_normalizer(self.logits), axis=-1)

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw by the inverse of F(x) = (e^(a x) - 1) / (e^a - 1)."""
        a = self.logits.data
        shape = a.shape if samples is None else (samples, *a.shape)
        u = rng.random(shape, dtype=a.dtype.type)
        size = np.abs(a)  # for a < 0 the mirror image: x is distributed for a as 1 - x for -a
        with np.errstate(divide="ignore"):  # u = 0 in the limit of large a
            x = 1 + np.log(u + (1 - u) * np.exp(-size)) / np.maximum(size, 1e-3)
        x = np.where(size < 1e-3, u + 0.5 * size * u * (1 - u), x)
        return np.clip(np.where(a < 0, 1 - x, x), 0, 1).astype(a.dtype)

    def kl(self, other: ContinuousBernoulli) -> Tensor:
        """Return KL(self ‖ other) = Σⱼ E[xⱼ] (aⱼ - bⱼ) - log Z(aⱼ) + log Z(bⱼ), in nats."""
        if not isinstance(other, ContinuousBernoulli):
            raise TypeError(f"kl: there is no closed form to {type(other).__name__}")
        a, b = self.logits, in_type_of(self.logits, other.logits)
        return sum(self.mean * (a - b) - _log_normalizer(a) + _log_normalizer(b), axis=-1)

    def __repr__(self) -> str:
        return f"ContinuousBernoulli(shape={self.logits.shape}, dtype={self.logits.dtype})"


def _log_normalizer(a: Tensor) -> Tensor:
    """Return log ∫₀¹ e^(a x) dx = log((e^a - 1) / a) = ½ a + log(sinh(a / 2) / (a / 2))."""
    small, u = _split(absolute(a))
    s = square(where(small, a * 0.5, 0.0))
    series = s * (
        1 / 6 - s * (1 / 180 - s * (1 / 2835 - s * (1 / 37800 - s * (1 / 467775 - s * 1.8037e-7))))
    )
    direct = 0.5 * u + log1p(-exp(-u)) - log(u)
    return 0.5 * a + where(small, series, direct)


def _split(u: Tensor) -> tuple[np.ndarray, Tensor]:
    """Return where a series is needed, and u with 1 there, so that the formula stays finite."""
    small = u.data < _SMALL
    return small, where(small, 1.0, u)
