"""What is to be checked, and whether it can be: the function, its arguments, the point."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minivae.engine import Tensor


class GradientError(AssertionError):
    """A gradient that disagrees with the measured one, or a point at which there is none."""


class Case(NamedTuple):
    """What is checked, for the report: its name, those of its inputs, and which derivative."""

    name: str
    arguments: list[str]
    derivative: str = "gradient"
    result: str = "result"
    remark: str = ""


def points_of(case: Case, inputs: tuple[Any, ...]) -> list[np.ndarray]:
    """Copy the inputs to float64."""
    if not inputs:
        raise ValueError(f"{case.name}: there is no input to check a gradient in; pass the point")
    points = [np.array(x.data if isinstance(x, Tensor) else x, np.float64) for x in inputs]
    for x, argument in zip(points, case.arguments, strict=True):
        if not np.isfinite(x).all():
            raise ValueError(
                f"{case.name}: {argument} has {np.sum(~np.isfinite(x))} entries that are not "
                "finite; a gradient is checked at a point of finite numbers"
            )
    return points


def examined(case: Case, f: Callable[..., Any], points: list[np.ndarray]) -> np.ndarray:
    """Evaluate f twice, and refuse what has no gradient to check; return the result."""
    results = []
    for _ in range(2):
        given = [Tensor(x.copy()) for x in points]
        with np.errstate(all="ignore"):
            z = f(*given)
        if not isinstance(z, Tensor) or not np.issubdtype(z.dtype, np.floating):
            what = f"a tensor of {z.dtype}" if isinstance(z, Tensor) else f"a {type(z).__name__}"
            hint = ": it left the graph; use minivae's operations instead of NumPy's"
            raise TypeError(
                f"{case.name}: the function must return a tensor of floating-point numbers, it "
                f"returned {what}{hint if isinstance(z, np.ndarray | np.generic) else ''}"
            )
        for t, x, argument in zip(given, points, case.arguments, strict=True):
            if not np.array_equal(t.data, x):
                raise GradientError(
                    f"{case.name}: the function changes {argument} in place: that has no "
                    "gradient; compute a new tensor"
                )
        results.append(z.data)
    first, second = results
    if bad := np.sum(~np.isfinite(first)):
        raise GradientError(
            f"{case.name}: {bad} of {first.size} results are not finite at this point: there is "
            "no derivative to check; move the inputs into the function's domain"
        )
    size = np.abs(first).max(initial=0.0)
    if first.shape != second.shape or np.any(np.abs(first - second) > 1e-9 * size):
        raise GradientError(
            f"{case.name}: two evaluations at the same point differ: there is no derivative to "
            "check; draw the noise outside and pass it in"
        )
    return first


def name_of(f: Callable[..., Any]) -> str:
    """Name a function for a report."""
    name = getattr(f, "__name__", "<lambda>")
    return "the function" if name == "<lambda>" else name


def arguments_of(f: Callable[..., Any], n: int) -> list[str]:
    """Name the arguments by position, and as the function does where it can be asked."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [f"argument {i}" + (f" ({names[i]})" if i < len(names) else "") for i in range(n)]
