"""What codes tell of their data, and how well they fill the prior: the ELBO taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy.special import logsumexp

from minivae.distributions import Normal
from minivae.engine import no_grad
from minivae.models import VAE

_ENTRIES = 2**21  # of one block of all pairs of a draw and a posterior: bounds the memory


@dataclass(frozen=True)
class ElboSurgery:
    """The terms of the ELBO over n data, in nats, all from the same draws of z.

    elbo = reconstruction - kl,  kl = mutual_information + aggregate_kl,  and with a prior of
    independent entries  aggregate_kl = total_correlation + Σ dimension_kl.

    Attributes
    ----------
    n : int
        Number of data; ``cap`` = log n is the most that the mutual information can be.
    reconstruction : float
        Mean of log p(x|z).
    mutual_information : float
        I_q(x; z) = E_q[log q(z|x) - log q(z)], q(z) the mean of the n posteriors.
    aggregate_kl : float
        KL(q(z) ‖ p(z)).
    total_correlation : float
        KL(q(z) ‖ Π_j q(z_j)): how much the dimensions tell of each other.
    dimension_kl : ndarray or None
        KL(q(z_j) ‖ p(z_j)), (latent,); None if the prior's entries are not independent.
    errors : dict
        The standard error of each of these numbers over data, by its name: from the spread of the
        data's own means over their draws, q(z) taken as it is. NaN for one datum.
    """

    n: int
    reconstruction: float
    mutual_information: float
    aggregate_kl: float
    total_correlation: float
    dimension_kl: np.ndarray | None
    errors: dict[str, Any]

    @property
    def cap(self) -> float:
        """Log n: where q(z|x) of different data do not meet, the mutual information is this."""
        return log(self.n)

    @property
    def kl(self) -> float:
        """Mean of KL(q(z|x) ‖ p(z)), estimated by the draws."""
        return self.mutual_information + self.aggregate_kl

    @property
    def elbo(self) -> float:
        """The bound."""
        return self.reconstruction - self.kl


def elbo_surgery(
    model: VAE,
    x: np.ndarray,
    y: Any = None,
    *,
    rng: np.random.Generator,
    samples: int = 1,
) -> ElboSurgery:
    """Split the ELBO of data into what codes tell, and what they waste.

    With q(z) = (1/n) Σ_i q(z|x_i),
        ELBO = E_q[log p(x|z)] - I_q(x; z) - KL(q(z) ‖ p(z))      (Hoffman & Johnson 2016),
        KL(q(z) ‖ p(z)) = KL(q(z) ‖ Π_j q(z_j)) + Σ_j KL(q(z_j) ‖ p(z_j))      (Chen et al. 2018).
    The expectations are means over draws of z, and q(z) is computed with all n posteriors, not
    with a minibatch: what is estimated is the aggregate posterior of these n data. Since
    q(z) ≥ q(z|x_i) / n, no draw gives more than log n nats of mutual information: where the
    estimate comes near ``cap``, it says that n is too small, and no more. The cost grows as
    n² · latent · samples.

    Parameters
    ----------
    model : VAE
        With any prior and a Gaussian posterior.
    x : ndarray
        Data, (n, data_dim).
    y : array_like, optional
        The condition of a conditional model, (n, c).
    rng : numpy.random.Generator
        Draws z.
    samples : int
        Draws for each datum.

    Raises
    ------
    ValueError
        If there are no data, no draws, or data that the likelihood refuses.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=2, rng=rng)
    >>> parts = mv.evaluation.elbo_surgery(model, rng.random((50, 4)), rng=rng)
    >>> parts.mutual_information < parts.cap
    True
    """
    x = model.as_data(x)
    if len(x) == 0 or samples < 1:
        raise ValueError(
            f"elbo_surgery: a mean needs at least one datum and one draw, not {len(x)} and "
            f"{samples}"
        )
    model.likelihood.check(x)
    with no_grad():
        q = model.encode(x, y)
        z = q.sample(rng, samples)
        distortion = model.decode(z, y).log_prob(x).data
        log_p = model.prior.log_prob(z).data.astype(np.float64).ravel()
        own, log_q, log_q_dims = _aggregate(q, z.reshape(-1, z.shape[-1]), len(x))
    values: dict[str, np.ndarray] = {
        "reconstruction": distortion.astype(np.float64).ravel(),
        "mutual_information": own - log_q,
        "aggregate_kl": log_q - log_p,
        "total_correlation": log_q - log_q_dims.sum(axis=1),
    }
    if isinstance(model.prior, Normal):
        flat = z.reshape(-1, z.shape[-1])
        prior = model.prior.mean.data, model.prior.std.data
        values["dimension_kl"] = log_q_dims - _log_normal(flat, *prior)
    of_data = {k: v.reshape(samples, len(x), *v.shape[1:]).mean(axis=0) for k, v in values.items()}
    means = {name: value.mean(axis=0) for name, value in of_data.items()}
    return ElboSurgery(
        n=len(x),
        reconstruction=float(means["reconstruction"]),
        mutual_information=float(means["mutual_information"]),
        aggregate_kl=float(means["aggregate_kl"]),
        total_correlation=float(means["total_correlation"]),
        dimension_kl=means.get("dimension_kl"),
        errors={name: _error(value) for name, value in of_data.items()},
    )


def _error(values: np.ndarray) -> Any:
    """Return the standard error of the mean over data, (n,) or (n, latent)."""
    n = len(values)
    return values.std(axis=0, ddof=1) / sqrt(n) if n > 1 else np.full(values.shape[1:], np.nan)


def _aggregate(q: Any, z: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log q(z|x), log q(z) and log q(z_j) of draws z (samples · n, latent), row by row."""
    mu, std = (a.data.astype(np.float64) for a in (q.mean, q.std))
    own, joint, dims = np.empty(len(z)), np.empty(len(z)), np.empty(z.shape)
    rows = max(1, _ENTRIES // mu.size)
    for start in range(0, len(z), rows):
        here = slice(start, min(start + rows, len(z)))
        pairs = _log_normal(z[here, None, :], mu, std)  # (rows, n, latent)
        dims[here] = logsumexp(pairs, axis=1) - log(n)
        if isinstance(q, Normal):  # its entries are independent given x
            full = pairs.sum(axis=2)
        else:
            full = q.log_prob(z[here, None, :]).data.astype(np.float64)
        joint[here] = logsumexp(full, axis=1) - log(n)
        own[here] = full[np.arange(len(full)), np.arange(here.start, here.stop) % n]
    return own, joint, dims


def _log_normal(z: np.ndarray, mu: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return log N(z_j; μ_j, σ_j²) of each entry, in double precision."""
    mu, std = mu.astype(np.float64), std.astype(np.float64)
    return -0.5 * ((z - mu) / std) ** 2 - np.log(std) - 0.5 * log(2 * pi)
