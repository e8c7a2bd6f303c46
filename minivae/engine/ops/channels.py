"""The end of a convolutional layer, fused: a bias for each channel, and a nonlinearity."""

from __future__ import annotations

from typing import Any

from minivae.engine.op import fused
from minivae.engine.ops.linear import ACTIVATIONS, SLOPES
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import reshape
from minivae.kernels import channels as reference
from minivae.kernels.backend import with_twin

_bias = with_twin(reference.channel_bias)
_cotangent = with_twin(reference.channel_cotangent)


def _raised(x: Any, bias: Any, activation: str = "identity") -> Any:
    a = x + reshape(bias, (-1, 1, 1))
    return a if activation == "identity" else ACTIVATIONS[activation](a)


@fused(spec=_raised)
def channel_bias(x: Any, bias: Any, activation: str = "identity") -> Any:
    """Raise each channel by its bias and apply a nonlinearity f by name, z = f(x + b).

    ``x`` is (n, c, h, w), ``bias`` (c,).
    """
    if activation not in SLOPES:
        raise ValueError(f"activation {activation!r} is unknown; choose one of {', '.join(SLOPES)}")
    if bias.shape != x.shape[1:2] or x.ndim != 4:
        raise ValueError(
            f"bias has shape {bias.shape}, but there are {x.shape[1]} channels in the result: it "
            f"must be ({x.shape[1]},)"
        )
    return _bias(x, bias, activation)


channel_bias.adjoint(  # da = dx + db,  dz = f'(a) da
    lambda g, activation, z: g * SLOPES[activation](z),
    lambda g, activation, z: sum(g * SLOPES[activation](z), axis=(0, 2, 3)),
)


def _backward(g: Any, activation: str, wanted: list[int], values: Any) -> list[Any]:
    cotangents = _cotangent(g, values[-1], activation)
    return [cotangents[i] for i in wanted]


channel_bias.in_one_pass(
    lambda x, bias, activation: (channel_bias.primal(x, bias, activation), activation), _backward
)
