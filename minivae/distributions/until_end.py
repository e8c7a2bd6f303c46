"""The distribution of strings of independent symbols, which stop at an end symbol."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions.categorical import Categorical
from minivae.engine import Tensor
from minivae.engine.ops import log_softmax, sum, where


class UntilEnd(Categorical):
    """Independent symbols, each with its own distribution, up to the first end symbol.

    What follows an end symbol does not count: rows that agree up to their end are one string, and
    the probabilities of all strings that end within T symbols, and of those of T symbols without
    an end, sum to 1.

    Parameters
    ----------
    logits : array_like or Tensor
        Unnormalised log probabilities of the symbols 0 ... C - 1, (..., T, C).
    end : int
        The end symbol.

    Raises
    ------
    ValueError
        If ``end`` is none of the symbols.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> p = mv.distributions.UntilEnd(np.zeros((3, 2)), end=0)
    >>> np.exp(p.log_prob(np.array([[0, 1, 1], [1, 0, 0], [1, 1, 0]])).numpy())
    array([0.5  , 0.25 , 0.125])
    """

    def __init__(self, logits: Any, end: int = 0) -> None:
        super().__init__(logits)
        if not 0 <= end < self.size:
            raise ValueError(
                f"UntilEnd: the end symbol must be one of the symbols 0 ... {self.size - 1}, it is "
                f"{end}"
            )
        self.end = end

    @property
    def mean(self) -> Tensor:
        """Refuse: codes are names of symbols, of which there is no mean."""
        raise TypeError("strings have no mean; their codes are names of symbols. Take probs")

    @property
    def std(self) -> Tensor:
        """Refuse, as for the mean."""
        raise TypeError("strings have no std; their codes are names of symbols. Take probs")

    @property
    def size(self) -> int:
        """The number of symbols, C."""
        return self.logits.shape[-1]

    def log_prob(self, x: Any) -> Tensor:
        """Return Σ_t log softmax(a_t)_{x_t}, t up to the first end symbol and with it, in nats."""
        codes = self.classes(np.where(before_end(x, self.end), x, self.end), self.size, 1.0)
        chosen = codes[..., None] == np.arange(self.size)  # (..., T, C), one in each step
        counted = chosen & before_end(codes, self.end)[..., None]
        return sum(where(counted, log_softmax(self.logits, axis=-1), 0.0), axis=(-2, -1))

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw strings: codes (..., T), int64, all end symbols after the first."""
        x = super().sample(rng, samples).astype(np.int64)
        return np.where(before_end(x, self.end), x, self.end)

    def kl(self, other: Any) -> Tensor:
        """Return KL(self ‖ other): each step's divergence, as often as a string gets there.

        Σ_t P(no end before t) KL(p_t ‖ q_t), in nats.

        Raises
        ------
        TypeError
            If the other is no distribution of strings of as many symbols with the same end symbol.
        """
        if not isinstance(other, UntilEnd) or other.end != self.end:
            raise TypeError("kl: strings are compared with strings of the same end symbol")
        length, length_of_other = self.logits.shape[-2], other.logits.shape[-2]
        if length != length_of_other:
            raise TypeError(
                f"kl: strings of up to {length} symbols are compared with strings of as many, not "
                f"of up to {length_of_other}"
            )
        goes_on = 1.0 - self.probs[..., self.end]  # (..., T)
        reached: Any = Tensor(np.ones((), self.logits.dtype))
        total: Any = 0.0
        for t in range(length):
            step, step_of_other = (Categorical(p.logits[..., t : t + 1, :]) for p in (self, other))
            divergence = where(reached.data > 0, step.kl(step_of_other), 0.0)
            total = total + reached * divergence
            reached = reached * goes_on[..., t]
        return total


def before_end(x: Any, end: int) -> np.ndarray:
    """Say which symbols (..., T) come before the first end symbol, or are it."""
    is_end = np.asarray(x) == end
    return np.cumsum(is_end, axis=-1) - is_end == 0
