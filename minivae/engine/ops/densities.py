"""Fused operations for the terms of the ELBO: hand-derived, each with the formula it equals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import fused
from minivae.engine.ops.activations import softplus
from minivae.engine.ops.arithmetic import multiply, square
from minivae.engine.ops.choice import absolute
from minivae.engine.ops.exponential import exp, expm1, log
from minivae.engine.ops.indexing import diagonal, tril
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import reshape

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _bernoulli_nll(logits: Any, x: Any) -> Any:
    return sum(softplus(logits) - x * logits, axis=-1)


@fused(spec=_bernoulli_nll)
def bernoulli_nll(logits: Any, x: Any) -> Any:
    """Bernoulli negative log likelihood of each row, z = Σⱼ softplus(aⱼ) - xⱼ aⱼ, in nats.

    ``logits`` and ``x`` are (..., d), the result (...).
    """
    return kernels.bernoulli_nll(logits, x)


bernoulli_nll.adjoint(  # dz = Σⱼ (σ(aⱼ) - xⱼ) daⱼ - aⱼ dxⱼ
    lambda g, logits, x: kernels.bernoulli_nll_grad(g, logits, x),
    lambda g, logits: reshape(-g, (*g.shape, 1)) * logits,
)
bernoulli_nll.in_one_pass(  # σ(aⱼ) - xⱼ costs little where the loss is computed anyway
    kernels.bernoulli_nll_and_slope,
    lambda g, slope, wanted, values: [
        kernels.scale_rows(g, slope if i == 0 else -values[0]) for i in wanted
    ],
)


def _gaussian_nll(mean: Any, x: Any, logstd: Any) -> Any:
    t = multiply(x - mean, exp(-logstd))
    return sum(0.5 * square(t) + (logstd + _HALF_LOG_2PI), axis=-1)


@fused(spec=_gaussian_nll)
def gaussian_nll(mean: Any, x: Any, logstd: Any) -> Any:
    """Gaussian negative log likelihood of each row, z = Σⱼ ½ tⱼ² + log σⱼ + ½ log 2π, in nats.

    tⱼ = (xⱼ - μⱼ) / σⱼ. ``mean`` and ``x`` are (..., d), ``logstd`` that or a number.
    """
    return kernels.gaussian_nll(mean, x, logstd)


def _by_gaussian(i: int, mean: Any, x: Any, logstd: Any) -> Any:
    return kernels.gaussian_nll_and_slopes(mean, x, logstd)[i]


gaussian_nll.adjoint(  # dz = Σⱼ -tⱼ / σⱼ (dμⱼ - dxⱼ) + (1 - tⱼ²) d log σⱼ
    lambda g, mean, x, logstd: kernels.scale_rows(g, _by_gaussian(1, mean, x, logstd)),
    lambda g, mean, x, logstd: kernels.scale_rows(-g, _by_gaussian(1, mean, x, logstd)),
    lambda g, mean, x, logstd: kernels.scale_rows(g, _by_gaussian(2, mean, x, logstd)),
)
gaussian_nll.in_one_pass(
    lambda mean, x, logstd: _first(*kernels.gaussian_nll_and_slopes(mean, x, logstd)),
    lambda g, slopes, wanted, values: [
        kernels.scale_rows(-g if i == 1 else g, slopes[i == 2]) for i in wanted
    ],
)


def _first(z: Any, *saved: Any) -> tuple[Any, Any]:
    return z, saved


def _gaussian_kl(mu: Any, logvar: Any) -> Any:
    return 0.5 * (mu * mu + (expm1(logvar) - logvar))


@fused(spec=_gaussian_kl)
def gaussian_kl(mu: Any, logvar: Any) -> Any:
    """KL(N(μ, σ²) ‖ N(0, 1)) of each entry, z = ½ (μ² + σ² - 1 - log σ²), in nats.

    Near σ = 1 the terms cancel, hence expm1 (Kingma & Welling 2014, appendix B).
    """
    return kernels.gaussian_kl(mu, logvar)


gaussian_kl.adjoint(  # dz = μ dμ + ½ (σ² - 1) d log σ²
    lambda g, mu: g * mu,
    lambda g, logvar: g * (0.5 * expm1(logvar)),
)
gaussian_kl.in_one_pass(
    kernels.gaussian_kl_and_slope,
    lambda g, slope, wanted, values: [g * (slope if i else values[0]) for i in wanted],
)


def _gaussian_kl_isotropic(mu: Any, logvar: Any) -> Any:
    k = reshape(logvar, mu.shape[:-1])
    return 0.5 * (sum(mu * mu, axis=-1) + mu.shape[-1] * (expm1(k) - k))


@fused(spec=_gaussian_kl_isotropic)
def gaussian_kl_isotropic(mu: Any, logvar: Any) -> Any:
    """KL(N(μ, k I) ‖ N(0, I)) of each row, z = ½ ‖μ‖² + ½ d (k - 1 - log k), in nats.

    ``mu`` is (..., d), ``logvar``, which is log k, (...) or (..., 1), the result (...).
    """
    return kernels.gaussian_kl_isotropic(mu, logvar)


gaussian_kl_isotropic.adjoint(  # dz = Σⱼ μⱼ dμⱼ + ½ d (k - 1) d log k
    lambda g, mu: kernels.scale_rows(g, mu),
    lambda g, mu, logvar: reshape(g, np.shape(logvar)) * (0.5 * mu.shape[-1] * expm1(logvar)),
)
gaussian_kl_isotropic.in_one_pass(
    kernels.gaussian_kl_isotropic_and_slope,
    lambda g, slope, wanted, values: [
        reshape(g, slope.shape) * slope if i else kernels.scale_rows(g, values[0]) for i in wanted
    ],
)


def _gaussian_kl_full(mu: Any, L: Any) -> Any:
    scale = absolute(diagonal(L, axis1=-2, axis2=-1))
    squares = sum(mu * mu, axis=-1) + sum(square(tril(L)), axis=(-2, -1))
    return 0.5 * (squares - mu.shape[-1]) - sum(log(scale), axis=-1)


@fused(spec=_gaussian_kl_full)
def gaussian_kl_full(mu: Any, L: Any) -> Any:
    """KL(N(μ, L Lᵀ) ‖ N(0, I)) of each row, z = ½ (‖L‖² + ‖μ‖² - d) - Σᵢ log |Lᵢᵢ|, in nats.

    For z = μ + L ε with L lower triangular; what is above its diagonal is not read. ``mu`` is
    (..., d), ``L`` (..., d, d), the result (...).
    """
    return kernels.gaussian_kl_full(mu, L)


gaussian_kl_full.adjoint(  # dz = Σⱼ μⱼ dμⱼ + Σᵢ≥ⱼ Lᵢⱼ dLᵢⱼ - Σᵢ dLᵢᵢ / Lᵢᵢ
    lambda g, mu: kernels.scale_rows(g, mu),
    lambda g, mu, L: kernels.scale_rows(g[..., None], kernels.gaussian_kl_full_and_slope(mu, L)[1]),
)
gaussian_kl_full.in_one_pass(
    kernels.gaussian_kl_full_and_slope,
    lambda g, slope, wanted, values: [
        kernels.scale_rows(g[..., None], slope) if i else kernels.scale_rows(g, values[0])
        for i in wanted
    ],
)


def _reparameterize(mu: Any, logvar: Any, eps: Any) -> Any:
    return mu + multiply(exp(0.5 * logvar), eps)  # multiply: a number σ promotes no array


@fused(spec=_reparameterize)
def reparameterize(mu: Any, logvar: Any, eps: Any) -> Any:
    """Return the sample z = μ + σ ε, σ = e^(½ log σ²), of N(μ, σ²) that noise ε ~ N(0, 1) makes.

    The randomness is in ε alone, so that z is differentiable in μ and log σ² (Kingma & Welling
    2014, section 2.4).
    """
    return kernels.reparameterize(mu, logvar, eps)


reparameterize.adjoint(  # dz = dμ + ½ σ ε d log σ² + σ dε
    lambda g: g,
    lambda g, logvar, eps: g * (0.5 * exp(0.5 * logvar) * eps),
    lambda g, logvar: g * exp(0.5 * logvar),
)
