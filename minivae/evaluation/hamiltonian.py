"""Paths of distributions that end at the posterior, and Hamiltonian moves along them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad, vjp
from minivae.models import VAE


@dataclass(frozen=True)
class Path:
    """The distributions f_β = f₀^(1 - β) p(x, z)^β over z, unnormalised, for n data.

    Attributes
    ----------
    base : Distribution
        f₀.
    log_base, log_rest : callable
        Maps z (k, n, latent) to log f₀(z) and to log p(x, z) - log f₀(z), each (k, n).
    scale : ndarray
        The unit of length of each dimension of z, (n, latent).
    """

    base: Any
    log_base: Callable[[Any], Tensor]
    log_rest: Callable[[Any], Tensor]
    scale: np.ndarray

    @property
    def n(self) -> int:
        """The number of data."""
        return len(self.scale)

    def draw(self, chains: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z ~ f₀, (chains, n, latent)."""
        shape = chains, *self.scale.shape
        per_datum = self.base.mean.ndim == 2
        z = self.base.sample(rng, chains if per_datum else chains * self.n)
        return z.astype(np.float64).reshape(shape)

    def ascent(self, z: np.ndarray) -> np.ndarray:
        """Return log p(x, z) - log f₀(z) = ∂ log f_β(z) / ∂β, (k, n)."""
        return self.log_rest(z).data.astype(np.float64)

    def value_and_slope(self, beta: float, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log f_β(z), (k, n), and its gradient in z, (k, n, latent)."""
        value, pull = vjp(lambda z: self.log_base(z) + self.log_rest(z) * float(beta), z)
        (slope,) = pull(np.ones(value.shape))
        return value.data.astype(np.float64), slope.data.astype(np.float64)


def path_from(start: str, model: VAE, x: Any, y: Any) -> Path:
    """Return the path from the prior, or from the encoder's posterior, to p(z|x)."""
    prior = model.prior
    if start == "prior":
        scale = np.ones((len(x), model.latent))
        return Path(prior, prior.log_prob, lambda z: model.decode(z, y).log_prob(x), scale)
    if start == "posterior":
        with no_grad():
            q = model.encode(x, y)
            scale = np.array(np.broadcast_to(q.std.data, (len(x), model.latent)), np.float64)

        def log_rest(z: Any) -> Tensor:
            return model.decode(z, y).log_prob(x) + prior.log_prob(z) - q.log_prob(z)

        return Path(q, q.log_prob, log_rest, scale)
    raise ValueError(f"start {start!r} is unknown; choose one of prior, posterior")


def transition(
    path: Path, beta: float, z: np.ndarray, size: np.ndarray, steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Move every chain once by Hamiltonian Monte Carlo, which leaves f_β invariant.

    With a fresh momentum r ~ N(0, I), leapfrog steps along dz = r dt, dr = ∇ log f_β dt keep
    log f_β(z) - ½ ‖r‖² nearly constant; what they change in it decides whether the end is
    accepted (Neal 2011, section 5.3).

    Parameters
    ----------
    path : Path
        The distributions.
    beta : float
        Which of them.
    z : ndarray
        Where the chains are, (k, n, latent).
    size : ndarray
        The step size of each datum, in units of the path's ``scale``, (n,).
    steps : int
        Leapfrog steps.
    rng : numpy.random.Generator
        Draws momenta and acceptances.

    Returns
    -------
    tuple of ndarray
        Where the chains are now, and the probability with which each move was accepted, (k, n).
    """
    length = size[:, None] * path.scale
    r = rng.standard_normal(z.shape)
    value, slope = path.value_and_slope(beta, z)
    energy = value - 0.5 * np.sum(r * r, axis=-1)
    moved = z
    with np.errstate(over="ignore", invalid="ignore"):  # a chain that runs away is refused
        for _ in range(steps):
            r = r + 0.5 * length * slope
            moved = moved + length * r
            value, slope = path.value_and_slope(beta, moved)
            r = r + 0.5 * length * slope
        change = value - 0.5 * np.sum(r * r, axis=-1) - energy
    probability = np.exp(np.minimum(np.where(np.isnan(change), -np.inf, change), 0.0))
    accepted = rng.random(probability.shape) < probability
    return np.where(accepted[..., None], moved, z), probability
