"""The tables of operations and functions, by name.

Every operation enters itself when it is defined, so that no operation can hide: the tests run each
law over these tables, :class:`~minivae.engine.tensor.Tensor` finds its operators and methods in
them, and NumPy's functions find their counterparts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from minivae.engine.op import Op

REGISTRY: dict[str, Op] = {}
"""The operations: each has a tangent and an adjoint of its own."""

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The operations, and the functions that are composed of them."""

F = TypeVar("F", bound=Callable[..., Any])


def composed(function: F) -> F:
    """Enter a function that is composed of operations: its derivatives are theirs."""
    FUNCTIONS[function.__name__] = function
    return function
