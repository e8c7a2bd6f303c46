"""The matrix products of ``minivae bench products``: their shapes, and their matrices.

Who makes a product is decided by its sizes (:mod:`minivae.kernels.choice`). These are the sizes of
teaching models: few rows and many, narrow matrices and flat ones, in the three layouts that occur
in a training step. A layer's result is x Wᵀ, the cotangent of its input g W, of its weights gᵀ x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROWS = (1, 3, 10, 30, 100, 300, 1000)
INNER_AND_COLUMNS = ((25, 25), (10, 1000), (1000, 10), (200, 300))
LAYOUTS = ("A B", "A Bᵀ", "Aᵀ B")
_BATCH = 100
_LAYERS = ((784, 500), (500, 40), (20, 500), (500, 784))  # of a VAE, 784-500-20
_LINE = 64  # bytes


@dataclass(frozen=True)
class Product:
    """A product C = A B of matrices (rows, inner) and (inner, columns).

    Attributes
    ----------
    rows, inner, columns : int
        The sizes.
    layout : {"A B", "A Bᵀ", "Aᵀ B"}
        Which factor is the transpose of an array: the columns of that one are contiguous.
    """

    rows: int
    inner: int
    columns: int
    layout: str

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.rows * self.inner * self.columns

    def __str__(self) -> str:
        return f"{self.rows} x {self.inner} x {self.columns}, {self.layout}"


def _steps() -> list[Product]:
    """Return the products of a training step; the first layer's input needs no cotangent."""
    forward = [Product(_BATCH, i, o, "A Bᵀ") for i, o in _LAYERS]
    inputs = [Product(_BATCH, o, i, "A B") for i, o in _LAYERS[1:]]
    weights = [Product(o, _BATCH, i, "Aᵀ B") for i, o in _LAYERS]
    return [*forward, *inputs, *weights]


PRODUCTS = (
    *[Product(m, k, n, layout) for layout in LAYOUTS for m in ROWS for k, n in INNER_AND_COLUMNS],
    *[Product(1000, 1000, 1000, layout) for layout in LAYOUTS],
    *_steps(),
)


def factors(product: Product) -> tuple[np.ndarray, np.ndarray]:
    """Draw A and B, float32, on cache lines of their own, so that no process has better ones."""
    rng = np.random.default_rng(2)
    m, k, n = product.rows, product.inner, product.columns
    a = _drawn((k, m), rng).T if product.layout == "Aᵀ B" else _drawn((m, k), rng)
    b = _drawn((n, k), rng).T if product.layout == "A Bᵀ" else _drawn((k, n), rng)
    return a, b


def _drawn(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    block = np.empty(4 * shape[0] * shape[1] + _LINE, np.uint8)
    x: np.ndarray = np.ndarray(shape, np.float32, block, -block.ctypes.data % _LINE)
    rng.standard_normal(dtype=np.float32, out=x)
    return x
