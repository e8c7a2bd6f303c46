"""A bias and a nonlinearity for each channel of images, in plain NumPy."""

from __future__ import annotations

import numpy as np

from minivae.kernels.activations import activated, slope


def channel_bias(z: np.ndarray, bias: np.ndarray, activation: str = "identity") -> np.ndarray:
    """Return y = f(z + b) for images (n, c, h, w) and biases (c,)."""
    return activated(z + bias[:, None, None], activation)


def channel_cotangent(
    g: np.ndarray, y: np.ndarray, activation: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return g f'(a), the slope expressed by y = f(a), and its sum for each channel: z̄ and b̄."""
    g = g if activation == "identity" else g * slope(y, activation)
    return g, np.sum(g, axis=(0, 2, 3))
