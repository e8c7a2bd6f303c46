"""What all optimisers share: the parameters, their slots of memory, and how these are saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from minivae.engine import Tensor


class Optimizer:
    """Adjusts parameters from their gradients.

    A subclass names its ``slots``, the arrays it keeps for each parameter, and defines ``update``.

    Parameters
    ----------
    parameters : iterable of Parameter
        What to adjust, as from ``model.parameters()``.
    lr : float
        The learning rate.
    """

    slots: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        name = type(self).__name__
        if isinstance(parameters, Tensor):
            raise TypeError(f"{name}: pass a list of parameters, as from model.parameters()")
        self.parameters = list({id(p): p for p in parameters}.values())  # each once
        if not self.parameters:
            raise ValueError(f"{name}: there are no parameters; pass model.parameters()")
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Tensor) or not p.requires_grad or p.node is not None:
                what = repr(p) if isinstance(p, Tensor) else f"a {type(p).__name__}"
                raise TypeError(
                    f"{name}: parameter {i} is no leaf that requires a gradient but {what}; make "
                    "it one by Parameter(...) or tensor(..., requires_grad=True)"
                )
        if not lr > 0:
            raise ValueError(f"{name}: the learning rate must be positive, it is {lr}")
        self.lr = lr
        self.steps = 0
        self.memory = [
            {slot: np.zeros_like(p.data) for slot in self.slots} for p in self.parameters
        ]

    def step(self) -> None:
        """Adjust every parameter that has a gradient, in place.

        Take the gradients of a graph that was recorded before first: afterwards it refuses, as its
        parameters are no longer what they were.
        """
        self.steps += 1
        for parameter, memory in zip(self.parameters, self.memory, strict=True):
            if parameter.grad is not None:
                if parameter.grad.shape != parameter.shape:
                    raise ValueError(
                        f"{type(self).__name__}: a parameter of shape {parameter.shape} has a "
                        f"gradient of shape {parameter.grad.shape}; they must be equal"
                    )
                self.update(parameter.data, parameter.grad, **memory)

    def update(self, p: np.ndarray, g: np.ndarray, **memory: np.ndarray) -> None:
        """Adjust one parameter ``p`` and its memory in place; every subclass says how."""
        raise TypeError(f"{type(self).__name__} defines no update(); an optimiser needs one")

    def zero_grad(self) -> None:
        """Forget the gradients, before the next ``backward``."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of all that the optimiser remembers."""
        arrays = {
            f"{slot}.{i}": array.copy()
            for i, memory in enumerate(self.memory)
            for slot, array in memory.items()
        }
        return {"steps": np.array(self.steps), "lr": np.array(self.lr, np.float64), **arrays}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Raises
        ------
        ValueError
            If the state belongs to another optimiser or to other parameters.
        """
        own = self.state_dict()
        if own.keys() != state.keys() or any(np.shape(state[k]) != own[k].shape for k in own):
            raise ValueError(
                f"{type(self).__name__}: the state belongs to another optimiser or other parameters"
            )
        self.steps, self.lr = int(state["steps"]), float(state["lr"])
        for i, memory in enumerate(self.memory):
            for slot, array in memory.items():
                array[...] = state[f"{slot}.{i}"]
