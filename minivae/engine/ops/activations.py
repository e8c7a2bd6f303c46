"""The nonlinearities of neural networks, in forms that do not overflow, nor cancel where it costs.

The slope of tanh alone, 1 - z², is formed from its value and loses digits in the far tails.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import fused, op
from minivae.engine.ops.choice import minimum, where
from minivae.engine.ops.exponential import erf, exp, expm1
from minivae.engine.registry import composed
from minivae.kernels import reference


@op(domain="real", holomorphic=True)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent z = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return np.tanh(x)


tanh.tangent(lambda v, x: v * 4.0 * sigmoid(2.0 * x) * sigmoid(-2.0 * x))  # dz = dx / cosh² x
tanh.adjoint(lambda g, z: g - g * z * z)  # x̄ = g (1 - tanh² x)


@op(domain="real")
def sigmoid(x: Any) -> Any:
    """Logistic function z = 1 / (1 + e⁻ˣ), the probability whose log odds are x."""
    return reference.sigmoid(x)


sigmoid.tangent(lambda v, z: (z - z * z) * v)  # dz = z (1 - z) dx
sigmoid.adjoint(lambda g, z, x: g * (z * sigmoid(-x)))  # 1 - σ(x) = σ(-x), with all its digits


@op(domain="real")
def softplus(x: Any) -> Any:
    """Smooth ramp z = log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|)."""
    return reference.softplus(x)


softplus.tangent(lambda v, z: -expm1(-z) * v)  # e^z = 1 + eˣ  ⇒  dz = eˣ e^-z dx = (1 - e^-z) dx
softplus.adjoint(lambda g, x: g * sigmoid(x))  # eˣ / (1 + eˣ) = σ(x)


@composed("x")
def log_sigmoid(x: Any) -> Any:
    """Logarithm of the logistic function, log σ(x) = -log(1 + e⁻ˣ)."""
    return -softplus(-x)


@op(domain="nonzero")
def relu(x: Any) -> Any:
    """Ramp z = max(x, 0); the slope at 0 is taken as 0."""
    return np.maximum(x, 0)


relu.tangent(lambda v, x: where(x > 0, v, 0.0))  # dz = dx where x > 0
relu.adjoint(lambda g, x: g * (x > 0))


@composed("x")
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Bent line z = x for x > 0, a x elsewhere; the slope at 0 is taken as a = negative_slope."""
    return where(x > 0, x, negative_slope * x)


@op(domain="nonzero")
def elu(x: Any) -> Any:
    """Exponential linear unit z = x for x > 0, eˣ - 1 for x ≤ 0 (Clevert et al. 2016)."""
    return np.maximum(x, 0) + np.expm1(np.minimum(x, 0))


elu.tangent(lambda v, z, x: where(x > 0, v, (1.0 + z) * v))  # dz = dx for x > 0, (1 + z) dx else
elu.adjoint(lambda g, x: g * exp(minimum(x, 0.0)))  # eˣ keeps the digits that 1 + z loses


def _gelu(x: Any) -> Any:
    return 0.5 * x * (1.0 + erf(x * 0.5**0.5))


@fused(spec=_gelu, domain="real")
@np.errstate(under="ignore")  # where Φ(x) vanishes, so does x Φ(x)
def gelu(x: Any) -> Any:
    """Gaussian error linear unit z = x Φ(x), Φ the normal distribution's (Hendrycks & Gimpel)."""
    return np.maximum(x, -1e3) * reference.normal_cdf(x)  # beyond, Φ is 0, at -∞ too


gelu.adjoint(lambda g, x: g * reference.gelu_slope(x))  # dz = (Φ(x) + x φ(x)) dx
