"""How a loop in Python becomes machine code: on first use, in IEEE arithmetic, cached on disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import extending
from numba.core import event

intrinsic: Any = extending.intrinsic
"""Make a function that writes LLVM's code, in place of a call of it in compiled functions."""

_FOLDER = Path(__file__).parent


def _stamp() -> tuple[tuple[str, float, int], ...]:
    """Return name, time and size of each file here: kernels contain code from several of them."""
    entries = [(f.name, f.stat()) for f in os.scandir(_FOLDER) if f.name.endswith(".py")]
    return tuple(sorted((name, s.st_mtime, s.st_size) for name, s in entries))


_KEPT = "once; the result is cached"
_NOT_KEPT = "they cannot be kept: no folder can be written to; set NUMBA_CACHE_DIR to one that can"
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
_STAMP = _stamp()


def jit(function: Callable[..., Any]) -> Any:
    """Compile on first use; keep the machine code where the disk allows it.

    The code lies next to these files, or in the user's cache if that folder cannot be written; if
    nothing can, every process compiles anew. Numba compares the file in which a function stands
    with the one that was compiled; here all files of the folder are compared, as functions call
    each other across them.

    Arithmetic is IEEE's, so that NaN and infinities are kept, with one licence: a product and a sum
    may become one instruction ("contract"), which rounds once instead of twice.
    """
    try:
        kernel = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # there is no place for the cache
        _Notice.text = _NOT_KEPT
        return numba.njit(**_OPTIONS)(function)
    cache = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if cache is not None:
        cache._source_stamp = _STAMP
    return kernel


class _Notice(event.Listener):
    """Say once in a process that a first compilation is going on, so that nobody wonders."""

    shown = False
    text = _KEPT

    def on_start(self, compiling: Any) -> None:
        module = str(compiling.data["dispatcher"].py_func.__module__)  # None if made by exec
        if not self.shown and module.startswith(__package__):
            sys.stderr.write(f"minivae: compiling kernels ({self.text})\n")
            self.shown = True

    def on_end(self, _: Any) -> None:
        """Compiling has ended; nothing more to say."""


event.register("numba:compile", _Notice())
