"""The elementwise part of a gated recurrent unit in plain NumPy; its products are made before."""

from __future__ import annotations

import numpy as np

from minivae.kernels.reference import sigmoid


def gru_cell(
    gates_x: np.ndarray, gates_h: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the next state h' of a gated recurrent unit, and its gates (r, z, n).

    r = σ(x₁ + h₁),  z = σ(x₂ + h₂),  n = tanh(x₃ + r h₃),  h' = (1 - z) n + z h

    with the thirds (x₁, x₂, x₃) of W x + b and (h₁, h₂, h₃) of U h + c (Cho et al. 2014, in
    PyTorch's form, in which r acts after the product). Shapes (n, 3d), (n, 3d), (n, d) to (n, d),
    (n, 3d).
    """
    (x1, x2, x3), (h1, h2, h3) = np.split(gates_x, 3, axis=1), np.split(gates_h, 3, axis=1)
    r, z = sigmoid(x1 + h1), sigmoid(x2 + h2)
    n = np.tanh(x3 + r * h3)
    return (1 - z) * n + z * h, np.concatenate([r, z, n], axis=1)


def gru_cell_grad(
    g: np.ndarray, gates: np.ndarray, gates_h: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cotangents of gates_x, gates_h and h, from that of h' and the gates (r, z, n).

    x̄₃ = g (1 - z) (1 - n²),  x̄₂ = g (h - n) z (1 - z),  x̄₁ = x̄₃ h₃ r (1 - r),
    h̄₁ = x̄₁,  h̄₂ = x̄₂,  h̄₃ = x̄₃ r,  h̄ = g z.
    """
    r, z, n = np.split(gates, 3, axis=1)
    h3 = gates_h[:, 2 * h.shape[1] :]
    x3 = g * (1 - z) * (1 - n * n)
    x2 = g * (h - n) * (z * (1 - z))
    x1 = x3 * h3 * (r * (1 - r))
    return np.concatenate([x1, x2, x3], axis=1), np.concatenate([x1, x2, x3 * r], axis=1), g * z
