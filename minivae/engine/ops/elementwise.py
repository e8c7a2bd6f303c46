"""Operations that act on each entry by itself, with NumPy's names and broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op

# --- arithmetic ----------------------------------------------------------------------------


@op(domain="real")
def add(x: Any, y: Any) -> Any:
    """Sum z = x + y."""
    return np.add(x, y)


add.adjoint(  # dz = dx + dy
    lambda g, z, x, y: g,
    lambda g, z, x, y: g,
)


@op(domain="real")
def subtract(x: Any, y: Any) -> Any:
    """Difference z = x - y."""
    return np.subtract(x, y)


subtract.adjoint(  # dz = dx - dy
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g,
)


@op(domain="real")
def multiply(x: Any, y: Any) -> Any:
    """Product z = x y, entry by entry."""
    return np.multiply(x, y)


multiply.adjoint(  # dz = y dx + x dy
    lambda g, z, x, y: g * y,
    lambda g, z, x, y: g * x,
)


@op(domain="nonzero")
def divide(x: Any, y: Any) -> Any:
    """Quotient z = x / y."""
    return np.divide(x, y)


divide.adjoint(  # dz = dx / y - (z / y) dy
    lambda g, z, x, y: g / y,
    lambda g, z, x, y: -g * z / y,
)


@op(domain="real")
def negative(x: Any) -> Any:
    """Negative z = -x."""
    return np.negative(x)


negative.adjoint(lambda g, z, x: -g)  # dz = -dx


@op(domain="positive")
def power(x: Any, y: Any) -> Any:
    """Power z = xʸ; a negative base needs a constant integral exponent."""
    return np.power(x, y)


def _power_slope(g: Any, z: Any, x: Any, y: Any) -> Any:
    """Return g y xʸ⁻¹; the derivative of x⁰ = 1 is 0, at x = 0 too."""
    if isinstance(y, int | float):
        return g * y * x ** (y - 1) if y else where(False, g, 0.0)
    return g * y * x ** where((x == 0) & (y == 0), 1.0, y - 1)


power.adjoint(  # dz = y xʸ⁻¹ dx + z log(x) dy
    _power_slope,
    lambda g, z, x, y: g * z * log(where(x == 0, 1.0, x)),  # 0 log 0 = 0
)

# --- exponentials, logarithms, roots -------------------------------------------------------


@op(domain="real")
def exp(x: Any) -> Any:
    """Exponential z = eˣ."""
    return np.exp(x)


exp.adjoint(lambda g, z, x: g * z)  # dz = z dx


@op(domain="real")
def expm1(x: Any) -> Any:
    """Exponential minus one, z = eˣ - 1, exact for small x."""
    return np.expm1(x)


expm1.adjoint(lambda g, z, x: g * exp(x))  # dz = eˣ dx


@op(domain="positive")
def log(x: Any) -> Any:
    """Natural logarithm z = log x."""
    return np.log(x)


log.adjoint(lambda g, z, x: g / x)  # dz = dx / x


@op(domain="positive")
def log1p(x: Any) -> Any:
    """Logarithm z = log(1 + x), exact for small x."""
    return np.log1p(x)


log1p.adjoint(lambda g, z, x: g / (1.0 + x))  # dz = dx / (1 + x)


@op(domain="positive")
def sqrt(x: Any) -> Any:
    """Square root z = √x."""
    return np.sqrt(x)


sqrt.adjoint(lambda g, z, x: g * 0.5 / z)  # 2 z dz = dx


@op(domain="real")
def square(x: Any) -> Any:
    """Square z = x²."""
    return np.square(x)


square.adjoint(lambda g, z, x: g * (2.0 * x))  # dz = 2 x dx

# --- functions with a corner: the derivative chosen there stands beside it ------------------


@op(domain="nonzero")
def absolute(x: Any) -> Any:
    """Absolute value z = |x|; the derivative at 0 is taken as 0."""
    return np.absolute(x)


absolute.adjoint(lambda g, z, x: g * sign(x))  # dz = sign(x) dx


@op(domain="nonzero")
def sign(x: Any) -> Any:
    """Sign z = x / |x|, and 0 at 0; constant wherever it has a derivative."""
    return np.sign(x)


sign.adjoint(lambda g, z, x: where(False, g, 0.0))  # dz = 0


@op(domain="real")
def maximum(x: Any, y: Any) -> Any:
    """Greater of two, z = max(x, y); where they are equal each gets half the gradient."""
    return np.maximum(x, y)


maximum.adjoint(  # dz = dx where x > y, dy where y > x
    lambda g, z, x, y: g * (0.5 + 0.5 * sign(x - y)),
    lambda g, z, x, y: g * (0.5 + 0.5 * sign(y - x)),
)


@op(domain="real")
def minimum(x: Any, y: Any) -> Any:
    """Lesser of two, z = min(x, y); where they are equal each gets half the gradient."""
    return np.minimum(x, y)


minimum.adjoint(  # dz = dx where x < y, dy where y < x
    lambda g, z, x, y: g * (0.5 + 0.5 * sign(y - x)),
    lambda g, z, x, y: g * (0.5 + 0.5 * sign(x - y)),
)


@op
def where(condition: Any, x: Any, y: Any) -> Any:
    """Choice z = x where the condition holds, y elsewhere."""
    return np.where(condition, x, y)


where.adjoint(  # dz = dx where the condition holds, dy elsewhere
    None,
    lambda g, z, condition, x, y: where(condition, g, 0.0),
    lambda g, z, condition, x, y: where(condition, 0.0, g),
)


@op
def astype(x: Any, dtype: Any = None) -> Any:
    """Conversion to another floating-point type; the cotangent comes back in the type of x."""
    if dtype is None or not np.issubdtype(dtype, np.floating):
        raise TypeError(f"dtype must be a floating-point type, it is {dtype}")
    return np.asarray(x).astype(dtype)


astype.adjoint(lambda g, z, x, dtype: astype(g, dtype=x.dtype))  # dz = dx
