"""What every distribution answers. The last axis is the event: densities are summed over it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from minivae.engine import Tensor
from minivae.engine.dtypes import in_type


class Distribution(Protocol):
    """A distribution over vectors (..., d), its parameters arrays or tensors.

    All logarithms are natural: densities and divergences are in nats.
    """

    @property
    def mean(self) -> Tensor:
        """The expectation, (..., d)."""

    @property
    def std(self) -> Tensor:
        """The standard deviation of each entry, (..., d)."""

    def log_prob(self, x: Any) -> Tensor:
        """Return log p(x) of each row: (..., d) to (...)."""

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw an array (..., d), or (samples, ..., d); no gradient flows through it."""

    def kl(self, other: Any) -> Tensor:
        """Return KL(self ‖ other) of each row, in closed form: shape (...)."""


def in_type_of(reference: Tensor, x: Any) -> Tensor:
    """Return data, or another distribution's parameter, in the floating-point type of one's own."""
    x = in_type(x, reference.dtype)
    return x if isinstance(x, Tensor) else Tensor(x)


def noise(rng: np.random.Generator | None, mu: Tensor, samples: int | None, eps: Any) -> np.ndarray:
    """Return noise ε ~ N(0, I) of the shape and type of a mean, or the one that is given.

    Raises
    ------
    TypeError
        If there is neither a generator nor noise.
    """
    if eps is not None:
        return np.asarray(eps, mu.dtype)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rsample: pass rng=, a generator such as numpy.random.default_rng(0), or the noise "
            f"eps=; rng is {rng!r}"
        )
    shape = mu.shape if samples is None else (samples, *mu.shape)
    return rng.standard_normal(shape, dtype=mu.dtype.type)
