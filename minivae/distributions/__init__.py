"""Distributions: densities, reparameterized sampling, KL divergences; all in nats."""

from minivae.distributions.bernoulli import Bernoulli
from minivae.distributions.distribution import Distribution
from minivae.distributions.normal import Normal

__all__ = ["Bernoulli", "Distribution", "Normal"]
