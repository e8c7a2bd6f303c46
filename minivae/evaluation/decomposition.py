"""What the bound consists of, and what it lacks: the two terms of the ELBO, and its gap."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from minivae.distributions import Normal
from minivae.engine import no_grad
from minivae.evaluation.draws import blocks, posterior_draws, standard_error
from minivae.evaluation.exact import LinearGaussian
from minivae.evaluation.quadrature import quadrature
from minivae.models import VAE

_NODES = {1: (801, 601), 2: (241, 201)}  # to an axis, for the two expectations
_REACH = 8.5  # standard deviations of q; beyond them lies 2e-17 of it


@dataclass(frozen=True)
class ElboSplit:
    """Means over data, in nats: elbo = reconstruction - kl.

    Attributes
    ----------
    elbo, reconstruction, kl : float
        The bound, E_q[log p(x|z)] and KL(q(z|x) ‖ p(z)).
    elbo_error, reconstruction_error, kl_error : float
        Standard errors of these means over data, the noise of the draws included; NaN for one
        datum.
    kl_per_dim : ndarray or None
        The share of each latent dimension in ``kl``, (latent,); None where KL has no split.
    """

    elbo: float
    reconstruction: float
    kl: float
    elbo_error: float
    reconstruction_error: float
    kl_error: float
    kl_per_dim: np.ndarray | None


def split_elbo(
    model: VAE, x: Any, y: Any = None, *, rng: np.random.Generator, draws: int = 10
) -> ElboSplit:
    """Estimate the ELBO of data and its terms, with ``draws`` draws of z for each datum.

    The divergence is in closed form where there is one; to a mixture prior it is the mean of
    log q(z|x) - log p(z) over the same draws.

    Parameters
    ----------
    model : VAE
        The model.
    x, y : array_like
        Data, (n, data_dim), and the condition of each datum for a conditional model.
    rng : numpy.random.Generator
        Draws the noise.
    draws : int
        Draws of z for each datum.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(4, hidden=(8,), latent=2, rng=rng)
    >>> split = mv.evaluation.split_elbo(model, np.ones((30, 4)), rng=rng)
    >>> bool(np.isclose(split.kl_per_dim.sum(), split.kl))
    True
    """
    drawn = posterior_draws(model, x, y, draws, rng)
    parts = [(d.reconstruction, d.rate, d.kl_per_dim) for d in drawn]
    reconstruction, kl = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    shares = [per_dim for _, _, per_dim in parts if per_dim is not None]
    return ElboSplit(
        elbo=float(np.mean(reconstruction - kl)),
        reconstruction=float(reconstruction.mean()),
        kl=float(kl.mean()),
        elbo_error=standard_error(reconstruction - kl),
        reconstruction_error=standard_error(reconstruction),
        kl_error=standard_error(kl),
        kl_per_dim=np.concatenate(shares).mean(axis=0) if shares else None,
    )


@dataclass(frozen=True)
class Gap:
    """What the ELBO lacks: log p(x) - ELBO = KL(q(z|x) ‖ p(z|x)), three numbers for each datum.

    The three are computed apart, so that the identity is a check (Neal & Hinton 1998, equation 3).

    Attributes
    ----------
    log_prob, elbo, kl : ndarray
        log p(x), the expected ELBO, and the divergence from the true posterior, (n,), in nats.
    """

    log_prob: np.ndarray
    elbo: np.ndarray
    kl: np.ndarray


def linear_gaussian_gap(model: VAE, x: Any) -> Gap:
    """Return the gap of a linear-Gaussian VAE, without noise or error of integration.

    log p(x|z), log q(z|x) and log p(z|x) are quadratic in z, and the mean of a quadratic function
    over N(μ, L Lᵀ) is its mean over the 2 d points μ ± √d L eⱼ.

    Raises
    ------
    TypeError, ValueError
        If the model is not linear-Gaussian, see :meth:`LinearGaussian.of`.
    """
    exact = LinearGaussian.of(model)
    x = np.asarray(model.as_data(x), np.float64)
    posterior = exact.posterior(x)
    d = model.latent
    cubature = np.sqrt(d) * np.concatenate([np.eye(d), -np.eye(d)])
    with no_grad():
        q = model.encode(x)
        z = q.rsample(eps=np.repeat(cubature[:, None], len(x), axis=1))
        reconstruction = model.decode(z).log_prob(x).data.mean(axis=0)
        kl = (q.log_prob(z).data - posterior.log_prob(z.data).data).mean(axis=0)
        elbo = reconstruction - q.kl(model.prior).data
    return Gap(exact.log_prob(x), elbo, kl)


def quadrature_gap(model: VAE, x: Any, y: Any = None) -> Gap:
    """Return the gap of a model with one or two latent dimensions, by integration on grids.

    log p(x) is integrated over the posterior's region. The ELBO is E_q[log p(x|z)] less KL(q ‖ p),
    which is in closed form for a normal prior; KL(q ‖ p(z|x)) = E_q[log q(z|x) - log p(z|x)], on
    other nodes, with log p(z|x) = log p(x, z) - log p(x). Expectations under q by the trapezoid
    rule over the noise.

    Raises
    ------
    ValueError
        If z has more than two dimensions.
    """
    x = model.as_data(x)
    log_prob = quadrature(model, x, y).log_prob
    first, second = _NODES[model.latent]
    with no_grad():
        q = model.encode(x, y)
        reconstruction, rate = _expectations(model, q, x, y, first)
        kl = q.kl(model.prior).data if isinstance(model.prior, Normal) else rate
        likelihood, rate = _expectations(model, q, x, y, second)
    return Gap(log_prob, reconstruction - kl, log_prob - likelihood + rate)


def _expectations(model: VAE, q: Any, x: Any, y: Any, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return E_q[log p(x|z)] and E_q[log q(z|x) - log p(z)], (n,), ``nodes`` to an axis."""
    eps = np.array(list(product(np.linspace(-_REACH, _REACH, nodes), repeat=model.latent)))
    w = np.exp(-0.5 * np.sum(eps**2, axis=1))
    w /= w.sum()
    total = np.zeros((2, len(x)))
    for rows in blocks(len(w), len(x)):
        z = q.rsample(eps=np.repeat(eps[rows, None], len(x), axis=1))
        total[0] += w[rows] @ model.decode(z, y).log_prob(x).data
        total[1] += w[rows] @ (q.log_prob(z).data - model.prior.log_prob(z).data)
    return total[0], total[1]


@dataclass(frozen=True)
class FamilyGaps:
    """The least KL(q ‖ p(z|x)) that each family of normal q can reach, in nats.

    isotropic ≥ diagonal ≥ full = 0 for a normal posterior: by the inequality of arithmetic and
    geometric means, and by Hadamard's inequality. ``full`` is computed as the others are, and is 0
    to rounding.
    """

    isotropic: float
    diagonal: float
    full: float


def family_gaps(precision: np.ndarray) -> FamilyGaps:
    """Return the least gap of each posterior family, for a normal posterior N(m, P⁻¹).

    The gap of N(m, S) is ½ (tr P S - d - log |P S|), and the best q has the mean m. With
    independent entries its variances are 1 / Pᵢᵢ, and the gap is ½ (Σᵢ log Pᵢᵢ - log |P|); as
    N(m, k I) it has k = d / tr P, and ½ (d log (tr P / d) - log |P|); as N(m, S) it has S = P⁻¹.

    Parameters
    ----------
    precision : ndarray
        P, symmetric and positive definite, (d, d), as :attr:`LinearGaussian.precision`.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> import numpy as np
    >>> gaps = family_gaps(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> round(gaps.diagonal, 4)  # ½ log (4 / 3)
    0.1438
    """
    P = np.asarray(precision, np.float64)
    if P.ndim != 2 or P.shape[0] != P.shape[1] or not np.allclose(P, P.T):
        raise ValueError(
            f"family_gaps: a precision matrix is square and symmetric, this of shape {P.shape} is "
            "not; take LinearGaussian.precision"
        )
    least = np.linalg.eigvalsh(P)[0]
    if least <= 0:
        raise ValueError(
            f"family_gaps: a precision matrix is positive definite, this has the eigenvalue "
            f"{least:.3g}"
        )
    d, variances = len(P), np.diag(P)
    best = (np.eye(d) / variances.mean(), np.diag(1 / variances), np.linalg.inv(P))
    return FamilyGaps(*(_gap_of(P, covariance) for covariance in best))


def _gap_of(P: np.ndarray, S: np.ndarray) -> float:
    """Return KL(N(m, S) ‖ N(m, P⁻¹)) = ½ (tr P S - d - log |P| - log |S|)."""
    logs = np.linalg.slogdet(P)[1] + np.linalg.slogdet(S)[1]
    return float(0.5 * (np.sum(P * S) - len(P) - logs))
