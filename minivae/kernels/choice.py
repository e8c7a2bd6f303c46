"""BLAS or our own tiles: who computes a product of matrices, and why.

Two things decide, both known before a product is made, so that the same product is always made by
the same hands and has the same bits:

- The machine, once. OpenBLAS chooses its code by the processor's name, and often that for AVX2
  where there is AVX-512: then our tiles, which are compiled for the processor that is there, are
  twice as fast. Where both use the same vectors they are about equal; where BLAS has the wider
  ones, it makes all products.
- The sizes, each time, by what a product costs on either side: a call and the multiplications.
  Ours costs more to begin, and fills whole vectors of columns; so small products, some narrow ones
  and those of a single row or column are BLAS's. ``minivae bench products`` measures both.

``minivae.use("numba", products="blas")``, or ``"tiles"``, overrules this.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

import numpy as np

from minivae.kernels.backend import backend, products_by
from minivae.kernels.crew import SHORT

# Microseconds to begin a product, and multiplications in a microsecond, in float32 on two cores of
# 4 GHz with vectors of 64 bytes; BLAS has one of them while our helpers work. Their proportions
# matter, not the speed of the machine. They were fitted to times of 825 products.
_BEGIN_TILES, _BEGIN_BLAS, _BEGIN_UFUNCS = 6.0, 1.0, 4.0
_TILES_RATE, _ALONE_RATE, _BLAS_RATE = 190_000.0, 110_000.0, 55_000.0
_VECTOR = 16  # columns that tiles fill
_BLAS_ROWS, _BLAS_COLUMNS = 8, 6  # that BLAS fills, but for one row or column, its other strength
_VERDICT = "Tiles make all but the small and narrow ones"
TINY = 100_000  # multiplications that BLAS has nearly made before anybody could choose
# What OpenBLAS calls its code for processors with vectors of 64 bytes.
_WIDE = ("skylakex", "cooperlake", "sapphirerapids", "a64fx")


def tiles_are_faster(a: np.ndarray, b: np.ndarray, *, fused: bool = False) -> bool:
    """Tell whether our tiles make the product of ``a`` and ``b`` faster than BLAS.

    ``fused`` says that bias and nonlinearity follow, which BLAS leaves to others.
    """
    if products_by() != "auto":
        return products_by() == "tiles"
    m, k = a.shape
    n = b.shape[1]
    if m == 1 or n == 1:
        return False
    filled = -(-n // _VECTOR) * _VECTOR
    rate = _TILES_RATE if m * k * n > SHORT else _ALONE_RATE
    tiles = _BEGIN_TILES + m * k * filled / rate
    blas = _BEGIN_BLAS + max(m, _BLAS_ROWS) * k * max(n, _BLAS_COLUMNS) / _BLAS_RATE
    return tiles < blas + (_BEGIN_UFUNCS if fused else 0.0) and machine().tiles


class Machine:
    """What there is to choose from, where Numba works."""

    def __init__(self) -> None:
        from minivae.kernels.compiled.vectors import BYTES

        self.tile_bytes = BYTES
        self.blas, self.blas_bytes = _blas()
        self.tiles = self.tile_bytes >= self.blas_bytes

    def __str__(self) -> str:
        return (
            f"matrix products: tiles in vectors of {self.tile_bytes} bytes; {self.blas}, vectors "
            f"of {self.blas_bytes} bytes. {_VERDICT if self.tiles else 'BLAS makes them all'}"
        )


@cache
def machine() -> Machine:
    """Look once at what this machine has."""
    return Machine()


def _blas() -> tuple[str, int]:
    """Return the name of NumPy's BLAS, and how many bytes its vectors have."""
    from threadpoolctl import threadpool_info

    found: list[dict[str, Any]] = [i for i in threadpool_info() if i["user_api"] == "blas"]
    for library in sorted(found, key=lambda i: "numpy" not in i["filepath"]):
        name = f"{library['internal_api']} {library['version']}"
        code = str(library.get("architecture", ""))
        wide = not code or code.lower().startswith(_WIDE)  # who does not say may have the widest
        return f"{name} ({code or 'unnamed code'})", 64 if wide else 16 if _is_arm() else 32
    return "an unknown BLAS", 64


def _is_arm() -> bool:
    return platform.machine().lower() in ("aarch64", "arm64")


def explain_products() -> str:
    """Say in a sentence who makes matrix products on this machine, and why."""
    if backend() == "numpy":
        return f"matrix products: NumPy's kernels run, so {_blas()[0]} makes them all."
    if products_by() != "auto":
        maker = _blas()[0] if products_by() == "blas" else "tiles"
        return f"matrix products: by your choice {maker} makes them all."
    return f"{machine()}."
