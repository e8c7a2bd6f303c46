"""The steps of a sequence: how each is read as numbers, and what distribution it is drawn from.

A sequence x = (x₁, ..., x_T) is a row of T symbols or of T real values. A recurrent network reads
``features`` numbers for each step, and predicts the next step by ``outputs(1)`` numbers, of which
the likelihoods here make a distribution.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.distributions import UntilEnd, before_end
from minivae.engine import Tensor
from minivae.models.checks import check_type
from minivae.models.gaussian import GaussianLikelihood
from minivae.models.likelihood import Likelihood


class Steps(Likelihood):
    """A likelihood of sequences (..., T) that also says how their steps are read.

    A subclass defines, beside what every likelihood does, ``features`` and the methods here.
    """

    features: int

    def typed(self, x: Any, dtype: Any) -> np.ndarray:
        """Return sequences in the type of their steps, cleared of what does not count."""
        raise TypeError(f"{type(self).__name__} defines no typed(); likelihoods of steps need it")

    def lengths(self, x: np.ndarray) -> np.ndarray:
        """Return how many steps of each sequence count: (..., T) to (...)."""
        return np.full(x.shape[:-1], x.shape[-1])

    def read(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        """Return the numbers that stand for steps: (...) to (..., features)."""
        raise TypeError(f"{type(self).__name__} defines no read(); likelihoods of steps need it")

    def start(self, dtype: Any) -> np.ndarray:
        """Return the numbers (features,) that stand before the first step: zeros."""
        return np.zeros(self.features, dtype)

    def unknown(self, dtype: Any) -> np.ndarray:
        """Return the numbers (features,) that stand for a step that is not to be read: zeros."""
        return np.zeros(self.features, dtype)

    def likeliest(self, h: np.ndarray) -> np.ndarray:
        """Return the likeliest step for the outputs that predict it: (..., outputs) to (...)."""
        raise TypeError(f"{type(self).__name__} defines no likeliest(); steps need it")


class Symbols(Steps):
    """Strings over an alphabet of symbols 0 ... C - 1, one of which ends them.

    p(x) = Π_t softmax(h_t)[x_t], t up to the end symbol. A step is read as a one-hot row, with a
    place of its own for an unknown symbol; before the first step stands the end symbol, as between
    two strings of a text.

    Parameters
    ----------
    size : int
        Symbols of the alphabet, C, the end symbol among them.
    end : int
        The end symbol. What follows it in a row is padding and does not count.

    Raises
    ------
    ValueError
        If the alphabet has fewer than 2 symbols, or ``end`` is none of them.
    """

    def __init__(self, size: int, end: int = 0) -> None:
        if size < 2 or not 0 <= end < size:
            raise ValueError(
                "an alphabet needs at least 2 symbols, the end symbol among them; there are "
                f"{size}, and the end symbol is {end}"
            )
        self.size = size
        self.features = size + 1
        self.end = end

    def forward(self, h: Any) -> UntilEnd:
        """Read the outputs (..., T · C) as logits (..., T, C)."""
        h = h if isinstance(h, Tensor) else Tensor(h)
        return UntilEnd(h.reshape(*h.shape[:-1], h.shape[-1] // self.size, self.size), self.end)

    def outputs(self, data_dim: int) -> int:
        """Return T · C."""
        return data_dim * self.size

    def check(self, x: Any) -> None:
        """Refuse codes outside 0 ... C - 1, and what is no whole number; padding may be any."""
        self.typed(x, None)

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithms of the frequencies of the symbols at each step, (T · C,).

        One pseudo-observation of each symbol is added, so that none is impossible.
        """
        chosen = np.asarray(x)[..., None] == np.arange(self.size)
        counts = np.sum(chosen & before_end(x, self.end)[..., None], axis=0) + 1.0
        return np.log(counts / counts.sum(axis=-1, keepdims=True)).reshape(-1)

    def typed(self, x: Any, dtype: Any) -> np.ndarray:
        """Return codes (..., T) as int64, with end symbols in place of what follows the first.

        Raises
        ------
        ValueError
            If what counts is not a whole number from 0 to C - 1.
        """
        x = np.asarray(x.data if isinstance(x, Tensor) else x)
        x = np.where(before_end(x, self.end), x, self.end)
        if x.size and not (x.min() >= 0 and x.max() < self.size and np.all(x == np.rint(x))):
            raise ValueError(
                f"strings are rows of codes, whole numbers from 0 to {self.size - 1}, one for each "
                f"of {self.size} symbols; these lie in [{x.min():.4g}, {x.max():.4g}] or between "
                "codes; was the model built for another alphabet?"
            )
        return x.astype(np.int64)

    def lengths(self, x: np.ndarray) -> np.ndarray:
        """Return the number of symbols of each string, its end symbol included."""
        return np.sum(before_end(x, self.end), axis=-1)

    def read(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        """Return one-hot rows (..., C + 1) for codes (...)."""
        return np.eye(self.features, dtype=dtype)[x]

    def start(self, dtype: Any) -> np.ndarray:
        """Return the one-hot row of the end symbol."""
        return self.read(np.asarray(self.end), dtype)

    def unknown(self, dtype: Any) -> np.ndarray:
        """Return the one-hot row of the unknown symbol."""
        return self.read(np.asarray(self.size), dtype)

    def likeliest(self, h: np.ndarray) -> np.ndarray:
        """Return the symbol with the largest logit."""
        return np.argmax(h, axis=-1)


class Values(GaussianLikelihood, Steps):
    """Sequences of T real values, each normal around what is predicted for it.

    A step is read as its value; 0 stands for one that is not to be read, and before the first.
    Parameters are those of :class:`GaussianLikelihood`.
    """

    features = 1

    def typed(self, x: Any, dtype: Any) -> np.ndarray:
        """Return sequences in the floating-point type ``dtype``.

        Raises
        ------
        TypeError
            If they are a tensor that wants a gradient.
        """
        if isinstance(x, Tensor) and x.requires_grad:
            raise TypeError(
                "Values: sequences are read as arrays, which cuts the graph of data that want a "
                "gradient; pass x.data"
            )
        return np.asarray(x.data if isinstance(x, Tensor) else x, dtype)

    def read(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        """Return the values (...) as (..., 1)."""
        return np.array(x, dtype)[..., None]

    def likeliest(self, h: np.ndarray) -> np.ndarray:
        """Return the mean."""
        return h[..., 0]


def as_sequences(steps: Steps, x: Any, length: int, dtype: Any) -> np.ndarray:
    """Return sequences (n, length) in the type of their steps, cleared of what does not count.

    Raises
    ------
    ValueError
        If they have another shape, or entries that are no steps.
    """
    x = steps.typed(x, dtype)
    if x.ndim != 2 or x.shape[1] != length:
        raise ValueError(
            f"sequences must have shape (n, {length}), they have {x.shape}; fill strings up with "
            f"end symbols, or build the model for data_dim={x.shape[-1] if x.ndim else 1}"
        )
    return x


def steps_named(
    likelihood: str, *, symbols: int | None, end: int, sigma: float | str, dtype: str
) -> Steps:
    """Return the likelihood of sequences of that name, for a model of that type.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    check_type(dtype)
    if likelihood == "gaussian":
        return Values(sigma, dtype)
    if likelihood != "categorical":
        raise ValueError(
            f"likelihood {likelihood!r} of sequences is unknown; choose one of categorical, "
            "gaussian"
        )
    if symbols is None:
        raise ValueError(
            "strings need symbols=, the size of their alphabet with the end symbol; for real "
            "values choose likelihood='gaussian'"
        )
    return Symbols(symbols, end)
