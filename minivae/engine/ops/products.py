"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import op
from minivae.engine.ops.shape import reshape, rows, swapaxes
from minivae.engine.registry import composed


@op(holomorphic=True)
def matmul(x: Any, y: Any) -> Any:
    """Matrix product z = x y over the last two axes; leading axes broadcast, 1-D as in NumPy."""
    if np.ndim(x) >= 2 and np.ndim(y) == 2:  # one product of all rows, not one for each matrix
        return kernels.matmul(rows(x), y).reshape(*x.shape[:-1], y.shape[1])
    return np.matmul(x, y)


def _left(g: Any, y: Any) -> Any:
    """Return x̄ = g yᵀ; x was 1-D if z has fewer axes than y."""
    if y.ndim == 1:
        return reshape(g, (*g.shape, 1)) * y
    if g.ndim < y.ndim:
        return reshape(y @ reshape(g, (*g.shape, 1)), y.shape[:-1])
    return g @ swapaxes(y)


def _right(g: Any, x: Any, y: Any) -> Any:
    """Return ȳ = xᵀ g; of all rows at once if y is one matrix for all that x stacks."""
    if x.ndim == 1:
        column = (*g.shape[:-1], 1, *g.shape[-1:])
        return reshape(x, (-1, 1)) * reshape(g, column) if g.ndim else g * x
    if y.ndim == 2:
        return rows(x).T @ rows(g)
    if y.ndim == 1:
        return reshape(swapaxes(x) @ reshape(g, (*g.shape, 1)), (*x.shape[:-2], x.shape[-1]))
    return swapaxes(x) @ g


matmul.tangent(  # dz = dx y + x dy
    lambda v, y: v @ y,
    lambda v, x: x @ v,
)
matmul.adjoint(_left, _right)  # <dx y, g> = <dx, g yᵀ>,  <x dy, g> = <dy, xᵀ g>


@matmul.hinted
def _(x: Any, y: Any) -> str:
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim == 0 or y.ndim == 0:
        return "a matrix product takes no scalars; did you mean * ?"
    inner = x.shape[-1], y.shape[-2] if y.ndim > 1 else y.shape[-1]
    if inner[0] == inner[1]:
        return f"leading axes {x.shape[:-2]} and {y.shape[:-2]} do not broadcast"
    turned = y.ndim > 1 and x.shape[-1] == y.shape[-1]
    mend = "; did you mean y.T?" if turned else ""
    return f"{x.shape} @ {y.shape}: inner sizes {inner[0]} and {inner[1]} differ{mend}"


@composed("x", "y")
def outer(x: Any, y: Any) -> Any:
    """Outer product zᵢⱼ = xᵢ yⱼ; operands are flattened, as in NumPy."""
    return reshape(x, (-1, 1)) * reshape(y, (1, -1))
