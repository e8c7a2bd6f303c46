"""Numbers and their types: one floating-point type in an operation, and numbers that follow it."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.messages import describe


def plain(a: Any) -> Any:
    """Make a list a plain array, and a NumPy scalar the number that it is: numbers do not promote.

    Raises
    ------
    TypeError
        For a masked array, whose mask an operation would not see.
    """
    if isinstance(a, float | int) and not isinstance(a, np.generic):
        return a
    if isinstance(a, np.ma.MaskedArray):
        raise TypeError("a masked array is no operand; fill it, as by a.filled(0.0)")
    if isinstance(a, list | tuple | np.ndarray):
        return np.asarray(a)
    if isinstance(a, np.longdouble):
        return float(a)
    return a.item() if isinstance(a, np.float64 | np.integer) else a


def one_type(name: str, arrays: list[Any]) -> list[Any]:
    """Make integers follow the one floating-point type among ``arrays``; refuse to mix two.

    NumPy would compute float32 with float64 (or with int64) in float64, and a network that was
    meant to be float32 would go on in float64, at half the speed, without a word.
    """
    kinds = {a.dtype for a in arrays if isinstance(a, np.ndarray) and a.dtype.kind == "f"}
    if len(kinds) > 1:
        shown = ", ".join(map(describe, arrays))
        raise TypeError(
            f"{name}({shown}): floating-point types are not mixed; convert one, as by "
            f"x.astype({str(min(kinds, key=lambda k: k.itemsize))!r})"
        )
    return [
        a.astype(*kinds) if kinds and isinstance(a, np.ndarray) and a.dtype.kind in "iu" else a
        for a in arrays
    ]


def in_type(a: Any, dtype: Any) -> Any:
    """Return an array, or a tensor with its graph, in another floating-point type."""
    if hasattr(a, "node"):
        return a if a.dtype == dtype else a.astype(dtype)
    return np.asarray(a, dtype)


def refuse_complex(name: str, arrays: list[Any]) -> None:
    """Say that complex numbers have no gradient here."""
    raise TypeError(
        f"{name}({', '.join(map(describe, arrays))}): a tensor that requires a gradient meets "
        "complex numbers, and gradients are of real functions; compute with real and imaginary part"
    )
