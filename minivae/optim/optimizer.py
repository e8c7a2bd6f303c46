"""What all optimisers share: the parameters, their slots of memory, and how these are saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from minivae import kernels
from minivae.engine import Tensor
from minivae.kernels.optimizers import Slots


class Optimizer:
    """Adjusts parameters from their gradients.

    A subclass names its ``slots``, the arrays it keeps for each parameter, and defines ``update``.
    The methods of this package state a ``rule`` and its ``numbers`` instead, a kernel that steps
    all parameters at once.

    Parameters
    ----------
    parameters : iterable of Parameter
        What to adjust, as from ``model.parameters()``.
    lr : float
        The learning rate.
    """

    slots: tuple[str, ...] = ()
    rule: Callable[..., None] | None = None

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
        kinds: dict[np.dtype, list[int]] = {}
        for i, p in enumerate(self.parameters):
            kinds.setdefault(p.dtype, []).append(i)
        self.groups = [
            (rows, Slots([self.parameters[i].data for i in rows], len(self.slots)))
            for rows in kinds.values()
        ]

    @property
    def memory(self) -> list[dict[str, np.ndarray]]:
        """For each parameter its slots by name, of its shape: views, to be read and written."""
        memory: list[dict[str, np.ndarray]] = [{} for _ in self.parameters]
        for rows, slots in self.groups:
            for k, i in enumerate(rows):
                memory[i] = dict(zip(self.slots, slots.of(k), strict=True))
        return memory

    def step(self) -> None:
        """Adjust every parameter that has a gradient, in place.

        Take the gradients of a graph that was recorded before first: afterwards it refuses, as its
        parameters are no longer what they were.
        """
        arrays = [p.data for p in self.parameters]
        gradients = [p.grad for p in self.parameters]
        for p, g in zip(arrays, gradients, strict=True):
            if g is not None and g.shape != p.shape:
                raise ValueError(
                    f"{type(self).__name__}: a parameter of shape {p.shape} has a "
                    f"gradient of shape {g.shape}; they must be equal"
                )
            if g is not None and not p.flags.writeable:
                raise ValueError(
                    f"{type(self).__name__}: a parameter of shape {p.shape} cannot be written to; "
                    "give it a copy of these data"
                )
        self.steps += 1
        if self.rule is None or type(self).update is not Optimizer.update:
            for p, g, memory in zip(arrays, gradients, self.memory, strict=True):
                if g is not None:
                    self.update(p, g, **memory)
            return
        for rows, slots in self.groups:
            some = [arrays[i] for i in rows], [gradients[i] for i in rows]
            kernels.step_all(self.rule, *some, slots, slots.flat, self.numbers())

    def update(self, p: np.ndarray, g: np.ndarray, **memory: np.ndarray) -> None:
        """Adjust one parameter ``p`` and its memory in place; every subclass says how."""
        if self.rule is None:
            raise TypeError(f"{type(self).__name__} defines no update(); an optimiser needs one")
        arrays = [memory[slot] for slot in self.slots]
        kernels.step_one(self.rule, p, g, arrays, self.numbers())

    def numbers(self) -> tuple[Any, ...]:
        """Return what the ``rule`` takes beside arrays."""
        return ()

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
