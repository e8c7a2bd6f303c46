"""Tied weights: a layer that goes back by the transpose of another layer's weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.ops import dense, swapaxes
from minivae.nn.layers import Layer, Linear
from minivae.nn.module import Parameter


class TiedLinear(Layer):
    """Affine map z = x W + b back through a :class:`Linear` of weight W, which the two share.

    The shared weight gets its gradient along both paths, and stands in the state once, under the
    name it has in the layer that owns it; the bias is this layer's own (Vincent et al. 2010,
    section 2.2: W' = Wᵀ).

    Parameters
    ----------
    layer : Linear
        The layer whose weight (out, in) is shared; this one maps (..., out) to (..., in).

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> there = mv.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> back = mv.nn.TiedLinear(there)
    >>> back(there(np.ones((5, 3)))).shape
    (5, 3)
    """

    def __init__(self, layer: Linear) -> None:
        self.shared = layer.weight
        self.bias = Parameter(np.zeros(layer.weight.shape[1], layer.weight.dtype))

    def forward(self, x: Any, activation: str = "identity") -> Any:
        """Map (..., out) to (..., in), and then by a nonlinearity, if one is named."""
        return dense(x, swapaxes(self.shared), self.bias, activation)
