"""Distributions: densities, reparameterized sampling, KL divergences; all in nats."""

from minivae.distributions.bernoulli import Bernoulli
from minivae.distributions.categorical import Categorical
from minivae.distributions.continuous_bernoulli import ContinuousBernoulli
from minivae.distributions.distribution import Distribution
from minivae.distributions.isotropic import IsotropicNormal
from minivae.distributions.mixture import Mixture
from minivae.distributions.multivariate_normal import MultivariateNormal
from minivae.distributions.normal import Normal
from minivae.distributions.until_end import UntilEnd, before_end

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Distribution",
    "IsotropicNormal",
    "Mixture",
    "MultivariateNormal",
    "Normal",
    "UntilEnd",
    "before_end",
]
