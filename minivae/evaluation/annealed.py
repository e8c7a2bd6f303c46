"""Annealed importance sampling: log p(x) from below, and from both sides for simulated data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.engine import no_grad
from minivae.evaluation.draws import blocks, rows_of, standard_error
from minivae.evaluation.hamiltonian import Path, path_from, transition
from minivae.evaluation.importance import summary
from minivae.models import VAE

_PILOTS = 4  # chains that find the step sizes
_STEP = 0.2  # where they begin, in the units of the path
_ACCEPTED = 0.65  # of the proposals: the best for Hamiltonian Monte Carlo (Beskos et al. 2013)
_GAIN = 0.2


@dataclass(frozen=True)
class AnnealedEstimate:
    """Estimates of log p(x) by annealed importance sampling, for each datum, in nats.

    Attributes
    ----------
    log_prob : ndarray
        The estimate, (n,): in expectation below log p(x) for a forward run, above it for a reverse
        one.
    standard_error : ndarray
        Of ``log_prob``, from the spread of the chains' weights, (n,); NaN for one chain.
    effective_sample_size : ndarray
        (Σ w)² / Σ w² of the chains, (n,).
    acceptance : ndarray
        The share of proposals that were accepted, (n,).
    """

    log_prob: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    acceptance: np.ndarray

    @property
    def mean(self) -> float:
        """The mean over the data."""
        return float(self.log_prob.mean())

    @property
    def sampling_error(self) -> float:
        """The standard error of ``mean`` over data, the noise of the chains included."""
        return standard_error(self.log_prob)


@dataclass(frozen=True)
class Bracket:
    """Log p(x) of data that the model made itself, from below and from above.

    Attributes
    ----------
    x : ndarray
        The simulated data, (n, data_dim).
    lower, upper : AnnealedEstimate
        A forward run, and a reverse run from the exact posterior draw that each datum comes with.
    """

    x: np.ndarray
    lower: AnnealedEstimate
    upper: AnnealedEstimate

    @property
    def width(self) -> float:
        """The mean of upper - lower: in expectation at least the error of either, in nats."""
        return self.upper.mean - self.lower.mean

    @property
    def width_error(self) -> float:
        """The standard error of ``width`` over data."""
        return standard_error(self.upper.log_prob - self.lower.log_prob)

    def __repr__(self) -> str:
        return (
            f"Bracket({self.lower.mean:.3f} to {self.upper.mean:.3f} nats, width {self.width:.3f} "
            f"± {self.width_error:.2g}, mean of {len(self.x)} data)"
        )


def annealed_estimate(
    model: VAE,
    x: Any,
    y: Any = None,
    *,
    rng: np.random.Generator,
    chains: int = 16,
    steps: int = 500,
    leapfrog: int = 10,
    start: str = "prior",
) -> AnnealedEstimate:
    """Estimate log p(x) along a path of distributions from one that can be drawn to p(z|x).

    With f₀ = p(z) and f_t = f₀^(1 - β_t) p(x, z)^β_t, 0 = β₀ < ... < β_T = 1, a chain begins at
    z₀ ~ f₀ and moves by Hamiltonian transitions that leave f_t invariant. Its weight

        log w = Σ_t log f_t(z_{t-1}) - log f_{t-1}(z_{t-1})

    has E w = p(x), so that log of the mean weight is in expectation below log p(x) (Neal 2001;
    Wu, Burda, Salakhutdinov & Grosse 2017). The step sizes are found by a run before, whose
    chains are not used. The path does not ask the encoder if it starts at the prior: a mode that
    q misses is not missed by it.

    Parameters
    ----------
    model : VAE
        The model.
    x, y : array_like
        Data, (n, data_dim), and the condition of each datum for a conditional model.
    rng : numpy.random.Generator
        Draws starts, momenta and acceptances.
    chains : int
        Chains for each datum.
    steps : int
        T: the more, the closer is the bound.
    leapfrog : int
        Leapfrog steps in a transition.
    start : {"prior", "posterior"}
        f₀: p(z), or the encoder's q(z|x), which needs fewer steps where q is good.

    Raises
    ------
    ValueError
        If there are no data, a number is less than 1, or ``start`` is another word.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(4, hidden=(8,), latent=2, dtype="float64", rng=rng)
    >>> estimate = mv.evaluation.annealed_estimate(model, np.ones((3, 4)), steps=20, rng=rng)
    >>> exact = mv.evaluation.quadrature(model, np.ones((3, 4))).log_prob
    >>> bool(np.all(np.abs(estimate.log_prob - exact) < 0.3))
    True
    """
    x = _checked(model, x, chains, steps, leapfrog)
    parts = []
    with no_grad():
        for rows in blocks(len(x), chains):
            path = path_from(start, model, x[rows], rows_of(y, rows))
            parts.append(_forward(path, _tuned(path, steps, leapfrog, rng), chains, leapfrog, rng))
    return _joined(parts, sign=1)


def annealed_bracket(
    model: VAE,
    n: int,
    y: Any = None,
    *,
    rng: np.random.Generator,
    chains: int = 16,
    steps: int = 500,
    leapfrog: int = 10,
    start: str = "prior",
) -> Bracket:
    """Simulate ``n`` data and enclose their log p(x): bidirectional Monte Carlo.

    z ~ p(z), x ~ p(x|z) makes z an exact draw from p(z|x). Chains that run the path backwards from
    there have weights with E 1 / w = 1 / p(x), so that -log of the mean of 1 / w is in expectation
    above log p(x). If the two bounds meet, the estimator works for this model (Grosse, Ghahramani
    & Adams 2015). Of test data no exact posterior draw is at hand; the width for simulated data is
    what tells how far :func:`annealed_estimate` with the same settings can be trusted.

    Arguments as for :func:`annealed_estimate`; ``y`` has a condition for each of the ``n`` data.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(4, hidden=(8,), latent=2, dtype="float64", rng=rng)
    >>> bool(mv.evaluation.annealed_bracket(model, 50, steps=20, rng=rng).width < 0.1)
    True
    """
    with no_grad():
        z = model.prior.sample(rng, n)
        x = model.decode(z, y).sample(rng)
    _checked(model, x, chains, steps, leapfrog)
    lower, upper = [], []
    with no_grad():
        for rows in blocks(n, chains):
            path = path_from(start, model, x[rows], rows_of(y, rows))
            sizes = _tuned(path, steps, leapfrog, rng)
            lower.append(_forward(path, sizes, chains, leapfrog, rng))
            upper.append(_reverse(path, sizes, z[rows], chains, leapfrog, rng))
    return Bracket(x, _joined(lower, sign=1), _joined(upper, sign=-1))


def _checked(model: VAE, x: Any, chains: int, steps: int, leapfrog: int) -> Any:
    x = model.as_data(x)
    model.likelihood.check(x)
    if min(len(x), chains, steps, leapfrog) < 1:
        raise ValueError(
            "annealed importance sampling needs at least one datum, chain, step and leapfrog step, "
            f"not {len(x)}, {chains}, {steps} and {leapfrog}"
        )
    return x


def temperatures(steps: int) -> np.ndarray:
    """Return 0 = β₀ < ... < β_T = 1, close together at both ends: a sigmoid from -4 to 4."""
    t = 1 / (1 + np.exp(-np.linspace(-4.0, 4.0, steps + 1)))
    return (t - t[0]) / (t[-1] - t[0])


def _tuned(path: Path, steps: int, leapfrog: int, rng: np.random.Generator) -> np.ndarray:
    """Return a step size for each temperature and datum, (steps, n), found by pilot chains."""
    sizes = np.full((steps, path.n), _STEP)
    z = path.draw(_PILOTS, rng)
    for t, beta in enumerate(temperatures(steps)[1:-1], 1):
        sizes[t] = sizes[t - 1]
        z, accepted = transition(path, beta, z, sizes[t], leapfrog, rng)
        log_size = np.log(sizes[t]) + _GAIN * (accepted.mean(axis=0) - _ACCEPTED)
        sizes[t] = np.exp(log_size)
    return sizes


def _forward(
    path: Path, sizes: np.ndarray, chains: int, leapfrog: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Run from f₀ to p(z|x): log weights (chains, n), and the share of accepted proposals."""
    betas = temperatures(len(sizes))
    z = path.draw(chains, rng)
    log_w = betas[1] * path.ascent(z)
    rates = [np.ones_like(log_w)]
    for t in range(1, len(sizes)):
        z, rate = transition(path, betas[t], z, sizes[t], leapfrog, rng)
        log_w += (betas[t + 1] - betas[t]) * path.ascent(z)
        rates.append(rate)
    return log_w, np.mean(rates, axis=(0, 1))


def _reverse(
    path: Path, sizes: np.ndarray, z: Any, chains: int, leapfrog: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Run from exact draws of p(z|x), (n, latent), back to f₀: the same path's log weights."""
    betas = temperatures(len(sizes))
    z = np.repeat(np.asarray(z, np.float64)[None], chains, axis=0)
    log_w = (1.0 - betas[-2]) * path.ascent(z)
    rates = [np.ones_like(log_w)]
    for t in range(len(sizes) - 1, 0, -1):
        z, rate = transition(path, betas[t], z, sizes[t], leapfrog, rng)
        log_w += (betas[t] - betas[t - 1]) * path.ascent(z)
        rates.append(rate)
    return log_w, np.mean(rates, axis=(0, 1))


def _joined(parts: list[tuple[np.ndarray, np.ndarray]], sign: int) -> AnnealedEstimate:
    """Summarise chains: log of the mean of w, or for sign -1 minus log of the mean of 1 / w."""
    log_w, rates = (np.concatenate(a, axis=-1) for a in zip(*parts, strict=True))
    log_p, error, size = summary(sign * log_w)
    return AnnealedEstimate(sign * log_p, error, size, rates)
