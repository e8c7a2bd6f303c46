"""The engine: tensors, operations with their adjoints, and the reverse walk."""

from minivae.engine import ops
from minivae.engine.op import fused, op
from minivae.engine.registry import REGISTRY
from minivae.engine.tape import no_grad
from minivae.engine.tensor import Tensor, tensor
from minivae.engine.transforms import grad, hvp, jacobian, value_and_grad, vjp

__all__ = [
    "REGISTRY",
    "Tensor",
    "fused",
    "grad",
    "hvp",
    "jacobian",
    "no_grad",
    "op",
    "ops",
    "tensor",
    "value_and_grad",
    "vjp",
]
