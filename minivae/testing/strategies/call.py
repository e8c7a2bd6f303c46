"""A call that can be made of several functions, minivae's and NumPy's, on arrays and tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minivae.engine.ops import concatenate, reshape
from minivae.engine.registry import FUNCTIONS, REGISTRY


@dataclass(frozen=True, eq=False)
class Call:
    """Operands and static arguments of a function, and how they are handed over.

    Calling it applies minivae's function: ``call(*call.variables)``.

    Attributes
    ----------
    name : str
        The function's, in minivae.
    operands : tuple
        Arrays, and numbers in places where arrays may stand.
    static : dict
        Arguments by name, which are not differentiated.
    first : tuple
        What is handed over before the operands, such as the subscripts of einsum.
    as_list : bool
        Whether the operands are handed over in a list, as to concatenate.
    """

    name: str
    operands: tuple[Any, ...]
    static: dict[str, Any] = field(default_factory=dict)
    first: tuple[Any, ...] = ()
    as_list: bool = False

    def of(self, function: Callable[..., Any], *operands: Any) -> Any:
        """Apply any ``function``, to other operands if such are given."""
        given = operands or self.operands
        return function(*self.first, *([list(given)] if self.as_list else given), **self.static)

    @property
    def wanted(self) -> list[int]:
        """The positions of the operands with respect to which there are derivatives."""
        adjoints = REGISTRY[self.name].adjoints if self.name in REGISTRY else ()
        constant = {i for i, adjoint in enumerate(adjoints) if adjoint is None}
        return [
            i
            for i, x in enumerate(self.operands)
            if i not in constant and isinstance(x, np.ndarray) and x.dtype.kind == "f"
        ]

    @property
    def variables(self) -> list[np.ndarray]:
        """The operands at these positions."""
        return [self.operands[i] for i in self.wanted]

    def __call__(self, *variables: Any) -> Any:
        """Apply minivae's function to ``variables`` in the places of :attr:`variables`.

        A list of results, as split returns it, is flattened into one.
        """
        full = list(self.operands)
        for i, variable in zip(self.wanted, variables, strict=True):
            full[i] = variable
        z = self.of(FUNCTIONS[self.name], *full)
        return concatenate([reshape(part, (-1,)) for part in z]) if isinstance(z, list) else z

    def converted(self, dtype: Any) -> Call:
        """Return the same call with all its floating-point arrays in another type."""
        converted = (
            x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
            for x in self.operands
        )
        return replace(self, operands=tuple(converted))

    def copied(self) -> Call:
        """Return the same call with copies of its arrays, which are contiguous."""
        copies = (x.copy() if isinstance(x, np.ndarray) else x for x in self.operands)
        return replace(self, operands=tuple(copies))
