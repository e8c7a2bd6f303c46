"""Arrays by their address: what a kernel takes for which every layout shall be one and the same.

Numba compiles a function anew for each layout of each argument. A product of matrices takes three,
in rows, in columns or strided: 27 times the same code. So it takes addresses and distances, counted
in entries, and reads and writes through these.
"""

from __future__ import annotations

from ctypes import addressof, c_char
from typing import Any

import numpy as np
from numba import types

from minivae.kernels.compiled.jit import intrinsic


def address(x: np.ndarray) -> int:
    """Return the address of the first entry; the caller keeps the array alive."""
    if x.flags.carray and x.size:  # a way three times shorter than the other
        return addressof(c_char.from_buffer(x))  # type: ignore[arg-type]
    return x.__array_interface__["data"][0]


@intrinsic
def pointer(_: Any, like: Any, place: Any) -> Any:
    """Return a pointer to the address ``place``, to entries of the type of the array ``like``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[1], context.get_value_type(signature.return_type))

    return types.CPointer(like.dtype)(like, types.intp), generate


@intrinsic
def beyond(_: Any, start: Any, i: Any) -> Any:
    """Return the pointer to entry ``i`` after ``start``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return start(start, types.intp), generate


@intrinsic
def entry(_: Any, start: Any, i: Any) -> Any:
    """Read entry ``i`` after ``start``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.gep(args[0], [args[1]]))

    return start.dtype(start, types.intp), generate


@intrinsic
def put(_: Any, start: Any, i: Any, value: Any) -> Any:
    """Write entry ``i`` after ``start``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(start, types.intp, start.dtype), generate
