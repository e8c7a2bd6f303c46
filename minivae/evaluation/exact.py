"""The linear-Gaussian model, whose evidence, posterior and best decoder are known in closed form.

Every estimator of log p(x) is held against this one first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minivae.distributions import MultivariateNormal, Normal
from minivae.engine import no_grad
from minivae.models import VAE


@dataclass(frozen=True)
class LinearGaussian:
    """z ~ N(m, diag v), x | z ~ N(W z + b, diag s): all that Bayes' rule asks for, exactly.

    p(x) = N(x; W m + b, W diag(v) Wᵀ + diag s) and p(z|x) = N(z; Σ (Wᵀ S⁻¹ (x - b) + V⁻¹ m), Σ)
    with Σ⁻¹ = V⁻¹ + Wᵀ S⁻¹ W, S = diag s, V = diag v (Tipping & Bishop 1999, equations 6 to 8).
    All in double precision, in nats.

    Attributes
    ----------
    weight : ndarray
        W, (d, latent).
    bias : ndarray
        b, (d,).
    noise : ndarray
        s, the variance of each entry of x given z, (d,).
    prior_mean, prior_variance : ndarray
        m and v, (latent,).

    Examples
    --------
    >>> import numpy as np
    >>> from minivae.evaluation import LinearGaussian
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((500, 1)) @ [[3.0, 4.0]] + rng.standard_normal((500, 2))
    >>> exact = LinearGaussian.fitted(x, latent=1)
    >>> exact.log_prob(x).shape, exact.posterior(x).mean.shape
    ((500,), (500, 1))
    """

    weight: np.ndarray
    bias: np.ndarray
    noise: np.ndarray
    prior_mean: np.ndarray
    prior_variance: np.ndarray

    @classmethod
    def of(cls, model: VAE) -> LinearGaussian:
        """Read the model off a VAE with a linear decoder, a normal prior and Gaussian noise.

        The decoder is asked for its outputs at the origin and the unit vectors, which give b and
        W, and then at other points, where a linear one holds no surprise. The encoder is not asked.

        Raises
        ------
        TypeError
            If the prior or p(x|z) is not normal.
        ValueError
            If the mean of p(x|z) is not affine in z, or its variance depends on z.
        """
        if not isinstance(model.prior, Normal):
            raise TypeError(
                f"LinearGaussian: the prior must be a Normal, it is {type(model.prior).__name__}; "
                "integrate by quadrature(model, x)"
            )
        latent = model.latent
        away = np.random.default_rng(0).standard_normal((2 * latent + 2, latent))
        z = np.concatenate([np.zeros((1, latent)), np.eye(latent), away * 2.0])
        with no_grad():
            p = model.decode(z)
        if not isinstance(p, Normal):
            raise TypeError(
                f"LinearGaussian: p(x|z) must be a Normal, it is {type(p).__name__}; integrate by "
                "quadrature(model, x)"
            )
        mean, std = p.mean.data.astype(np.float64), p.std.data.astype(np.float64)
        bias, weight = mean[0], (mean[1 : latent + 1] - mean[0]).T
        room = 100 * np.finfo(model.dtype).eps  # of sums over a hundred latent dimensions
        scale = np.abs(bias).max() + np.abs(weight).sum(axis=1).max() * np.abs(z).max()
        if np.abs(bias + z @ weight.T - mean).max() > room * scale:
            raise ValueError(
                "LinearGaussian: the decoder is not affine in z; its evidence has no closed form. "
                "Integrate by quadrature(model, x), or build the model by VAE.linear"
            )
        if np.abs(std - std[0]).max() > room * std.max():
            raise ValueError("LinearGaussian: the noise of x given z must not depend on z")
        prior = (a.data.astype(np.float64) for a in (model.prior.mean, model.prior.std))
        prior_mean, prior_std = prior
        return cls(weight, bias, std[0] ** 2, prior_mean, prior_std**2)

    @classmethod
    def fitted(cls, x: np.ndarray, latent: int, sigma: float | None = None) -> LinearGaussian:
        """Return the maximum-likelihood model of data: probabilistic PCA.

        With the eigenvalues λ₁ ≥ λ₂ ≥ ... and eigenvectors U of the covariance of the data,
        W = U (Λ - σ² I)₊^½ over the first ``latent``: a dimension with λᵢ ≤ σ² has no weight. σ²
        is given, or the mean of the eigenvalues that are left over (Tipping & Bishop 1999,
        equations 14 and 15). It is also the optimum of the linear VAE's ELBO (Lucas et al. 2019).

        Parameters
        ----------
        x : ndarray
            Data, (n, d).
        latent : int
            Dimensions of z, at most d; less than d if ``sigma`` is to be found.
        sigma : float, optional
            The standard deviation of each entry of x given z.
        """
        x = np.asarray(x, np.float64)
        d = x.shape[1]
        if not 1 <= latent <= d - (sigma is None):
            raise ValueError(
                f"LinearGaussian.fitted: latent must lie between 1 and {d - (sigma is None)} for "
                f"data of {d} entries{' with sigma to be found' * (sigma is None)}, it is {latent}"
            )
        bias = x.mean(axis=0)
        values, vectors = np.linalg.eigh((x - bias).T @ (x - bias) / len(x))
        values, vectors = values[::-1], vectors[:, ::-1]
        variance = values[latent:].mean() if sigma is None else sigma**2
        weight = vectors[:, :latent] * np.sqrt(np.maximum(values[:latent] - variance, 0.0))
        noise = np.full(d, variance)
        return cls(weight, bias, noise, np.zeros(latent), np.ones(latent))

    @property
    def precision(self) -> np.ndarray:
        """Σ⁻¹ = V⁻¹ + Wᵀ S⁻¹ W of the posterior, the same for every x, (latent, latent)."""
        return np.diag(1 / self.prior_variance) + (self.weight.T / self.noise) @ self.weight

    def posterior(self, x: np.ndarray) -> MultivariateNormal:
        """Return p(z|x) of each datum of (n, d)."""
        x = np.asarray(x, np.float64)
        covariance = np.linalg.inv(self.precision)
        shift = (x - self.bias) / self.noise @ self.weight + self.prior_mean / self.prior_variance
        tril = np.linalg.cholesky((covariance + covariance.T) / 2)
        return MultivariateNormal(shift @ covariance, np.broadcast_to(tril, (len(x), *tril.shape)))

    def log_joint(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return log p(x, z) = log p(x|z) + log p(z) of data (n, d) and codes (..., n, latent)."""
        given_z = Normal(z @ self.weight.T + self.bias, np.log(self.noise))
        prior = Normal(self.prior_mean, np.log(self.prior_variance))
        return given_z.log_prob(np.asarray(x, np.float64)).data + prior.log_prob(z).data

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Return log p(x) of each datum, (n,).

        By Bayes' rule, log p(x) = log p(x, z) - log p(z|x) at any z: here at the posterior mean.
        """
        posterior = self.posterior(x)
        z = posterior.mean.data
        return self.log_joint(x, z) - posterior.log_prob(z).data
