"""Likelihoods: how the decoder's outputs become a distribution p_theta(x|z) over data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minivae.distributions import Bernoulli, Categorical, ContinuousBernoulli, Distribution
from minivae.engine import Tensor
from minivae.engine.tape import recording
from minivae.nn import Module


class Likelihood(Module):
    """Turns the decoder's outputs into a distribution over data; parameters of its own train too.

    A subclass defines ``forward``, ``check`` and ``constant``.
    """

    is_fitting = False

    def forward(self, h: Any) -> Distribution:
        """Read (..., outputs) numbers as a distribution over (..., d)."""
        return super().forward(h)

    def outputs(self, data_dim: int) -> int:
        """Return how many numbers the decoder must give for a datum of ``data_dim`` entries."""
        return data_dim

    def check(self, x: Any) -> None:
        """Refuse data that this likelihood gives no density."""

    def observe(self, h: np.ndarray, x: np.ndarray) -> None:
        """Estimate from the outputs for a batch what is no parameter of its own; here nothing."""

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Observe batches within a block, if gradients are recorded: a model computes its loss."""
        self.is_fitting, before = recording(), self.is_fitting
        try:
            yield
        finally:
            self.is_fitting = before

    def observed(self, h: Any, x: Any) -> Distribution:
        """Read the outputs for data x as a distribution, after a look at them while fitting."""
        if self.is_fitting:
            self.observe(values_of(h), values_of(x))
        return self(h)

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return outputs fitted to data (n, d), the same for every datum."""
        raise TypeError(f"{type(self).__name__} defines no constant(); a likelihood needs one")


class BernoulliLikelihood(Likelihood):
    """p_theta(x|z) = Π_j Bernoulli(x_j; σ(h_j)): the outputs are logits, the data lie in [0, 1].

    Source: Kingma & Welling 2014, equation 11.
    """

    def forward(self, h: Any) -> Bernoulli:
        """Read the outputs as logits."""
        return Bernoulli(logits=h)

    def check(self, x: Any) -> None:
        """Refuse data outside [0, 1], NaN included."""
        mend = "rescale or binarize them, or choose likelihood='gaussian'"
        check_unit_interval(x, "a Bernoulli likelihood", mend)

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the log odds of the means of the entries.

        One pseudo-observation of each value is added, so that no value is impossible.
        """
        ones = x.sum(axis=0, dtype=np.float64) + 1.0
        return np.log(ones) - np.log(len(x) + 2.0 - ones)


class ContinuousBernoulliLikelihood(Likelihood):
    """p_theta(x|z) = Π_j C(h_j) e^(h_j x_j): a density of grey levels x_j in [0, 1].

    The Bernoulli cross-entropy of grey levels, and the constant that makes it a log-density.
    Source: Loaiza-Ganem & Cunningham 2019.
    """

    def forward(self, h: Any) -> ContinuousBernoulli:
        """Read the outputs as logits."""
        return ContinuousBernoulli(logits=h)

    def check(self, x: Any) -> None:
        """Refuse data outside [0, 1], NaN included."""
        mend = "rescale them, or choose likelihood='gaussian'"
        check_unit_interval(x, "a continuous Bernoulli likelihood", mend)

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the logits whose means are those of the entries: maximum likelihood.

        One pseudo-observation of 0 and of 1 is added, so that the logits are finite.
        """
        mean = (x.sum(axis=0, dtype=np.float64) + 1.0) / (len(x) + 2.0)
        low, high = np.full_like(mean, -1e4), np.full_like(mean, 1e4)
        for _ in range(80):  # the mean rises with the logit: bisection
            middle = (low + high) / 2
            below = ContinuousBernoulli(middle).mean.data < mean
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return low


class CategoricalLikelihood(Likelihood):
    """p_theta(x|z) = Π_j softmax(h_j)[x_j]: each entry is one of ``levels`` grey levels.

    The levels are 0, 1 / (levels - 1), ..., 1; the outputs are ``levels`` logits for each entry,
    those of the first entry first. A probability of discrete data, with no noise assumed.

    Parameters
    ----------
    levels : int
        Number of grey levels: 2 for binary images, 17 for the embedded digits, 256 for bytes.
    """

    def __init__(self, levels: int) -> None:
        if levels < 2:
            raise ValueError(f"a categorical likelihood needs at least 2 levels, not {levels}")
        self.levels = levels

    def forward(self, h: Any) -> Categorical:
        """Read the outputs (..., d · levels) as logits (..., d, levels)."""
        h = h if isinstance(h, Tensor) else Tensor(h)
        logits = h.reshape(*h.shape[:-1], h.shape[-1] // self.levels, self.levels)
        return Categorical(logits, step=1.0 / (self.levels - 1))

    def outputs(self, data_dim: int) -> int:
        """Return data_dim · levels."""
        return data_dim * self.levels

    def check(self, x: Any) -> None:
        """Refuse data that are not of these levels."""
        Categorical.classes(x, self.levels, 1.0 / (self.levels - 1))

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithms of the frequencies of the levels, one observation of each added."""
        classes = Categorical.classes(x, self.levels, 1.0 / (self.levels - 1))
        counts = [np.sum(classes == level, axis=0) + 1.0 for level in range(self.levels)]
        return np.log(np.stack(counts, axis=-1) / (len(x) + self.levels)).reshape(-1)


def check_unit_interval(x: Any, who: str, mend: str) -> None:
    """Refuse data outside [0, 1], NaN included, with what to do instead."""
    values = values_of(x)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"{who} needs data in [0, 1], these lie in [{values.min():.3g}, {values.max():.3g}]; "
            f"{mend}"
        )


def values_of(a: Any) -> np.ndarray:
    """Return the values of data, tensor or not."""
    return a.data if isinstance(a, Tensor) else np.asarray(a)
