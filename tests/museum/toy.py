"""A model whose evidence log p(x) is known, so that bounds and estimates can be held against it."""

from dataclasses import dataclass
from math import log

import numpy as np
from quadrature import expectation
from scipy.stats import multivariate_normal

import minivae as mv
from minivae.distributions import Normal


@dataclass(frozen=True)
class Toy:
    """A linear-Gaussian model of one latent dimension, p(x) = N(x; 0, w wᵀ + σ² I).

    Its encoder is the exact posterior N(wᵀ x / m, σ² / m), m = wᵀ w + σ², or is beside it.
    """

    model: mv.models.VAE
    x: np.ndarray
    evidence: np.ndarray
    m: float

    @classmethod
    def of(cls, d=3, sigma=0.5, n=6, wider=0.0):
        rng = np.random.default_rng(4)
        w = rng.standard_normal((d, 1))
        model = mv.models.VAE(
            encoder=mv.nn.Linear(d, 2, rng=rng),
            posterior=mv.models.DiagonalPosterior(1),
            prior=Normal.standard(1),
            decoder=mv.nn.Linear(1, d, rng=rng),
            likelihood=mv.models.GaussianLikelihood(sigma),
            data_dim=d,
        )
        m = (w.T @ w).item() + sigma**2
        weights = {
            "encoder.weight": np.vstack([w.T / m, np.zeros((1, d))]),
            "encoder.bias": np.array([0.0, log(sigma**2 / m) + wider]),
            "decoder.weight": w,
            "decoder.bias": np.zeros(d),
        }
        model.load_state_dict(weights)
        p = multivariate_normal(np.zeros(d), w @ w.T + sigma**2 * np.eye(d))
        x = np.atleast_2d(p.rvs(n, random_state=rng)).reshape(n, d)
        return cls(model, x, np.atleast_1d(p.logpdf(x)), m)

    def mean_over_noise(self, elbo):
        return expectation(lambda e: elbo(self.model, self.x, np.full((len(self.x), 1), e)))
