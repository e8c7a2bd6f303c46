"""Parts of a model by their names, as recipes and the command line ask for them."""

from __future__ import annotations

import numpy as np

from minivae.distributions import Normal
from minivae.models.gaussian import GaussianLikelihood
from minivae.models.likelihood import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    Likelihood,
)
from minivae.models.posterior import (
    DiagonalPosterior,
    FullPosterior,
    IsotropicPosterior,
    Posterior,
)
from minivae.models.prior import MixturePrior

LIKELIHOODS = ("bernoulli", "gaussian", "categorical", "continuous_bernoulli")
POSTERIORS: dict[str, type[Posterior]] = {
    "diagonal": DiagonalPosterior,
    "isotropic": IsotropicPosterior,
    "full": FullPosterior,
}
PRIORS = ("standard", "mixture")


def likelihood_named(name: str, *, sigma: float | str, levels: int, dtype: str) -> Likelihood:
    """Return a likelihood; ``sigma`` is the Gaussian one's, ``levels`` the categorical one's.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists those there are.
    """
    if name == "bernoulli":
        return BernoulliLikelihood()
    if name == "gaussian":
        return GaussianLikelihood(sigma, dtype)
    if name == "categorical":
        return CategoricalLikelihood(levels)
    if name == "continuous_bernoulli":
        return ContinuousBernoulliLikelihood()
    raise ValueError(f"likelihood {name!r} is unknown; choose one of {', '.join(LIKELIHOODS)}")


def posterior_named(name: str, latent: int) -> Posterior:
    """Return the posterior family of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    if name not in POSTERIORS:
        raise ValueError(f"posterior {name!r} is unknown; choose one of {', '.join(POSTERIORS)}")
    return POSTERIORS[name](latent)


def prior_named(
    name: str, latent: int, *, components: int, rng: np.random.Generator, dtype: str
) -> Normal | MixturePrior:
    """Return the prior of that name: N(0, I), or a learned mixture of so many components.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    if name == "standard":
        return Normal.standard(latent, dtype)
    if name == "mixture":
        return MixturePrior.learned(components, latent, rng=rng, dtype=dtype)
    raise ValueError(f"prior {name!r} is unknown; choose one of {', '.join(PRIORS)}")
