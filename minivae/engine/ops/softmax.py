"""Sums of exponentials, and what is left when they are divided by: shifted, so nothing overflows.

With m = maxᵢ xᵢ, log Σᵢ e^xᵢ = m + log Σᵢ e^(xᵢ - m): the largest term is 1, and those that vanish
beside it may. Arguments are as in SciPy: without ``axis``, all entries count together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import op
from minivae.engine.ops.activations import sigmoid, softplus
from minivae.engine.ops.choice import where
from minivae.engine.ops.exponential import exp
from minivae.engine.ops.reductions import spread, sum
from minivae.kernels import reference


@op(domain="real")
def logaddexp(x: Any, y: Any) -> Any:
    """Logarithm of a sum of two exponentials, z = log(eˣ + eʸ)."""
    return reference.logaddexp(x, y)


logaddexp.tangent(  # e^z dz = eˣ dx + eʸ dy,  z - x = log(1 + e^(y - x))
    lambda v, x, y: exp(-softplus(_gap(y, x))) * v,
    lambda v, x, y: exp(-softplus(_gap(x, y))) * v,
)
logaddexp.adjoint(  # eˣ / (eˣ + eʸ) = σ(x - y)
    lambda g, x, y: g * sigmoid(_gap(x, y)),
    lambda g, x, y: g * sigmoid(_gap(y, x)),
)


def _gap(x: Any, y: Any) -> Any:
    """Return x - y, and 0 where both are the same infinity."""
    if isinstance(x, int | float):  # whose type is that of the other
        return -_gap(y, x)
    same = (x == y) & np.isinf(x)
    return where(same, 0.0, where(same, 0.0, x) - y)


@op
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Logarithm of a sum of exponentials, z = log Σᵢ e^xᵢ over ``axis``; -inf over no entries."""
    return kernels.logsumexp(x, axis, keepdims)


logsumexp.tangent(  # dz = Σᵢ softmax(x)ᵢ dxᵢ
    lambda v, x, axis, keepdims: sum(softmax(x, axis) * v, axis, keepdims),
)
logsumexp.adjoint(lambda g, x, axis: spread(g, x.shape, axis) * softmax(x, axis))


@op
def softmax(x: Any, axis: Any = None) -> Any:
    """Shares zᵢ = e^xᵢ / Σⱼ e^xⱼ along ``axis``: positive, of sum 1."""
    return reference.softmax(x, axis)


softmax.tangent(  # dzᵢ = zᵢ (dxᵢ - Σⱼ zⱼ dxⱼ)
    lambda v, z, axis: z * (v - sum(z * v, axis, keepdims=True)),
)
softmax.adjoint(  # x̄ᵢ = zᵢ gᵢ - zᵢ Σⱼ zⱼ gⱼ
    lambda g, z, axis: z * g - z * sum(z * g, axis, keepdims=True),
)


@op
def log_softmax(x: Any, axis: Any = None) -> Any:
    """Logarithms of shares, zᵢ = xᵢ - log Σⱼ e^xⱼ along ``axis``."""
    return reference.log_softmax(x, axis)


log_softmax.tangent(  # dzᵢ = dxᵢ - Σⱼ e^zⱼ dxⱼ
    lambda v, z, axis: v - sum(exp(z) * v, axis, keepdims=True),
)
log_softmax.adjoint(  # x̄ᵢ = gᵢ - e^zᵢ Σⱼ gⱼ
    lambda g, x, axis: g - softmax(x, axis) * sum(g, axis, keepdims=True),
)
