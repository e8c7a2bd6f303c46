"""The nonlinearities by name, as recipes and the command line ask for them."""

from __future__ import annotations

from typing import Any

from minivae.engine import ops
from minivae.engine.op import Op

ACTIVATIONS: dict[str, Op] = {
    f.__name__: f for f in (ops.elu, ops.relu, ops.sigmoid, ops.softplus, ops.tanh)
}


def activation_named(name: str) -> Op:
    """Return the activation of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation {name!r} is unknown; choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def fused_name(function: Any) -> str:
    """Return the name by which a layer takes this nonlinearity along; else an empty string."""
    name = getattr(function, "__name__", "")
    return name if ACTIVATIONS.get(name) is function else ""
