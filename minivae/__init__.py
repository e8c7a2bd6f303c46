"""minivae: variational autoencoders from scratch, on a small autodiff engine.

>>> import minivae as mv

The public names are the floors (``mv.nn``, ``mv.models``, ...), the engine's operations and
transformations (``mv.exp``, ``mv.grad``, ...), and ``mv.fit``, ``mv.save``, ``mv.load``,
``mv.use``. Each is imported when it is first asked for, so that ``import minivae`` and
``minivae --help`` cost next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minivae import (
        bench,
        data,
        distributions,
        engine,
        evaluation,
        kernels,
        models,
        nn,
        optim,
        runs,
        testing,
        training,
        viz,
    )
    from minivae.engine import *
    from minivae.engine.ops import *
    from minivae.kernels import get_num_threads, set_num_threads, use
    from minivae.models import load, save
    from minivae.training import fit

_FLOORS = {
    "bench",
    "data",
    "distributions",
    "engine",
    "evaluation",
    "kernels",
    "models",
    "nn",
    "optim",
    "runs",
    "testing",
    "training",
    "viz",
}
_HOMES = {
    "fit": "training",
    "get_num_threads": "kernels",
    "load": "models",
    "save": "models",
    "set_num_threads": "kernels",
    "use": "kernels",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: a floor, a name with a home of its own, else one of the engine."""
    if name in _FLOORS:
        return import_module(f"minivae.{name}")
    if name.startswith("_"):
        raise AttributeError(f"module 'minivae' has no attribute {name!r}")
    homes = [_HOMES[name]] if name in _HOMES else ["engine", "engine.ops"]
    for home in homes:
        module = import_module(f"minivae.{home}")
        if name in module.__all__:
            return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module 'minivae' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List all public names, for completion."""
    engine, ops = import_module("minivae.engine"), import_module("minivae.engine.ops")
    return sorted({*_FLOORS, *_HOMES, *engine.__all__, *ops.__all__})
