"""The nonlinearities of neural networks, in forms that do not overflow, nor cancel where it costs.

The derivative of tanh alone, 1 - z², is formed from its value and loses digits in the far tails.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.elementwise import exp, minimum
from minivae.kernels import reference


@op(domain="real")
def tanh(x: Any) -> Any:
    """Hyperbolic tangent z = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return np.tanh(x)


tanh.adjoint(lambda g, z, x: g * (1.0 - z * z))  # dz = (1 - z²) dx


@op(domain="real")
def sigmoid(x: Any) -> Any:
    """Logistic function z = 1 / (1 + e⁻ˣ), the probability whose log odds are x."""
    return reference.sigmoid(x)


sigmoid.adjoint(lambda g, z, x: g * (z * sigmoid(-x)))  # dz = σ(x) (1 - σ(x)) dx = σ(x) σ(-x) dx


@op(domain="real")
def softplus(x: Any) -> Any:
    """Smooth ramp z = log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|)."""
    return reference.softplus(x)


softplus.adjoint(lambda g, z, x: g * sigmoid(x))  # dz = σ(x) dx


@op(domain="nonzero")
def relu(x: Any) -> Any:
    """Ramp z = max(x, 0); the derivative at 0 is taken as 0."""
    return np.maximum(x, 0)


relu.adjoint(lambda g, z, x: g * (x > 0))  # dz = dx where x > 0


@op(domain="nonzero")
def elu(x: Any) -> Any:
    """Exponential linear unit z = x for x > 0, eˣ - 1 for x ≤ 0 (Clevert et al. 2016)."""
    return np.maximum(x, 0) + np.expm1(np.minimum(x, 0))


elu.adjoint(lambda g, z, x: g * exp(minimum(x, 0.0)))  # dz = dx for x > 0, eˣ dx elsewhere
