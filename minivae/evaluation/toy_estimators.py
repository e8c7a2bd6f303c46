"""Estimators of d/dμ E[f(z)] and d/dσ E[f(z)] for z ~ N(μ, diag σ²), on toys with exact answers.

With z = μ + σ ε, ε ~ N(0, I), and s = ε / σ = d/dμ log N(z; μ, σ²):

    pathwise         ∂f/∂z                     the derivative of f, along the path of z
    score            (f(z) - b) s              the value of f alone, less a constant b
    leave_one_out    (f(z_k) - b_k) s_k        b_k: the mean of f at the other draws

All are unbiased for a smooth f, and differ in variance. Reparameterization is **not** always the
better one: its variance grows with the slope of f, that of the score function with the size of f.
For ‖z‖² in D dimensions they are 4 and about D²; but for f = cos(ω z) and z ~ N(0, 1) the pathwise
variance grows like ω²/2 while that of the score function stays near ½, and reparameterization is
the better one only below ω = 0.8512. And it needs the slope: it sees no jump of f at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import sum

ESTIMATORS = ("pathwise", "score", "leave_one_out")


def gradient_samples(
    f: Callable[[Tensor], Tensor],
    mu: Any,
    sigma: Any,
    estimator: str,
    n: int,
    rng: np.random.Generator,
    *,
    of: str = "mu",
    draws: int = 1,
    baseline: float = 0.0,
) -> np.ndarray:
    """Return ``n`` independent estimates of the gradient of E[f(z)], z ~ N(μ, diag σ²).

    Parameters
    ----------
    f : callable
        Maps a tensor of draws (m, ...) to their values (m,), by operations of the engine; ``...``
        is the shape of ``mu``. The pathwise estimator needs a continuous f: it does not see a jump.
    mu, sigma : array_like
        Mean, and standard deviation of each entry (broadcast to the shape of ``mu``).
    estimator : {"pathwise", "score", "leave_one_out"}
        As in the head of this file.
    n : int
        Number of estimates.
    rng : numpy.random.Generator
        Draws ε.
    of : {"mu", "sigma"}
        The parameter of the derivative; for σ it is ∂f/∂z ε or (f(z) - b) (ε² - 1) / σ.
    draws : int
        Draws of z of which each estimate is the mean; leave-one-out needs two or more.
    baseline : float
        The constant b of the score function.

    Returns
    -------
    ndarray
        (n, ...), one estimate a row.

    Raises
    ------
    ValueError
        If a name is unknown, a number makes no sense, or f does not return one value a draw.

    References
    ----------
    Kingma and Welling (2014), section 2.3; Williams (1992); Kool, van Hoof and Welling (2019).

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> from minivae.evaluation import gradient_samples
    >>> rng = np.random.default_rng(0)
    >>> g = gradient_samples(mv.square, 1.0, 1.0, "pathwise", 10_000, rng)
    >>> g.mean().round(1), g.var().round(1)  # d/dμ (μ² + σ²) = 2, and 4
    (np.float64(2.0), np.float64(4.0))
    """
    mu, sigma = _parameters(mu, sigma)
    if estimator not in ESTIMATORS or of not in ("mu", "sigma"):
        raise ValueError(
            f"gradient_samples: estimator is one of {', '.join(ESTIMATORS)}, and of= is mu or "
            f"sigma; they are {estimator!r} and {of!r}"
        )
    if n < 1 or draws < (2 if estimator == "leave_one_out" else 1):
        raise ValueError(
            f"gradient_samples: {estimator} needs n of at least 1 and draws of at least "
            f"{2 if estimator == 'leave_one_out' else 1}; they are {n} and {draws}"
        )
    if baseline and estimator != "score":
        raise ValueError(
            f"gradient_samples: a constant baseline belongs to the score function, {estimator} has "
            "none; leave it out, or choose estimator='score'"
        )
    eps = rng.standard_normal((n * draws, *mu.shape)).astype(mu.dtype)
    z = mu + sigma * eps
    if estimator == "pathwise":
        estimates = _slopes(f, z)  # ∂z/∂μ = 1, ∂z/∂σ = ε
        estimates = estimates * eps if of == "sigma" else estimates
    else:
        score = (eps if of == "mu" else eps**2 - 1) / sigma
        values = _values(f, z).reshape(n, draws)
        if estimator == "leave_one_out":
            values = (values - values.mean(axis=1, keepdims=True)) * draws / (draws - 1)
        values = (values - values.dtype.type(baseline)).reshape(-1, *[1] * mu.ndim)
        estimates = values * score
    return estimates.reshape(n, draws, *mu.shape).mean(axis=1)


class VarianceEstimate(NamedTuple):
    """A variance estimated from samples, and its standard error."""

    value: np.ndarray
    error: np.ndarray


def variance_estimate(samples: Any) -> VarianceEstimate:
    """Return the variance of independent samples along the first axis, with its standard error.

    Var(s²) = (m₄ - (n - 3) / (n - 1) s⁴) / n, with the fourth central moment m₄.

    Parameters
    ----------
    samples : array_like
        (n, ...), n of at least 4.

    Examples
    --------
    >>> from minivae.evaluation import variance_estimate
    >>> variance_estimate([0.0, 1.0, 2.0, 3.0]).value
    np.float64(1.6666666666666667)
    """
    samples = np.asarray(samples, np.float64)
    n = len(samples)
    if n < 4:
        raise ValueError(f"variance_estimate: a standard error needs 4 samples or more, not {n}")
    squares = (samples - samples.mean(axis=0)) ** 2
    value = squares.sum(axis=0) / (n - 1)
    spread = (squares**2).mean(axis=0) - (n - 3) / (n - 1) * value**2
    return VarianceEstimate(value, np.sqrt(np.maximum(spread, 0.0) / n))


@dataclass(frozen=True)
class EstimatorMoments:
    """The expectations under z ~ N(μ, σ²) that fix the variance of every estimator of d/dμ E[f].

    For z with several entries, each array holds one number for each entry: s and ∂f/∂z are of that
    entry, f is of the whole z.

    Attributes
    ----------
    value, square : ndarray
        E[f] and E[f²].
    gradient : ndarray
        E[∂f/∂z] = E[f s], what is estimated.
    slope_square : ndarray
        E[(∂f/∂z)²].
    weighted, weighted_square : ndarray
        E[f s²] and E[f² s²].
    sigma : ndarray
        σ; E[s²] = 1 / σ².
    """

    value: np.ndarray
    square: np.ndarray
    gradient: np.ndarray
    slope_square: np.ndarray
    weighted: np.ndarray
    weighted_square: np.ndarray
    sigma: np.ndarray

    @property
    def best_baseline(self) -> np.ndarray:
        """The constant b of least variance, E[f s²] / E[s²]; it is not the mean of f."""
        return self.weighted * self.sigma**2

    def variance(
        self, estimator: str, *, draws: int = 1, baseline: float | np.ndarray = 0.0
    ) -> np.ndarray:
        """Return the exact variance of what :func:`gradient_samples` returns, of each entry.

        Leave-one-out is the sample covariance of f and s, whose variance is known.
        """
        b, k = baseline, draws
        if estimator == "pathwise":
            return (self.slope_square - self.gradient**2) / k
        if estimator == "score":
            about = self.weighted_square - 2 * b * self.weighted + b**2 / self.sigma**2
            return (about - self.gradient**2) / k  # E[(f - b)² s²] - E[f s]²
        if estimator == "leave_one_out":
            b = self.value
            about = self.weighted_square - 2 * b * self.weighted + b**2 / self.sigma**2
            product = (self.square - b**2) / self.sigma**2  # Var f Var s
            return (about - (k - 2) / (k - 1) * self.gradient**2 + product / (k - 1)) / k
        raise ValueError(f"variance: estimator is one of {', '.join(ESTIMATORS)}, not {estimator}")


def squared_norm(z: Tensor) -> Tensor:
    """Return f(z) = ‖z‖² of each row, (m,)."""
    return sum(z * z, axis=tuple(range(1, z.ndim)))


def squared_norm_moments(mu: Any, sigma: Any = 1.0) -> EstimatorMoments:
    """Return the moments of f(z) = ‖z‖² under N(μ, σ² I), one σ for all entries.

    At σ = 1 the variance of the pathwise estimator is 4 whatever the dimension D, and that of the
    score function, with m = D - 1 + Σ_{i≠j} μ_i² and v = 2 (D - 1) + 4 Σ_{i≠j} μ_i² the mean and
    variance of the other entries' share,

        μ_j⁴ + 14 μ_j² + 15 + 2 m (μ_j² + 3) + m² + v,

    which is μ⁴ + 14 μ² + 15 for D = 1, and (D - 1)² + 8 (D - 1) + 15 at μ = 0.

    Examples
    --------
    >>> import numpy as np
    >>> from minivae.evaluation import squared_norm_moments
    >>> squared_norm_moments(1.0).variance("score")
    np.float64(30.0)
    >>> squared_norm_moments(np.zeros(10)).variance("score")[0]
    np.float64(168.0)
    """
    mu, sigma = _parameters(mu, sigma)
    if np.ptp(sigma):
        raise ValueError("squared_norm_moments: one sigma for all entries, please; these differ")
    t2 = (mu / sigma) ** 2
    rest = t2.sum() - t2
    m, v = mu.size - 1 + rest, 2 * (mu.size - 1) + 4 * rest
    value = sigma**2 * (mu.size + t2.sum())
    ones = np.ones_like(mu)
    return EstimatorMoments(
        value=value * ones,
        square=(value**2 + sigma**4 * (2 * mu.size + 4 * t2.sum())) * ones,
        gradient=2 * mu,
        slope_square=4 * (mu**2 + sigma**2),
        weighted=m + t2 + 3,
        weighted_square=sigma**2 * (t2**2 + 18 * t2 + 15 + 2 * m * (t2 + 3) + m**2 + v),
        sigma=sigma,
    )


def cosine_moments(omega: float, mu: Any = 0.0, sigma: Any = 1.0) -> EstimatorMoments:
    """Return the moments of f(z) = cos(ω z) under N(μ, σ²), for each entry of μ by itself.

    From E[cos(a ε)] = e^(-a²/2) and E[cos(a ε) ε²] = (1 - a²) e^(-a²/2). At μ = 0, σ = 1 the
    variances are ω² (1 - e^(-2ω²)) / 2 (pathwise) and ½ + ½ (1 - 4 ω²) e^(-2ω²) (score): they
    cross at ω = 0.8512, above which reparameterization is the worse one.

    Examples
    --------
    >>> from minivae.evaluation import cosine_moments
    >>> f = cosine_moments(5.0)
    >>> f.variance("pathwise").round(3), f.variance("score").round(3)
    (np.float64(12.5), np.float64(0.5))
    """
    mu, sigma = _parameters(mu, sigma)
    a = omega * sigma
    once, twice = np.exp(-(a**2) / 2), np.exp(-2 * a**2)  # of a ε and of 2 a ε
    cos, sin, cos2 = np.cos(omega * mu), np.sin(omega * mu), np.cos(2 * omega * mu)
    return EstimatorMoments(
        value=cos * once,
        square=(1 + cos2 * twice) / 2,
        gradient=-omega * sin * once,
        slope_square=omega**2 * (1 - cos2 * twice) / 2,
        weighted=cos * (1 - a**2) * once / sigma**2,
        weighted_square=(1 + cos2 * (1 - 4 * a**2) * twice) / 2 / sigma**2,
        sigma=sigma,
    )


def _parameters(mu: Any, sigma: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return μ as an array of floats and σ of its shape and type."""
    mu = np.asarray(mu)
    mu = mu if mu.dtype.kind == "f" else mu.astype(np.float64)
    sigma = np.broadcast_to(np.asarray(sigma, mu.dtype), mu.shape)
    if not np.all(sigma > 0):
        raise ValueError(f"sigma must be positive, its least entry is {sigma.min()}")
    return mu, sigma


def _values(f: Callable[[Tensor], Tensor], z: np.ndarray) -> np.ndarray:
    with no_grad():
        return _checked(f(Tensor(z)), z).data


def _slopes(f: Callable[[Tensor], Tensor], z: np.ndarray) -> np.ndarray:
    leaf = Tensor(z, requires_grad=True)
    _checked(f(leaf), z).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def _checked(values: Tensor, z: np.ndarray) -> Tensor:
    if values.shape != (len(z),):
        raise ValueError(
            f"gradient_samples: f must map draws {z.shape} to one value each, ({len(z)},); it "
            f"returned {values.shape}; sum over the other axes?"
        )
    return values
