"""Kernels: plain functions on arrays, a NumPy reference each, with compiled twins where it pays."""

from minivae.kernels import densities, divergences, optimizers, penalties, recurrent, reference
from minivae.kernels.backend import backend, use, with_twin
from minivae.kernels.choice import explain_products
from minivae.kernels.densities import bernoulli_nll_grad, reparameterize
from minivae.kernels.penalties import sparsity, sparsity_slope
from minivae.kernels.products import dense, dense_cotangent, matmul
from minivae.kernels.reference import sigmoid, softplus
from minivae.kernels.threads import get_num_threads, set_num_threads

contraction = with_twin(penalties.contraction)
contraction_grad = with_twin(penalties.contraction_grad)
gru_cell = with_twin(recurrent.gru_cell)
gru_cell_grad = with_twin(recurrent.gru_cell_grad)
mean_activity = with_twin(penalties.mean_activity)
step_one = with_twin(optimizers.step_one)
step_all = with_twin(optimizers.step_all)
bernoulli_nll = with_twin(densities.bernoulli_nll)
bernoulli_nll_and_slope = with_twin(densities.bernoulli_nll_and_slope)
gaussian_nll = with_twin(densities.gaussian_nll)
gaussian_nll_and_slopes = with_twin(densities.gaussian_nll_and_slopes)
scale_rows = with_twin(densities.scale_rows)
gaussian_kl = with_twin(divergences.gaussian_kl)
gaussian_kl_and_slope = with_twin(divergences.gaussian_kl_and_slope)
gaussian_kl_isotropic = with_twin(divergences.gaussian_kl_isotropic)
gaussian_kl_isotropic_and_slope = with_twin(divergences.gaussian_kl_isotropic_and_slope)
gaussian_kl_full = with_twin(divergences.gaussian_kl_full)
gaussian_kl_full_and_slope = with_twin(divergences.gaussian_kl_full_and_slope)
logsumexp = with_twin(reference.logsumexp)

__all__ = [
    "backend",
    "bernoulli_nll",
    "bernoulli_nll_and_slope",
    "bernoulli_nll_grad",
    "contraction",
    "contraction_grad",
    "dense",
    "dense_cotangent",
    "explain_products",
    "gaussian_kl",
    "gaussian_kl_and_slope",
    "gaussian_kl_full",
    "gaussian_kl_full_and_slope",
    "gaussian_kl_isotropic",
    "gaussian_kl_isotropic_and_slope",
    "gaussian_nll",
    "gaussian_nll_and_slopes",
    "get_num_threads",
    "gru_cell",
    "gru_cell_grad",
    "logsumexp",
    "matmul",
    "mean_activity",
    "reparameterize",
    "scale_rows",
    "set_num_threads",
    "sigmoid",
    "softplus",
    "sparsity",
    "sparsity_slope",
    "step_all",
    "step_one",
    "use",
]
