"""The engine: tensors, operations with their derivatives, the two walks, and guards that teach."""

from minivae.engine import ops
from minivae.engine.anomaly import AnomalyError, detect_anomaly
from minivae.engine.draw import Drawing, draw
from minivae.engine.op import fused, op
from minivae.engine.profile import Profile, profile
from minivae.engine.registry import FUNCTIONS, REGISTRY
from minivae.engine.tape import no_grad
from minivae.engine.tensor import Tensor, tensor
from minivae.engine.transforms import grad, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "FUNCTIONS",
    "REGISTRY",
    "AnomalyError",
    "Drawing",
    "Profile",
    "Tensor",
    "detect_anomaly",
    "draw",
    "fused",
    "grad",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "op",
    "ops",
    "profile",
    "tensor",
    "value_and_grad",
    "vjp",
]
