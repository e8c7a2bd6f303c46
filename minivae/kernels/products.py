"""Matrix products and dense layers: the references, and who computes a product.

A product is made by NumPy's BLAS or by our own tiles (:mod:`minivae.kernels.compiled.product`),
whichever is faster; see :mod:`minivae.kernels.choice`.
"""

from __future__ import annotations

import numpy as np

from minivae.kernels.activations import ACTIVATIONS, activated, slope
from minivae.kernels.backend import compiled_or, compiles, products_by
from minivae.kernels.choice import TINY, tiles_are_faster


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product A B of matrices (m, k) and (k, n)."""
    choose = a.size * b.shape[1] > TINY or products_by() == "tiles"
    if choose and compiles(a, b) and _by_tiles(a, b):
        return compiled_or(np.matmul, "multiply", a, b)
    return np.matmul(a, b)


def dense(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, activation: str = "identity"
) -> np.ndarray:
    """Return a layer's result f(x Wᵀ + b) for rows (n, in), weights (out, in), biases (out,)."""
    kind = ACTIVATIONS.index(activation)
    if compiles(x, weight, bias) and _by_tiles(x, weight.T, bias):
        return compiled_or(_dense, "multiply", x, weight.T, bias, kind)
    return _dense(x, weight.T, bias, kind)


def _dense(a: np.ndarray, b: np.ndarray, bias: np.ndarray, kind: int) -> np.ndarray:
    z = np.matmul(a, b)
    z = np.add(z, bias, out=z) if z.dtype == np.result_type(z, bias) else z + bias
    return activated(z, ACTIVATIONS[kind])


def _by_tiles(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None) -> bool:
    """Tell whether tiles make A B (+ bias). Sizes that do not fit, NumPy is left to refuse."""
    fit = a.shape[1] == b.shape[0] and (bias is None or bias.shape == b.shape[1:])
    return fit and tiles_are_faster(a, b, fused=bias is not None)


def dense_cotangent(g: np.ndarray, y: np.ndarray, activation: str) -> tuple[np.ndarray, np.ndarray]:
    """Return g f'(z), the slope expressed by y = f(z), and its sum over the rows: z̄ and b̄.

    ``g`` and ``y`` are (n, out).
    """
    kind = ACTIVATIONS.index(activation)
    if compiles(g, y):
        return compiled_or(_dense_cotangent, "dense_cotangent", g, y, kind)
    return _dense_cotangent(g, y, kind)


def _dense_cotangent(g: np.ndarray, y: np.ndarray, kind: int) -> tuple[np.ndarray, np.ndarray]:
    g = g * slope(y, ACTIVATIONS[kind])
    return g, np.sum(g, axis=0)
