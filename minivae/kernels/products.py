"""Matrix products and dense layers: the references, and who computes a product.

A product is made by NumPy's BLAS or by our own tiles (:mod:`minivae.kernels.compiled.product`),
whichever is faster; see :mod:`minivae.kernels.choice`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.kernels import reference
from minivae.kernels.backend import compiles
from minivae.kernels.choice import tiles_are_faster

ACTIVATIONS = ("identity", "relu", "elu", "sigmoid", "tanh", "softplus")


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product A B of matrices (m, k) and (k, n)."""
    if compiles(a, b) and _by_tiles(a, b):
        from minivae.kernels import compiled

        return compiled.multiply(a, b)
    return np.matmul(a, b)


def dense(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, activation: str = "identity"
) -> np.ndarray:
    """Return a layer's result f(x Wᵀ + b) for rows (n, in), weights (out, in), biases (out,)."""
    if compiles(x, weight, bias) and _by_tiles(x, weight.T, bias):
        from minivae.kernels import compiled

        bias = np.ascontiguousarray(bias)
        return compiled.multiply(x, weight.T, bias, ACTIVATIONS.index(activation))
    z = matmul(x, weight.T)
    z = np.add(z, bias, out=z) if z.dtype == np.result_type(z, bias) else z + bias
    return activated(z, activation)


def _by_tiles(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None) -> bool:
    """Tell whether tiles make A B (+ bias). Sizes that do not fit, NumPy is left to refuse."""
    fit = a.shape[1] == b.shape[0] and (bias is None or bias.shape == b.shape[1:])
    return fit and tiles_are_faster(a, b, fused=bias is not None)


def activated(z: np.ndarray, activation: str) -> np.ndarray:
    """Return f(z) of each entry."""
    if activation == "identity":
        return z
    if activation == "relu":
        return np.maximum(z, 0)
    if activation == "elu":
        return np.maximum(z, 0) + np.expm1(np.minimum(z, 0))
    if activation == "tanh":
        return np.tanh(z)
    return reference.sigmoid(z) if activation == "sigmoid" else reference.softplus(z)


def dense_cotangent(g: np.ndarray, y: np.ndarray, activation: str) -> tuple[np.ndarray, np.ndarray]:
    """Return g f'(z), the slope expressed by y = f(z), and its sum over the rows: z̄ and b̄.

    ``g`` and ``y`` are (n, out).
    """
    if compiles(g, y):
        from minivae.kernels import compiled

        return compiled.dense_cotangent(g, y, ACTIVATIONS.index(activation))
    g = g * slope(y, activation)
    return g, np.sum(g, axis=0)


def slope(y: Any, activation: str) -> Any:
    """Return the slope f'(z) of an activation, expressed by its result y = f(z)."""
    if activation == "identity":
        return np.ones_like(y)
    if activation == "relu":
        return (y > 0).astype(y.dtype)
    if activation == "elu":
        return np.where(y > 0, 1, 1 + y).astype(y.dtype)
    if activation == "sigmoid":
        return y * (1 - y)
    return 1 - y * y if activation == "tanh" else -np.expm1(-y)
