"""The affine map of a layer, fused: one product and one sum in a single node."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import fused
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import rows, swapaxes


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x @ swapaxes(weight) + bias


@fused(spec=_affine, holomorphic=True)
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """Affine map z = x Wᵀ + b of each row, as ``torch.nn.functional.linear``.

    ``x`` is (..., in), ``weight`` (out, in), ``bias`` (out,); z is (..., out).
    """
    if np.ndim(x) == 0 or np.ndim(weight) != 2 or np.shape(bias) != np.shape(weight)[:1]:
        raise ValueError("the shapes are not those of an affine map")
    z = np.matmul(rows(x), weight.T)
    z = np.add(z, bias, out=z) if z.dtype == np.result_type(z, bias) else z + bias
    return z.reshape(*x.shape[:-1], len(weight))


linear.adjoint(  # dz = dx Wᵀ + x dWᵀ + db
    lambda g, weight: g @ weight,
    lambda g, x: rows(g).T @ rows(x),
    lambda g: sum(rows(g), axis=0),
)


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
