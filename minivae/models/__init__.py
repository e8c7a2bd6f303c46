"""Models: compositions of networks, posterior families, priors and likelihoods."""

from minivae.models.autoencoder import Autoencoder
from minivae.models.autoregressive import (
    Autoregressive,
    SequenceDecoder,
    SequenceEncoder,
)
from minivae.models.contraction import (
    contraction_estimate,
    contraction_exact,
    contraction_of_layer,
)
from minivae.models.game import (
    minimax_loss,
    minimax_value,
    non_saturating_loss,
)
from minivae.models.gan import (
    GAN,
)
from minivae.models.gaussian import GaussianLikelihood
from minivae.models.likelihood import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    Likelihood,
)
from minivae.models.model import Model
from minivae.models.networks import (
    mirrored_convolutions,
    mirrored_mlps,
    tied_decoder,
)
from minivae.models.objectives import (
    ImportanceWeightedBound,
    Objective,
    ScoreFunctionBound,
    VariationalBound,
)
from minivae.models.penalties import (
    L1,
    Contraction,
    Penalty,
    Sparsity,
    WeightDecay,
)
from minivae.models.posterior import (
    DiagonalPosterior,
    FullPosterior,
    IsotropicPosterior,
    Posterior,
)
from minivae.models.prior import MixturePrior
from minivae.models.saving import load, save
from minivae.models.seq2seq import (
    Seq2Seq,
)
from minivae.models.sequence import (
    SequenceVAE,
)
from minivae.models.steps import (
    Steps,
    Symbols,
    Values,
)
from minivae.models.vae import ELBO, VAE

__all__ = [
    "ELBO",
    "GAN",
    "L1",
    "VAE",
    "Autoencoder",
    "Autoregressive",
    "BernoulliLikelihood",
    "CategoricalLikelihood",
    "ContinuousBernoulliLikelihood",
    "Contraction",
    "DiagonalPosterior",
    "FullPosterior",
    "GaussianLikelihood",
    "ImportanceWeightedBound",
    "IsotropicPosterior",
    "Likelihood",
    "MixturePrior",
    "Model",
    "Objective",
    "Penalty",
    "Posterior",
    "ScoreFunctionBound",
    "Seq2Seq",
    "SequenceDecoder",
    "SequenceEncoder",
    "SequenceVAE",
    "Sparsity",
    "Steps",
    "Symbols",
    "Values",
    "VariationalBound",
    "WeightDecay",
    "contraction_estimate",
    "contraction_exact",
    "contraction_of_layer",
    "load",
    "minimax_loss",
    "minimax_value",
    "mirrored_convolutions",
    "mirrored_mlps",
    "non_saturating_loss",
    "save",
    "tied_decoder",
]
