"""Arithmetic: operations that act on each entry by itself, with NumPy's names and broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.choice import where
from minivae.engine.ops.exponential import log


@op(domain="real", linear=True)
def add(x: Any, y: Any) -> Any:
    """Sum z = x + y."""
    return np.add(x, y)


add.adjoint(  # z̄ flows to both
    lambda g: g,
    lambda g: g,
)


@op(domain="real", linear=True)
def subtract(x: Any, y: Any) -> Any:
    """Difference z = x - y."""
    return np.subtract(x, y)


subtract.adjoint(
    lambda g: g,
    lambda g: -g,
)


@op(domain="real", linear=True)
def negative(x: Any) -> Any:
    """Negative z = -x."""
    return np.negative(x)


negative.adjoint(lambda g: -g)


@op(domain="real", holomorphic=True)
def multiply(x: Any, y: Any) -> Any:
    """Product z = x y, entry by entry."""
    return np.multiply(x, y)


multiply.tangent(  # dz = dx y + x dy
    lambda v, y: v * y,
    lambda v, x: x * v,
)
multiply.adjoint(  # x̄ = g y,  ȳ = g x
    lambda g, y: g * y,
    lambda g, x: g * x,
)


@op(domain="nonzero", holomorphic=True)
def divide(x: Any, y: Any) -> Any:
    """Quotient z = x / y."""
    return np.divide(x, y)


divide.tangent(  # dz = (dx - z dy) / y
    lambda v, y: v / y,
    lambda v, z, y: -(z * v) / y,
)
divide.adjoint(  # x̄ = g / y,  ȳ = -g x / y²
    lambda g, y: g / y,
    lambda g, x, y: -(g / y) * (x / y),
)


@op(domain="real", holomorphic=True)
def square(x: Any) -> Any:
    """Square z = x²."""
    return np.square(x)


square.tangent(lambda v, x: x * v + v * x)  # dz = x dx + dx x
square.adjoint(lambda g, x: g * (2.0 * x))  # x̄ = 2 g x


@op(domain="positive", holomorphic=True)
def power(x: Any, y: Any) -> Any:
    """Power z = xʸ; a negative base needs a constant integral exponent.

    At x = 0 and 0 ≤ y < 1, where the slope is infinite or undefined, it is taken as 0.
    """
    return np.power(x, y)


def _slope(x: Any, y: Any) -> Any:
    """Return ∂z/∂x = y xʸ⁻¹, and 0 at x = 0 if 0 ≤ y < 1."""
    if isinstance(y, int | float) and not 0 <= y < 1:
        return y * x ** (y - 1)
    flat = (x == 0) & (y >= 0) & (y < 1)
    return where(flat, 0.0, y * where(flat, 1.0, x) ** (y - 1))


def _log(x: Any, y: Any) -> Any:
    """Return log x for ∂z/∂y = z log x, and 0 at x = 0 if y ≥ 0, as z = 0ʸ is constant there."""
    x = np.asarray(x, y.dtype) if isinstance(x, int | float) else x
    return log(where((x == 0) & (y >= 0), 1.0, x))


power.tangent(  # dz = y xʸ⁻¹ dx + log(x) z dy
    lambda v, x, y: _slope(x, y) * v,
    lambda v, z, x, y: _log(x, y) * v * z,
)
power.adjoint(  # x̄ = g y xʸ⁻¹,  ȳ = g z log x
    lambda g, x, y: g * _slope(x, y),
    lambda g, z, x, y: g * z * _log(x, y),
)


@op(linear=True)
def astype(x: Any, dtype: Any = None) -> Any:
    """Conversion to another floating-point type; the cotangent comes back in the type of x."""
    if dtype is None or not np.issubdtype(dtype, np.floating):
        raise TypeError(f"dtype must be a floating-point type, it is {dtype}")
    return np.asarray(x).astype(dtype)


astype.adjoint(lambda g, x: astype(g, dtype=x.dtype))
