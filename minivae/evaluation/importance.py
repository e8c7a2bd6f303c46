"""Importance-weighted estimates of log p(x), with what is needed to trust them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from minivae.engine import Tensor, no_grad
from minivae.evaluation.draws import blocks, chunks, rows_of, standard_error
from minivae.models import VAE


@dataclass(frozen=True)
class ImportanceEstimate:
    """Estimates of log p(x) for each datum from K weighted draws, in nats.

    Attributes
    ----------
    log_prob : ndarray
        log (1/K) Σ_k w_k, (n,): in expectation a lower bound on log p(x).
    standard_error : ndarray
        Of ``log_prob``, from the spread of the weights, (n,).
    effective_sample_size : ndarray
        (Σ w)² / Σ w², between 1 and K, (n,). If it is near 1, one draw decides the estimate, and
        neither it nor its standard error is to be trusted.
    samples : int
        K.
    ks : tuple of int
        The numbers of draws k of ``bounds``.
    bounds : ndarray
        L_k for each of ``ks`` and each datum, (len(ks), n).
    """

    log_prob: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    samples: int
    ks: tuple[int, ...]
    bounds: np.ndarray

    @property
    def mean(self) -> float:
        """The mean of log p(x) over the data."""
        return float(self.log_prob.mean())

    @property
    def mean_error(self) -> float:
        """The standard error of ``mean`` for these data: the noise of the draws alone."""
        return float(np.sqrt(np.sum(self.standard_error**2)) / len(self.log_prob))

    @property
    def sampling_error(self) -> float:
        """The standard error of ``mean`` as that of all data: what another test set would change.

        The noise of the draws is in it. NaN for one datum.
        """
        return standard_error(self.log_prob)

    def __repr__(self) -> str:
        return (
            f"ImportanceEstimate(log p(x) = {self.mean:.3f} ± {self.sampling_error:.2g} nats, mean "
            f"of {len(self.log_prob)} data; ± {self.mean_error:.2g} from {self.samples} draws each)"
        )


def importance_estimate(
    model: VAE,
    x: Any,
    samples: int = 5000,
    y: Any = None,
    *,
    rng: np.random.Generator,
    ks: Sequence[int] | None = None,
) -> ImportanceEstimate:
    """Estimate log p(x) by draws from the posterior, and the bounds L_k from the same draws.

    log p(x) ≈ log (1/K) Σ_k w_k with w_k = p(x, z_k) / q(z_k|x), z_k ~ q(z|x) (Burda, Grosse &
    Salakhutdinov 2016, equation 8). Its standard error is that of the mean weight, relative to it:
    √((1 / ESS - 1 / K) K / (K - 1)). L_k is the mean of log (1/k) Σ w over groups of k draws; if
    each k divides the next and all divide K, the groups lie within one another and L_k never
    falls, by Jensen's inequality, whatever was drawn.

    Parameters
    ----------
    model : VAE
        The model.
    x, y : array_like
        Data, (n, data_dim), and the condition of each datum for a conditional model.
    samples : int
        K, the number of draws for each datum.
    rng : numpy.random.Generator
        Draws the noise.
    ks : sequence of int, optional
        The numbers of draws for which bounds are wanted, at most K; by default 1, 10, 100, ...
        and K itself.

    Raises
    ------
    ValueError
        If there are no data, if ``samples`` is less than 1, or a k is not between 1 and K.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(4, hidden=(8,), latent=2, rng=rng)
    >>> estimate = mv.evaluation.importance_estimate(model, np.ones((3, 4)), 1000, rng=rng)
    >>> estimate.ks, bool(np.all(np.diff(estimate.bounds, axis=0) >= 0))
    ((1, 10, 100, 1000), True)
    """

    def log_weights(x: Any, y: Any, k: int) -> Tensor:
        return model.log_weights(x, k, y, rng=rng)

    return _estimate(log_weights, model, x, samples, y, ks)


def prior_estimate(
    model: VAE,
    x: Any,
    samples: int = 5000,
    y: Any = None,
    *,
    rng: np.random.Generator,
    ks: Sequence[int] | None = None,
) -> ImportanceEstimate:
    """Estimate log p(x) by draws from the prior: p(x) ≈ (1/K) Σ_k p(x|z_k), z_k ~ p(z).

    What p(x) = E p(x|z) suggests, and useless where z has more than a few dimensions: nearly all
    draws have p(x|z) ≈ 0, the effective sample size falls to 1, and the estimate lies far below
    log p(x) (Doersch 2016, section 2). It is here to be compared with
    :func:`importance_estimate`, whose arguments it has.
    """

    def log_weights(x: Any, y: Any, k: int) -> Tensor:
        z = model.prior.sample(rng, k * len(x)).reshape(k, len(x), model.latent)
        return model.log_likelihood(x, z, y)

    return _estimate(log_weights, model, x, samples, y, ks)


def _estimate(
    log_weights: Callable[[Any, Any, int], Tensor],
    model: VAE,
    x: Any,
    samples: int,
    y: Any,
    ks: Sequence[int] | None,
) -> ImportanceEstimate:
    """Summarise the weights of ``samples`` draws for each datum, in bounded memory."""
    if not isinstance(samples, int | np.integer) or samples < 1:
        raise ValueError(f"an estimate of log p(x) needs samples from 1 on, not {samples!r}")
    powers = tuple(10**i for i in range(len(str(samples))))
    ks = tuple(sorted({*powers, int(samples)})) if ks is None else tuple(ks)
    if not all(1 <= k <= samples for k in ks):
        raise ValueError(f"ks must lie between 1 and samples={samples}, they are {ks}")
    x = model.as_data(x)
    if len(x) == 0:
        raise ValueError("there are no data to estimate log p(x) of")
    parts = []
    with no_grad():
        for rows in blocks(len(x), samples):
            data = x[rows], rows_of(y, rows)
            drawn = [log_weights(*data, k).data.astype(np.float64) for k in chunks(samples)]
            log_w = np.concatenate(drawn)
            parts.append((*summary(log_w), bounds_from(log_w, ks)))
    log_p, error, size, bounds = (np.concatenate(a, axis=-1) for a in zip(*parts, strict=True))
    return ImportanceEstimate(log_p, error, size, int(samples), ks, bounds)


def summary(log_w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log of the mean weight, its standard error, and the effective sample size, each (n,).

    ``log_w`` is (K, n). A single draw tells nothing of its error: NaN.
    """
    k = len(log_w)
    log_sum = logsumexp(log_w, axis=0)
    ess = 1 / np.sum(np.exp(log_w - log_sum) ** 2, axis=0)
    if k == 1:
        return log_sum, np.full(log_sum.shape, np.nan), ess
    variance = (1 / ess - 1 / k) * k / (k - 1)
    return log_sum - np.log(k), np.sqrt(np.maximum(variance, 0.0)), ess


def bounds_from(log_w: np.ndarray, ks: Sequence[int]) -> np.ndarray:
    """Return L_k of each datum from log weights (K, n), for each of ``ks``: (len(ks), n)."""
    n = log_w.shape[1]
    groups = (log_w[: len(log_w) // k * k].reshape(-1, k, n) for k in ks)
    means = [logsumexp(g, axis=1).mean(axis=0) - np.log(g.shape[1]) for g in groups]
    return np.array(means).reshape(len(ks), n)
