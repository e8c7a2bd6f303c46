"""Module: a function with parameters, found by walking its attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minivae.engine import Tensor


class Parameter(Tensor):
    """A leaf tensor that training adjusts; modules find it among their attributes.

    It copies its data: training writes into it, and into nothing else.
    """

    __slots__ = ()

    def __init__(self, data: Any, *, dtype: Any = None) -> None:
        super().__init__(np.array(data, dtype=dtype), requires_grad=True)


class Module:
    """A function of tensors whose parameters are its attributes, and those of its attributes.

    A subclass assigns parameters and modules (or lists of them) to attributes and defines
    ``forward``. Calling the module calls ``forward``.
    """

    def forward(self, *args: Any) -> Any:
        """Compute the function; every subclass says how."""
        raise TypeError(f"{type(self).__name__} defines no forward(); a module needs one")

    def __call__(self, *args: Any) -> Any:
        """Compute :meth:`forward`."""
        return self.forward(*args)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield (path, parameter), each parameter once, in the order of the attributes."""
        seen: set[int] = set()
        for name, parameter in _walk(self, ""):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def parameters(self) -> list[Parameter]:
        """Return all parameters, each once; what an optimiser takes."""
        return [parameter for _, parameter in self.named_parameters()]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of every parameter's values by its path."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Copy values into the parameters, after all names and shapes have been found to agree.

        Raises
        ------
        ValueError
            If a name is missing or unknown, or a shape differs; nothing is changed then.
        """
        own = dict(self.named_parameters())
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise ValueError(
                f"load_state_dict: {type(self).__name__} misses {missing or 'nothing'} and does "
                f"not know {unknown or 'nothing'}; was the state saved from another architecture?"
            )
        for name, parameter in own.items():
            if np.shape(state[name]) != parameter.shape:
                raise ValueError(
                    f"load_state_dict: {name} has shape {np.shape(state[name])} in the state and "
                    f"{parameter.shape} in the module; build the module with the saved sizes"
                )
        for name, parameter in own.items():
            parameter.data[...] = state[name]


def _walk(value: Any, path: str) -> Iterator[tuple[str, Parameter]]:
    if isinstance(value, Parameter):
        yield path, value
    elif isinstance(value, Module):
        for name, attribute in vars(value).items():
            yield from _walk(attribute, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _walk(item, f"{path}.{i}")
