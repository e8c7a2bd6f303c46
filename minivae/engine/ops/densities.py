"""Fused operations for the terms of the ELBO: hand-derived, each with the formula it equals."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import fused
from minivae.engine.ops.activations import softplus
from minivae.engine.ops.arithmetic import multiply
from minivae.engine.ops.exponential import exp, expm1
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import reshape


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


def _reparameterize(mu: Any, logvar: Any, eps: Any) -> Any:
    return mu + multiply(exp(0.5 * logvar), eps)  # multiply: a number σ promotes no array


@fused(spec=_reparameterize)
def reparameterize(mu: Any, logvar: Any, eps: Any) -> Any:
    """Return the sample z = μ + σ ε, σ = e^(½ log σ²), of N(μ, σ²) that noise ε ~ N(0, 1) makes.

    The randomness is in ε alone, so that z is differentiable in μ and log σ² (Kingma & Welling
    2014, section 2.4).
    """
    z = mu + np.exp(0.5 * logvar) * eps
    return z.astype(np.result_type(mu, logvar, eps), copy=False)


reparameterize.adjoint(  # dz = dμ + ½ σ ε d log σ² + σ dε
    lambda g: g,
    lambda g, logvar, eps: g * (0.5 * exp(0.5 * logvar) * eps),
    lambda g, logvar: g * exp(0.5 * logvar),
)
