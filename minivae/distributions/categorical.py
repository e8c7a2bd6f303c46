"""The categorical distribution of independent entries, each of one of several classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions.distribution import in_type_of
from minivae.engine import Tensor
from minivae.engine.ops import (
    broadcast_to,
    log_softmax,
    softmax,
    sqrt,
    square,
    sum,
    take_along_axis,
    where,
)


class Categorical:
    """Independent entries with P(xⱼ = c · step) = softmax(aⱼ)_c, c = 0 ... C - 1, over vectors.

    Parameters
    ----------
    logits : array_like or Tensor
        Unnormalised log probabilities a, (..., d, C).
    step : float
        The value that class 1 stands for: 1 for codes 0 ... C - 1, 1 / (C - 1) for grey levels
        from 0 to 1.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> p = mv.distributions.Categorical(np.zeros((2, 4)))
    >>> bool(np.isclose(p.log_prob(np.array([3, 0])).item(), 2 * np.log(1 / 4)))
    True
    """

    def __init__(self, logits: Any, step: float = 1.0) -> None:
        self.logits = logits if isinstance(logits, Tensor) else Tensor(logits)
        self.step = step

    @property
    def probs(self) -> Tensor:
        """The probability of each class, (..., d, C)."""
        return softmax(self.logits, axis=-1)

    @property
    def mean(self) -> Tensor:
        """The mean Σ_c p_c c · step of each entry, (..., d)."""
        return sum(self.probs * self._values(), axis=-1)

    @property
    def std(self) -> Tensor:
        """The standard deviation of each entry, (..., d)."""
        return sqrt(sum(self.probs * square(self._values() - self.mean[..., None]), axis=-1))

    def log_prob(self, x: Any) -> Tensor:
        """Return Σⱼ log softmax(aⱼ)_c with c = xⱼ / step, in nats: (..., d) to (...).

        Raises
        ------
        ValueError
            If an entry is none of the values that have a class.
        """
        codes = self.classes(x, self.logits.shape[-1], self.step)
        shape = np.broadcast_shapes(codes.shape, self.logits.shape[:-1])
        log_p = broadcast_to(log_softmax(self.logits, axis=-1), (*shape, self.logits.shape[-1]))
        chosen = take_along_axis(log_p, np.broadcast_to(codes, shape)[..., None], axis=-1)
        return sum(chosen[..., 0], axis=-1)

    @staticmethod
    def classes(x: Any, count: int, step: float) -> np.ndarray:
        """Return the class of each value, as whole numbers.

        Raises
        ------
        ValueError
            If a value is none of 0, step, ..., (count - 1) step.
        """
        values = np.asarray(x.data if isinstance(x, Tensor) else x) / step
        codes = np.rint(values)
        if codes.size and not (
            np.abs(values - codes).max() < 1e-3 and codes.min() >= 0 and codes.max() < count
        ):
            raise ValueError(
                f"Categorical: entries must be 0, {step:.4g}, ..., {(count - 1) * step:.4g}, one "
                f"for each of {count} classes; these lie in [{values.min() * step:.4g}, "
                f"{values.max() * step:.4g}] or between classes; round the data, or change the "
                "number of classes"
            )
        return codes.astype(np.int64)

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw values: the class with the largest logit plus Gumbel noise."""
        a = self.logits.data
        shape = a.shape if samples is None else (samples, *a.shape)
        classes = np.argmax(a + rng.gumbel(size=shape), axis=-1)
        return (classes * self.step).astype(a.dtype)

    def kl(self, other: Categorical) -> Tensor:
        """Return KL(self ‖ other) = Σⱼ Σ_c p_c (log p_c - log q_c), in nats, with 0 log 0 = 0.

        Raises
        ------
        TypeError
            If the other is not categorical, or its classes stand for other values.
        """
        if not isinstance(other, Categorical):
            raise TypeError(f"kl: there is no closed form to {type(other).__name__}")
        classes, classes_of_other = self.logits.shape[-1], other.logits.shape[-1]
        if (classes, self.step) != (classes_of_other, other.step):
            raise TypeError(
                f"kl: {classes} classes in steps of {self.step:.4g} are compared with the same, "
                f"not with {classes_of_other} in steps of {other.step:.4g}"
            )
        log_p, log_q = (
            where(self.probs.data > 0, log_softmax(logits, axis=-1), 0.0)
            for logits in (self.logits, in_type_of(self.logits, other.logits))
        )
        return sum(self.probs * (log_p - log_q), axis=(-2, -1))

    def _values(self) -> np.ndarray:
        return (np.arange(self.logits.shape[-1]) * self.step).astype(self.logits.dtype)

    def __repr__(self) -> str:
        return f"Categorical(shape={self.logits.shape}, dtype={self.logits.dtype})"
