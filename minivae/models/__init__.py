"""Models: compositions of networks, posterior families, priors and likelihoods."""

from minivae.models.autoencoder import Autoencoder
from minivae.models.likelihood import BernoulliLikelihood, GaussianLikelihood, Likelihood
from minivae.models.model import Model
from minivae.models.posterior import DiagonalPosterior
from minivae.models.saving import load, save
from minivae.models.vae import ELBO, VAE

__all__ = [
    "ELBO",
    "VAE",
    "Autoencoder",
    "BernoulliLikelihood",
    "DiagonalPosterior",
    "GaussianLikelihood",
    "Likelihood",
    "Model",
    "load",
    "save",
]
