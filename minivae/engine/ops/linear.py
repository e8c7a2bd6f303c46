"""The affine map of a layer, fused: one product and one sum in a single node."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine.op import fused
from minivae.engine.ops.activations import elu, relu, sigmoid, softplus, tanh
from minivae.engine.ops.choice import where
from minivae.engine.ops.exponential import expm1
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import rows, swapaxes


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x @ swapaxes(weight) + bias


@fused(spec=_affine, holomorphic=True)
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """Affine map z = x Wᵀ + b of each row, as ``torch.nn.functional.linear``.

    ``x`` is (..., in), ``weight`` (out, in), ``bias`` (out,); z is (..., out).
    """
    return _layer(x, weight, bias, "identity")


def _layer(x: Any, weight: Any, bias: Any, activation: str) -> Any:
    if np.ndim(x) == 0 or np.ndim(weight) != 2 or np.shape(bias) != np.shape(weight)[:1]:
        raise ValueError("the shapes are not those of an affine map")
    z = kernels.dense(rows(x), weight, bias, activation)
    return z.reshape(*x.shape[:-1], len(weight))


linear.adjoint(  # dz = dx Wᵀ + x dWᵀ + db
    lambda g, weight: g @ weight,
    lambda g, x: rows(g).T @ rows(x),
    lambda g: sum(rows(g), axis=0),
)


ACTIVATIONS = {f.__name__: f for f in (relu, elu, sigmoid, tanh, softplus)}
SLOPES = {  # f'(a), expressed by z = f(a)
    "identity": lambda z: 1.0,
    "relu": lambda z: where(z > 0, 1.0, 0.0),
    "elu": lambda z: where(z > 0, 1.0, 1.0 + z),
    "sigmoid": lambda z: z * (1.0 - z),
    "tanh": lambda z: 1.0 - z * z,
    "softplus": lambda z: -expm1(-z),
}


def _activated(x: Any, weight: Any, bias: Any, activation: str = "identity") -> Any:
    a = _affine(x, weight, bias)
    return a if activation == "identity" else ACTIVATIONS[activation](a)


@fused(spec=_activated)
def dense(x: Any, weight: Any, bias: Any, activation: str = "identity") -> Any:
    """Dense layer z = f(x Wᵀ + b), with a nonlinearity f by name, one of ``ACTIVATIONS``.

    Shapes as for :func:`linear`. Where f has no slope, it is taken as that operation takes it.
    """
    if activation not in SLOPES:
        raise ValueError(f"activation {activation!r} is unknown; choose one of {', '.join(SLOPES)}")
    return _layer(x, weight, bias, activation)


dense.adjoint(  # da = dx Wᵀ + x dWᵀ + db,  dz = f'(a) da
    lambda g, weight, activation, z: (g * SLOPES[activation](z)) @ weight,
    lambda g, x, activation, z: rows(g * SLOPES[activation](z)).T @ rows(x),
    lambda g, activation, z: sum(rows(g * SLOPES[activation](z)), axis=0),
)


def _backward(g: Any, activation: str, wanted: list[int], values: Any) -> list[Any]:
    """Return these cotangents, with ā = g f'(a) computed once, together with b̄."""
    x, weight, z = values[0], values[1], values[-1]
    a, bias = kernels.dense_cotangent(rows(g), rows(z), activation)
    cotangents = []
    for i in wanted:
        if i == 0:
            cotangents.append(kernels.matmul(a, weight).reshape(x.shape))
        else:
            cotangents.append(kernels.matmul(a.T, rows(x)) if i == 1 else bias)
    return cotangents


linear.in_one_pass(lambda x, weight, bias: (linear.primal(x, weight, bias), "identity"), _backward)
dense.in_one_pass(
    lambda x, weight, bias, activation: (dense.primal(x, weight, bias, activation), activation),
    _backward,
)


@linear.hinted
@dense.hinted
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
