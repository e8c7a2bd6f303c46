"""Exponentials, logarithms, roots and waves, entry by entry."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.choice import where
from minivae.kernels import reference


@op(domain="real", holomorphic=True)
def exp(x: Any) -> Any:
    """Exponential z = eˣ."""
    return np.exp(x)


exp.tangent(lambda v, z: z * v)  # dz = z dx
exp.adjoint(lambda g, z: g * z)


@op(domain="real", holomorphic=True)
def expm1(x: Any) -> Any:
    """Exponential minus one, z = eˣ - 1, exact for small x."""
    return np.expm1(x)


expm1.tangent(lambda v, z: v + z * v)  # dz = (z + 1) dx
expm1.adjoint(lambda g, x: g * exp(x))  # eˣ keeps the digits that z + 1 loses for x ≪ 0


@op(domain="positive", holomorphic=True)
def log(x: Any) -> Any:
    """Natural logarithm z = log x."""
    return np.log(x)


log.tangent(lambda v, x: v / x)  # dz = dx / x
log.adjoint(lambda g, x: g / x)


@op(domain="positive", holomorphic=True)
def log1p(x: Any) -> Any:
    """Logarithm z = log(1 + x), exact for small x."""
    return np.log1p(x)


log1p.tangent(lambda v, z: v * exp(-z))  # e^z = 1 + x  ⇒  dz = e^-z dx
log1p.adjoint(lambda g, x: g / (1.0 + x))


@op(domain="positive", holomorphic=True)
def sqrt(x: Any) -> Any:
    """Square root z = √x; the slope at 0, which is infinite, is taken as 0."""
    return np.sqrt(x)


sqrt.tangent(lambda v, z: where(z == 0, 0.0, v / (2.0 * where(z == 0, 1.0, z))))  # 2 z dz = dx
sqrt.adjoint(lambda g, z: g * where(z == 0, 0.0, 0.5 / where(z == 0, 1.0, z)))


@op(domain="real", holomorphic=True)
def sin(x: Any) -> Any:
    """Sine z = sin x, x in radians."""
    return np.sin(x)


sin.tangent(lambda v, x: cos(x) * v)  # dz = cos x dx
sin.adjoint(lambda g, x: g * cos(x))


@op(domain="real", holomorphic=True)
def cos(x: Any) -> Any:
    """Cosine z = cos x, x in radians."""
    return np.cos(x)


cos.tangent(lambda v, x: -(v * sin(x)))  # dz = -sin x dx
cos.adjoint(lambda g, x: -g * sin(x))


@op(domain="real", holomorphic=True)
def erf(x: Any) -> Any:
    """Error function z = 2/√π ∫₀ˣ e^(-t²) dt, with which Φ(x) = ½ (1 + erf(x / √2))."""
    return reference.erf(x)


erf.tangent(lambda v, x: v * (2.0 / pi**0.5) * exp(-(x * x)))  # dz = 2/√π e^(-x²) dx
erf.adjoint(lambda g, x: g * (2.0 / pi**0.5 * exp(-(x * x))))
