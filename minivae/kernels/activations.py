"""The nonlinearities that layers take along, by name, and their slopes, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.kernels import reference

ACTIVATIONS = ("identity", "relu", "elu", "sigmoid", "tanh", "softplus")
"""Their names; the place of one is its number in compiled kernels."""


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
