"""Kernels: plain functions on arrays, a NumPy reference each, with compiled twins where it pays."""

from minivae.kernels.backend import adam_step, backend, use
from minivae.kernels.reference import (
    bernoulli_nll,
    bernoulli_nll_grad,
    gaussian_kl,
    sigmoid,
    softplus,
)

__all__ = [
    "adam_step",
    "backend",
    "bernoulli_nll",
    "bernoulli_nll_grad",
    "gaussian_kl",
    "sigmoid",
    "softplus",
    "use",
]
