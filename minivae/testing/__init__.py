"""Testing: a gradient checker, and strategies for hypothesis."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from minivae.testing.case import GradientError
from minivae.testing.gradcheck import gradcheck

if TYPE_CHECKING:
    from minivae.testing import strategies

__all__ = ["GradientError", "gradcheck", "strategies"]


def __getattr__(name: str) -> Any:
    """Import ``strategies`` when it is asked for: it needs hypothesis, the checker does not."""
    if name == "strategies":
        return import_module("minivae.testing.strategies")
    raise AttributeError(f"module 'minivae.testing' has no attribute {name!r}")
