"""What models refuse alike: what is no size or no type, a condition, data that are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.models.likelihood import values_of


def whole(least: int = 1, **sizes: Any) -> list[Any]:
    """Return sizes, or tuples of sizes, as Python integers, in the order of their names.

    Raises
    ------
    TypeError
        If one is no integer.
    ValueError
        If one is less than ``least``.

    Examples
    --------
    >>> import numpy as np
    >>> whole(data_dim=np.int64(4), hidden=(8, 5))
    [4, (8, 5)]
    """
    return [
        tuple(_whole(name, s, least) for s in size)
        if isinstance(size, tuple)
        else _whole(name, size, least)
        for name, size in sizes.items()
    ]


def _whole(name: str, size: Any, least: int) -> int:
    if not isinstance(size, int | np.integer):
        raise TypeError(f"{name} must be an integer, it is {size!r}")
    if size < least:
        raise ValueError(f"{name} must be at least {least}, it is {size}")
    return int(size)


def check_type(dtype: str) -> None:
    """Refuse a type of parameters that is neither "float32" nor "float64"."""
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype {dtype!r} is unknown; choose one of float32, float64")


def check_finite(x: Any, what: str = "data") -> None:
    """Refuse values among which there are NaN or infinity."""
    if not np.isfinite(values_of(x)).all():
        raise ValueError(f"the {what} contain NaN or infinity; remove or repair these rows")


def refuse_condition(model: Any, y: Any) -> None:
    """Refuse a condition y where a model takes none."""
    if y is not None:
        name = type(model).__name__
        raise ValueError(f"{name}: there is no condition y in this {name}; pass it x or z alone")
