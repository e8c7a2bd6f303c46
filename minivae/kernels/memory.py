"""Memory for results of kernels: aligned, and used again.

A training step asks for the same arrays over and over. What the system hands out as memory is only
a promise: at the first touch of each page of 4 KB the program is interrupted (a page fault), and
the system looks for a free page and clears it. On a virtual machine where a fault takes 2 µs, it
takes 0.67 ms to fill 1.25 MB the first time, and 0.02 ms the second. So large blocks are kept, and
given out again when nobody refers to them: CPython counts the references to a block, and the array
that was made of it holds one as long as there is a view of that array. A block that was in use a
moment ago may also still be in the cache.

Large arrays begin on a cache line (64 bytes), and so does each row if its length is a multiple of
64. A vector of 64 bytes that lies on two lines must be read from both: a simple pass over arrays in
the first cache takes up to 1.7 times as long then. Products care less, as their tiles
(:mod:`minivae.kernels.compiled.tile`) use each vector several times.

NumPy's own temporaries come from the C library. That of Linux gives large blocks back to the system
when they are free, to fetch them anew, page by page, for the next temporary; once compiled kernels
run it is asked to keep them, up to ``_KEPT`` bytes, unless a variable of the environment, such as
``MALLOC_TRIM_THRESHOLD_=131072``, says otherwise.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
import threading
from typing import Any

import numpy as np

LINE = 64  # bytes
_LARGE = 1 << 15  # bytes; smaller arrays come from NumPy's own cache
_MOST = 1 << 29  # bytes that a thread keeps
_KEPT = 1 << 28  # bytes that the C library keeps
_SHELVES = 64  # blocks of one size that a thread keeps


class Block(np.ndarray):
    """The bytes behind an array; its type tells that the array is no view of another."""


class _Shelf(threading.local):
    """The blocks of a thread, by size."""

    def __init__(self) -> None:
        self.blocks: dict[int, list[tuple[Block, int]]] = {}
        self.bytes = 0


_shelf = _Shelf()


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array with arbitrary entries, C-contiguous, as ``numpy.empty``."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _LARGE:
        return np.empty(shape, dtype)
    size = -(-size // LINE) * LINE + LINE
    blocks = _shelf.blocks.setdefault(size, [])
    block, offset = _unused(blocks, _UNUSED) or _new(size, blocks)
    return np.ndarray(shape, dtype, buffer=block, offset=offset)


def _unused(blocks: list[tuple[Block, int]], references: int) -> tuple[Block, int] | None:
    """Return the first of the blocks that has so many references only, and its offset."""
    for block, offset in blocks:
        if sys.getrefcount(block) == references:
            return block, offset
    return None


def _references_when_unused() -> int:
    """Count what this interpreter counts for a block that only the shelf holds.

    They are 3 up to Python 3.13, the shelf's, the loop's and that of the question; 2 where loops
    borrow theirs. 0, which no block has, where the count does not tell: nothing is used again then.
    """
    blocks = [(Block(LINE, np.uint8), 0)]
    for references in (1, 2, 3, 4):
        array = np.ndarray(1, np.uint8, buffer=blocks[0][0])
        taken = _unused(blocks, references)
        del array
        if taken is None and _unused(blocks, references):
            return references
    return 0


_UNUSED = _references_when_unused()


def _new(size: int, blocks: list[tuple[Block, int]]) -> tuple[Block, int]:
    block = Block(size, np.uint8)
    entry = block, -block.ctypes.data % LINE
    if size > _MOST // 4 or len(blocks) == _SHELVES:  # it would displace too many others
        return entry
    if _shelf.bytes + size > _MOST:  # begin anew; what is in use lives on with its arrays
        _shelf.blocks.clear()
        _shelf.bytes = 0
    else:
        _shelf.bytes += size
        blocks.append(entry)
    return entry


def plain(x: np.ndarray) -> np.ndarray:
    """Return ``x``, or a copy, with its entries side by side in memory that may be written.

    Numba takes a layout, and a ban on writing, for a type of its own and compiles for each.
    """
    return x if x.flags.carray else np.array(x, order="C")


def is_view(x: np.ndarray) -> bool:
    """Tell whether ``x`` shares its memory with the array that it was made from."""
    return x.base is not None and type(x.base) is not Block


def keep_freed_memory() -> None:
    """Tell the C library to use freed memory again, if it is glibc and nobody told it how."""
    trim_threshold, mmap_threshold, largest = -1, -3, 1 << 25
    if not any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except (AttributeError, OSError, TypeError):  # another C library
            return
        mallopt(mmap_threshold, largest)
        mallopt(trim_threshold, _KEPT)
