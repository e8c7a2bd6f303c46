"""The compiled twins: loops that Numba turns into machine code, each equal to its reference.

Importing this package imports Numba. Nothing is compiled until a kernel is first called with
arrays of a type; see :mod:`minivae.kernels.compiled.jit`.

What is here, in an order in which it can be read:

1. The tools: ``jit`` (how a function is compiled and cached), ``team`` (how threads share the work
   of a kernel), ``elementary`` (eˣ and its kin, of which the compiler can make vectors).
2. Passes over arrays: ``dense`` is the shortest kernel for a team, ``channels`` its like for
   images; then ``recurrent``, ``penalties``, ``optimizers``. Rows that broadcast, and sums of each:
   ``rows`` (how), ``densities``, ``divergences``, ``softmax``.
3. Products of matrices: ``vectors`` (what the processor has), ``pointers`` (arrays by address),
   ``tile`` (the inner loop, in registers), ``product`` (the loops around it).
4. Convolutions, which are products: ``places`` (tables of where the windows are), ``windows`` (a
   tile that fetches its entries through them), ``images`` (copies), ``convolution``.

Who calls a twin rather than its reference is decided in :mod:`minivae.kernels.backend`, for
products in :mod:`minivae.kernels.choice`; the threads are those of :mod:`minivae.kernels.crew`, and
results lie in memory from :mod:`minivae.kernels.memory`.
"""

from minivae.kernels.compiled.channels import channel_bias, channel_cotangent
from minivae.kernels.compiled.convolution import conv_image, conv_kernel, conv_result
from minivae.kernels.compiled.dense import dense_cotangent
from minivae.kernels.compiled.densities import (
    bernoulli_nll,
    bernoulli_nll_and_slope,
    gaussian_nll,
    gaussian_nll_and_slopes,
    scale_rows,
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
    "scale_rows",
    "step_all",
    "step_one",
]
