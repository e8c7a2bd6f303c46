"""The tables of operations and functions, by name.

Every operation enters itself when it is defined, so that no operation can hide: the tests run each
law over these tables, :class:`~minivae.engine.tensor.Tensor` finds its operators and methods in
them, and NumPy's functions find their counterparts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from minivae.engine.op import Op

REGISTRY: dict[str, Op] = {}
"""The operations: each has a tangent and an adjoint of its own."""

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The operations, and the functions that are composed of them."""

F = TypeVar("F", bound=Callable[..., Any])


def composed(*operands: str) -> Callable[[F], F]:
    """Enter a function that is composed of operations: its derivatives are theirs.

    Parameters
    ----------
    *operands : str
        Names of its first parameters: lists and numbers that are given for these become arrays, as
        they do for an operation.

    Raises
    ------
    IndexError, TypeError or ValueError
        By the function: what it raises, or an operation in it, is said in its name.
    """

    def enter(function: F) -> F:
        name, first = function.__name__, len(operands)

        @wraps(function)
        def run(*args: Any, **named: Any) -> Any:
            try:
                if operands:
                    args = (*map(as_array, args[:first]), *args[first:])
                    named |= {k: as_array(named[k]) for k in operands if k in named}
                return function(*args, **named)
            except (IndexError, TypeError, ValueError) as error:
                if str(error).startswith(name):
                    raise
                kinds = (np.exceptions.AxisError, IndexError, TypeError, ValueError)
                (kind, *_) = (k for k in kinds if isinstance(error, k))
                raise kind(f"{name}: {error}") from error

        FUNCTIONS[name] = run
        return cast(F, run)

    return enter


def as_array(a: Any) -> Any:
    """Make a list or a number an array; arrays, tensors and None stay as they are."""
    return a if a is None or hasattr(a, "shape") else np.asarray(a)
