"""The gradient estimators of a model's objectives: their mean, their variance, signal to noise.

An objective's loss, drawn again on the same data, gives the same gradient on average and another
one each time. What matters for training is the spread about the average: a signal-to-noise ratio
below 1 is a step that mostly goes astray. With k samples in the importance-weighted bound the ratio
of the decoder's gradient grows like √k, while that of the encoder's falls like 1/√k (Rainforth et
al. 2018, theorem 1) unless it is reparameterized a second time (Tucker et al. 2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.models import VAE, Objective

_BLOCKS = 25  # of draws, for the jackknife: errors to 14 %, and as many vectors in memory


@dataclass(frozen=True)
class GradientStatistics:
    """The distribution of the gradient of a loss with respect to a group of p parameters.

    Attributes
    ----------
    draws : int
        Number of independent gradients.
    mean, mean_error : ndarray
        Mean gradient and its standard error, (p,).
    variance : ndarray
        Variance of each entry, (p,).
    total_variance, total_variance_error : float
        Sum of the variances, tr Σ, and its standard error.
    snr, snr_error : float
        ‖E g‖ / √tr Σ, which is |mean| / std for one parameter. ‖E g‖² is estimated without bias, by
        ‖mean‖² - tr Σ / draws; below zero it counts as zero. The error is half the distance from
        √(snr² - e) to √(snr² + e), where e is the standard error of snr².
    """

    draws: int
    mean: np.ndarray
    mean_error: np.ndarray
    variance: np.ndarray
    total_variance: float
    total_variance_error: float
    snr: float
    snr_error: float


def gradient_draws(
    model: VAE,
    x: Any,
    objective: Objective,
    draws: int,
    rng: np.random.Generator,
    y: Any = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield gradients of the loss on the same data, each with noise of its own.

    Parameters
    ----------
    model : VAE
        Its own objective and the ``grad`` of its parameters are left as they are.
    x : array_like
        Data, (n, data_dim).
    objective : Objective
        Whose loss is differentiated.
    draws : int
        How many gradients.
    rng : numpy.random.Generator
        Draws the noise.
    y : array_like, optional
        The condition of a conditional model.

    Yields
    ------
    dict of str to ndarray
        One flat vector for each group of parameters: ``"encoder"``, ``"decoder"``, and whatever
        else has a gradient, such as a learned ``"prior"``.
    """
    state = model.state_dict()  # an optimal σ is set by every batch
    try:
        for _ in range(draws):
            yield _gradient(model, x, y, objective, rng)
    finally:
        model.load_state_dict(state)


def estimator_statistics(
    model: VAE,
    x: Any,
    objectives: Mapping[str, Objective],
    draws: int,
    rng: np.random.Generator,
    y: Any = None,
) -> dict[str, dict[str, GradientStatistics]]:
    """Return the statistics of each objective's gradient, for each group of parameters.

    Objectives that aim at the same bound have the same mean gradient, and are compared by variance;
    to be fair, at the same number of samples. Objectives with other bounds are compared by their
    signal-to-noise ratio. Gradients are summed up as they come, in memory for 25 of them.

    Parameters
    ----------
    model : VAE
        A model; it is not changed.
    x : array_like
        Data, (n, data_dim); the more there are, the less noise: the loss is a mean over them.
    objectives : mapping of str to Objective
        What is compared, by name.
    draws : int
        Gradients of each, at least 4. An SNR well below 1/√draws cannot be told from zero.
    rng : numpy.random.Generator
        Draws the noise.
    y : array_like, optional
        The condition of a conditional model.

    Returns
    -------
    dict of str to dict of str to GradientStatistics
        By the name of the objective and of the group, such as ``["elbo"]["encoder"].snr``.

    Raises
    ------
    ValueError
        If there are too few draws for a standard error.

    References
    ----------
    Rainforth et al. (2018), Tighter variational bounds are not necessarily better.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> from minivae.models import ScoreFunctionBound, VariationalBound
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=2, rng=rng)
    >>> objectives = {"pathwise": VariationalBound(), "score": ScoreFunctionBound(2)}
    >>> g = mv.evaluation.estimator_statistics(model, np.ones((3, 4)), objectives, 50, rng)
    >>> g["pathwise"]["encoder"].total_variance < g["score"]["encoder"].total_variance
    True
    """
    if draws < 4:
        raise ValueError(
            f"estimator_statistics: a standard error needs 4 draws or more, not {draws}"
        )
    statistics = {}
    for name, objective in objectives.items():
        sums: dict[str, _Sums] = {}
        for i, gradient in enumerate(gradient_draws(model, x, objective, draws, rng, y)):
            for group, g in gradient.items():
                if not i:
                    sums[group] = _Sums(g, min(draws, _BLOCKS))
                sums[group].add(g, i)
        statistics[name] = {group: s.statistics() for group, s in sums.items()}
    return statistics


def _gradient(
    model: VAE, x: Any, y: Any, objective: Objective, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return one gradient of the objective's loss, a flat vector for each group."""
    named = list(model.named_parameters())
    own, kept = model.objective, [parameter.grad for _, parameter in named]
    try:
        model.objective = objective
        for _, parameter in named:
            parameter.grad = None
        model.loss(x, y, rng=rng).backward()
        gradients = [(name, parameter, parameter.grad) for name, parameter in named]
    finally:
        model.objective = own
        for (_, parameter), grad in zip(named, kept, strict=True):
            parameter.grad = grad
    groups: dict[str, list[np.ndarray]] = {}
    for name, parameter, grad in gradients:
        g = np.zeros(parameter.shape) if grad is None else grad
        groups.setdefault(name.split(".")[0], []).append(g.reshape(-1).astype(np.float64))
    learned = {name.split(".")[0] for name, _, grad in gradients if grad is not None}
    return {group: np.concatenate(groups[group]) for group in groups if group in learned}


class _Sums:
    """Sums of vectors and of their squares, less the first vector, in blocks for a jackknife."""

    def __init__(self, first: np.ndarray, blocks: int) -> None:
        self.first = first
        self.counts = np.zeros(blocks)
        self.vectors = np.zeros((blocks, first.size))
        self.norms = np.zeros(blocks)  # Σ ‖g‖²
        self.squares = np.zeros(first.size)

    def add(self, g: np.ndarray, i: int) -> None:
        """Add vector number i."""
        g, block = g - self.first, i % len(self.counts)
        self.counts[block] += 1
        self.vectors[block] += g
        self.norms[block] += g @ g
        self.squares += g * g

    def statistics(self) -> GradientStatistics:
        n, total = int(self.counts.sum()), self.vectors.sum(axis=0)
        mean = total / n
        variance = np.maximum(self.squares - n * mean**2, 0.0) / (n - 1)
        traces, ratios = self._traces_and_ratios(total)
        ratio, spread = ratios[0], _jackknife(ratios[1:])
        low, snr, high = np.sqrt(np.maximum([ratio - spread, ratio, ratio + spread], 0.0))
        return GradientStatistics(
            draws=n,
            mean=self.first + mean,
            mean_error=np.sqrt(variance / n),
            variance=variance,
            total_variance=float(traces[0]),
            total_variance_error=_jackknife(traces[1:]),
            snr=float(snr),
            snr_error=float(high - low) / 2,
        )

    def _traces_and_ratios(self, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return tr Σ and ‖E g‖² / tr Σ, from all blocks first, then with one left out each."""
        n = self.counts.sum() - np.append(0.0, self.counts)
        norms = self.norms.sum() - np.append(0.0, self.norms)
        own = np.einsum("bp,bp->b", self.vectors, self.vectors)
        square = total @ total + np.append(0.0, own - 2 * self.vectors @ total)  # ‖Σ g‖²
        along = self.first @ total - np.append(0.0, self.vectors @ self.first)
        trace = np.maximum(norms - square / n, 0.0) / (n - 1)
        signal = self.first @ self.first + 2 * along / n + square / n**2 - trace / n
        with np.errstate(divide="ignore", invalid="ignore"):  # no noise: an infinite ratio
            return trace, signal / trace


def _jackknife(values: np.ndarray) -> float:
    """Return the standard error of a statistic from its values with one block of B left out each.

    √((B - 1) / B Σ_b (θ_b - θ̄)²)
    """
    if not np.isfinite(values).all():
        return float("nan")
    return float(np.sqrt((len(values) - 1) * values.var()))
