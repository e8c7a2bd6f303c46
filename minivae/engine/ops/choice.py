"""Operations that choose: between two entries, or by a sign.

Where two branches meet there is no derivative; what is taken instead stands in each docstring.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.registry import as_array, composed


@op
def where(condition: Any, x: Any, y: Any) -> Any:
    """Choice z = x where the condition holds, y elsewhere."""
    return np.where(condition, x, y)


where.tangent(  # dz = dx where the condition holds, dy elsewhere
    None,
    lambda v, condition: where(condition, v, 0.0),
    lambda v, condition: where(condition, 0.0, v),
)
where.adjoint(  # g goes where z came from
    None,
    lambda g, condition: where(condition, g, 0.0),
    lambda g, condition: where(condition, 0.0, g),
)


@op(domain="nonzero")
def sign(x: Any) -> Any:
    """Sign z = x / |x|, and 0 at 0; constant wherever it has a slope, which is 0 at 0 too."""
    return np.sign(x)


sign.tangent(lambda v: where(False, v, 0.0))  # dz = 0
sign.adjoint(lambda g: where(False, g, 0.0))


@op(domain="nonzero")
def absolute(x: Any) -> Any:
    """Absolute value z = |x|; the slope at 0 is taken as 0."""
    return np.absolute(x)


absolute.tangent(lambda v, x: where(x < 0, -v, where(x == 0, 0.0, v)))  # dz = ±dx
absolute.adjoint(lambda g, x: g * sign(x))


@op(domain="real")
def maximum(x: Any, y: Any) -> Any:
    """Greater of two, z = max(x, y); where they are equal each gets half the gradient."""
    return np.maximum(x, y)


maximum.tangent(  # dz = dx where x > y, dy where y > x
    lambda v, x, y: where(x > y, v, where(x == y, 0.5 * v, 0.0)),
    lambda v, x, y: where(x < y, v, where(x == y, 0.5 * v, 0.0)),
)
maximum.adjoint(
    lambda g, z, x, y: where(x == z, where(y == z, 0.5 * g, g), 0.0),
    lambda g, z, x, y: where(y == z, where(x == z, 0.5 * g, g), 0.0),
)


@op(domain="real")
def minimum(x: Any, y: Any) -> Any:
    """Lesser of two, z = min(x, y); where they are equal each gets half the gradient."""
    return np.minimum(x, y)


minimum.tangent(  # dz = dx where x < y, dy where y < x
    lambda v, x, y: where(x < y, v, where(x == y, 0.5 * v, 0.0)),
    lambda v, x, y: where(x > y, v, where(x == y, 0.5 * v, 0.0)),
)
minimum.adjoint(
    lambda g, z, x, y: where(x == z, where(y == z, 0.5 * g, g), 0.0),
    lambda g, z, x, y: where(y == z, where(x == z, 0.5 * g, g), 0.0),
)


@composed()
def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Limit the entries to a_min ≤ z ≤ a_max, as ``numpy.clip``; None is no limit.

    Within the limits the gradient passes, outside it is 0, and on a limit it is halved.
    ``min`` and ``max`` are other names of the limits.
    """
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("limits are given twice; choose a_min and a_max, or min and max")
    low, high = a_min if min is None else min, a_max if max is None else max
    z = as_array(x) if low is None else maximum(x, low)
    return z if high is None else minimum(z, high)
