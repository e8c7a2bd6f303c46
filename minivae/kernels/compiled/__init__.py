"""The compiled twins: loops that Numba turns into machine code, each equal to its reference.

Importing this package imports Numba. Nothing is compiled until a kernel is first called with
arrays of a type; see :mod:`minivae.kernels.compiled.jit`.
"""

from minivae.kernels.compiled.channels import channel_bias, channel_cotangent
from minivae.kernels.compiled.convolution import conv_image, conv_kernel, conv_result
from minivae.kernels.compiled.dense import dense_cotangent
from minivae.kernels.compiled.densities import (
    bernoulli_nll,
    bernoulli_nll_and_slope,
    gaussian_nll,
    gaussian_nll_and_slopes,
)
from minivae.kernels.compiled.divergences import (
    gaussian_kl,
    gaussian_kl_and_slope,
    gaussian_kl_full,
    gaussian_kl_full_and_slope,
    gaussian_kl_isotropic,
    gaussian_kl_isotropic_and_slope,
)
from minivae.kernels.compiled.optimizers import step_all, step_one
from minivae.kernels.compiled.penalties import contraction, contraction_grad, mean_activity
from minivae.kernels.compiled.product import multiply
from minivae.kernels.compiled.recurrent import gru_cell, gru_cell_grad
from minivae.kernels.compiled.softmax import logsumexp

__all__ = [
    "bernoulli_nll",
    "bernoulli_nll_and_slope",
    "channel_bias",
    "channel_cotangent",
    "contraction",
    "contraction_grad",
    "conv_image",
    "conv_kernel",
    "conv_result",
    "dense_cotangent",
    "gaussian_kl",
    "gaussian_kl_and_slope",
    "gaussian_kl_full",
    "gaussian_kl_full_and_slope",
    "gaussian_kl_isotropic",
    "gaussian_kl_isotropic_and_slope",
    "gaussian_nll",
    "gaussian_nll_and_slopes",
    "gru_cell",
    "gru_cell_grad",
    "logsumexp",
    "mean_activity",
    "multiply",
    "step_all",
    "step_one",
]
