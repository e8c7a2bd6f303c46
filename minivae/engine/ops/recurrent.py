"""The elementwise part of a gated recurrent unit, fused: its matrix products are made before."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import fused
from minivae.engine.ops.activations import sigmoid, tanh


def _gru_cell(gates_x: Any, gates_h: Any, h: Any) -> Any:
    d = h.shape[1]
    r = sigmoid(gates_x[:, :d] + gates_h[:, :d])
    z = sigmoid(gates_x[:, d : 2 * d] + gates_h[:, d : 2 * d])
    n = tanh(gates_x[:, 2 * d :] + r * gates_h[:, 2 * d :])
    return (1.0 - z) * n + z * h


@fused(spec=_gru_cell)
def gru_cell(gates_x: Any, gates_h: Any, h: Any) -> Any:
    """Next state h' = (1 - z) n + z h of a gated recurrent unit, as ``torch.nn.GRUCell``.

    r = σ(x₁ + h₁), z = σ(x₂ + h₂), n = tanh(x₃ + r h₃), with the thirds x and h of ``gates_x`` =
    W x + b and ``gates_h`` = U h + c, both (n, 3d). ``h`` and the result are (n, d). (Cho et al.
    2014; there r acts before the product with U.)
    """
    return _with_gates(gates_x, gates_h, h)[0]


def _with_gates(gates_x: Any, gates_h: Any, h: Any) -> tuple[Any, Any]:
    """Return h' and (r, z, n)."""
    if np.ndim(h) != 2 or not np.shape(gates_x) == np.shape(gates_h) == (len(h), 3 * h.shape[1]):
        raise ValueError("the shapes are not those of a cell")
    return kernels.gru_cell(gates_x, gates_h, h)


def _cotangents(g: Any, gates_x: Any, gates_h: Any, h: Any) -> tuple[Any, Any, Any]:
    gates = _with_gates(gates_x, gates_h, h)[1]
    return kernels.gru_cell_grad(g, gates, gates_h, h)


gru_cell.adjoint(  # dh' = (1 - z) dn + (h - n) dz + z dh
    lambda g, gates_x, gates_h, h: _cotangents(g, gates_x, gates_h, h)[0],
    lambda g, gates_x, gates_h, h: _cotangents(g, gates_x, gates_h, h)[1],
    lambda g, gates_x, gates_h, h: _cotangents(g, gates_x, gates_h, h)[2],
)


def _backward(g: Any, gates: Any, wanted: list[int], values: Any) -> list[Any]:
    cotangents = kernels.gru_cell_grad(g, gates, values[1], values[2])
    return [cotangents[i] for i in wanted]


gru_cell.in_one_pass(_with_gates, _backward)


@gru_cell.hinted
def _(gates_x: Any, gates_h: Any, h: Any) -> str:
    gates_x, gates_h, h = np.shape(gates_x), np.shape(gates_h), np.shape(h)
    return f"h must be (n, d), gates_x and gates_h (n, 3d); they are {h}, {gates_x} and {gates_h}"
