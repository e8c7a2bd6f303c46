"""Draws of z from the posterior, in bounded memory: what the estimates of bounds are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.distributions import Normal
from minivae.engine import no_grad
from minivae.models import VAE

ROWS = 4096  # codes that are decoded at once


@dataclass(frozen=True)
class Draws:
    """The densities at k draws z ~ q(z|x) for each of n data, in double precision and nats.

    Attributes
    ----------
    log_likelihood, log_prior, log_posterior : ndarray
        log p(x|z), log p(z) and log q(z|x), (k, n).
    kl : ndarray or None
        KL(q(z|x) ‖ p(z)) in closed form, (n,); None where there is none.
    kl_per_dim : ndarray or None
        Its split over the dimensions of z, (n, latent); None where there is none.
    """

    log_likelihood: np.ndarray
    log_prior: np.ndarray
    log_posterior: np.ndarray
    kl: np.ndarray | None
    kl_per_dim: np.ndarray | None

    @property
    def reconstruction(self) -> np.ndarray:
        """E_q[log p(x|z)] of each datum, the mean over its draws, (n,)."""
        return self.log_likelihood.mean(axis=0)

    @property
    def rate(self) -> np.ndarray:
        """KL(q(z|x) ‖ p(z)) of each datum: in closed form, or the mean of log q - log p, (n,)."""
        sampled = self.log_posterior - self.log_prior
        return sampled.mean(axis=0) if self.kl is None else self.kl


def posterior_draws(
    model: VAE, x: Any, y: Any, draws: int, rng: np.random.Generator
) -> Iterator[Draws]:
    """Yield the draws for one block of data after the other.

    Raises
    ------
    ValueError
        If there are no data or no draws.
    """
    x = model.as_data(x)
    if len(x) == 0 or draws < 1:
        raise ValueError(
            f"a mean needs at least one datum and one draw of z, not {len(x)} and {draws}"
        )
    model.likelihood.check(x)
    with no_grad():
        for rows in blocks(len(x), draws):
            yield _densities(model, x[rows], rows_of(y, rows), draws, rng)


def _densities(model: VAE, x: Any, y: Any, draws: int, rng: np.random.Generator) -> Draws:
    q, prior = model.encode(x, y), model.prior
    parts = []
    for k in chunks(draws):
        z = q.rsample(rng, k)
        values = model.decode(z, y).log_prob(x), prior.log_prob(z), q.log_prob(z)
        parts.append([a.data.astype(np.float64) for a in values])
    likelihood, log_prior, log_q = (np.concatenate(a) for a in zip(*parts, strict=True))
    kl = per_dim = None
    if isinstance(prior, Normal):
        kl = q.kl(prior).data.astype(np.float64)
    if isinstance(prior, Normal) and prior.is_standard:
        per_dim = q.kl_per_dim(prior).data.astype(np.float64)
    return Draws(likelihood, log_prior, log_q, kl, per_dim)


def blocks(n: int, draws: int) -> Iterator[slice]:
    """Divide ``n`` data, each with ``draws`` codes, into blocks of at most ``ROWS`` codes."""
    rows = max(1, ROWS // draws)
    return (slice(i, min(i + rows, n)) for i in range(0, n, rows))


def chunks(draws: int) -> Iterator[int]:
    """Divide the draws for one block into parts of at most ``ROWS``."""
    return (min(ROWS, draws - i) for i in range(0, draws, ROWS))


def rows_of(y: Any, rows: slice) -> Any:
    """Return these rows of the condition, if there is one."""
    return None if y is None else y[rows]


def standard_error(values: np.ndarray) -> float:
    """Return the standard error of the mean of values over data; NaN for one datum."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
