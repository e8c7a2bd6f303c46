"""Products of matrices."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minivae.engine.op import fused, op
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import reshape, swapaxes


@op
def matmul(x: Any, y: Any) -> Any:
    """Matrix product z = x y over the last two axes; leading axes broadcast, 1-D as in NumPy."""
    return np.matmul(x, y)


def _left(g: Any, z: Any, x: Any, y: Any) -> Any:
    """Dz = dx y  ⇒  x̄ = g yᵀ."""
    if y.ndim == 1:
        return reshape(g, (*g.shape, 1)) * y
    if x.ndim == 1:
        return reshape(y @ reshape(g, (*g.shape, 1)), y.shape[:-1])
    return g @ swapaxes(y)


def _right(g: Any, z: Any, x: Any, y: Any) -> Any:
    """Dz = x dy  ⇒  ȳ = xᵀ g."""
    if x.ndim == 1:
        return (
            reshape(x, (-1, 1)) * reshape(g, (*g.shape[:-1], 1, *g.shape[-1:]))
            if y.ndim > 1
            else g * x
        )
    if y.ndim == 1:
        return reshape(swapaxes(x) @ reshape(g, (*g.shape, 1)), (*x.shape[:-2], x.shape[-1]))
    return swapaxes(x) @ g


matmul.adjoint(_left, _right)


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


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x @ swapaxes(weight) + bias


@fused(spec=_affine)
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """Affine map z = x Wᵀ + b of each row, as ``torch.nn.functional.linear``.

    ``x`` is (..., in), ``weight`` (out, in), ``bias`` (out,); z is (..., out).
    """
    if np.ndim(x) == 0 or np.ndim(weight) != 2 or np.shape(bias) != np.shape(weight)[:1]:
        raise ValueError("the shapes are not those of an affine map")
    z = np.matmul(_rows(x), weight.T)
    z = np.add(z, bias, out=z) if z.dtype == np.result_type(z, bias) else z + bias
    return z.reshape(*x.shape[:-1], len(weight))


linear.adjoint(  # dz = dx Wᵀ + x dWᵀ + db
    lambda g, z, x, weight, bias: g @ weight,
    lambda g, z, x, weight, bias: _rows(g).T @ _rows(x),
    lambda g, z, x, weight, bias: sum(_rows(g), axis=0),
)


def _rows(x: Any) -> Any:
    """See all leading axes as one: each row is a datum."""
    return x if x.ndim == 2 else reshape(x, (prod(x.shape[:-1]), x.shape[-1]))


@linear.hinted
def _(x: Any, weight: Any, bias: Any) -> str:
    x, weight, bias = np.asarray(x), np.asarray(weight), np.asarray(bias)
    if x.ndim == 0:
        return "x must have at least one axis, its features"
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        return f"weight must be (out, in) and bias (out,); they are {weight.shape} and {bias.shape}"
    if x.shape[-1:] == weight.shape[1:]:
        return ""
    mend = "; did you mean weight.T?" if x.shape[-1:] == weight.shape[:1] else ""
    return f"x has {x.shape[-1]} features, weight {weight.shape} expects {weight.shape[1]}{mend}"
