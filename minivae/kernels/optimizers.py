"""The update rules of the optimisers in plain NumPy, and the memory that they keep.

Each rule changes a parameter ``p`` and its memory in place, and reads the gradient ``g``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minivae.kernels.memory import LINE, empty


def sgd_step(p: np.ndarray, g: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> None:
    """One step of gradient descent with momentum: b ← μ b + g, p ← p - lr b."""
    b *= momentum
    b += g
    p -= lr * b


def adagrad_step(p: np.ndarray, g: np.ndarray, s: np.ndarray, lr: float, eps: float) -> None:
    """One step of Adagrad: s ← s + g², p ← p - lr g / (√s + eps)   (Duchi et al. 2011)."""
    s += np.square(g)
    p -= lr * g / (np.sqrt(s) + eps)


def adam_step(
    p: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    step: int,
) -> None:
    """One step of Adam.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,
    p ← p - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)   (Kingma & Ba 2015, algorithm 1).
    """
    m *= beta1
    m += (1.0 - beta1) * g
    v *= beta2
    v += (1.0 - beta2) * np.square(g)
    rate = lr / (1.0 - beta1**step)
    p -= rate * m / (np.sqrt(v / (1.0 - beta2**step)) + eps)


class Slots:
    """The memory for several arrays of one type: of each slot's entries one flat array.

    Attributes
    ----------
    flat : ndarray
        (slots, entries): the arrays follow each other, each beginning on a cache line, and each in
        the order in which its parameter lies in memory, by rows or by columns.
    places : ndarray
        Where each array begins in ``flat``, and its number of entries: (arrays, 2).
    layouts : list of (tuple of int, bool)
        The shape of each array, and whether it lies there by columns.
    apart : bytes
        Addresses at which the parameters were found to share no entries.
    """

    def __init__(self, arrays: Sequence[np.ndarray], slots: int) -> None:
        dtype = arrays[0].dtype
        line = LINE // min(dtype.itemsize, LINE)
        ends = np.cumsum([-(-a.size // line) * line for a in arrays])
        self.places = np.array([[0, *ends[:-1]], [a.size for a in arrays]], np.int64).T.copy()
        self.flat = empty((slots, int(ends[-1])), dtype)
        self.flat[...] = 0
        self.layouts = [(a.shape, a.flags.fnc) for a in arrays]
        self.apart = b""

    def of(self, i: int) -> list[np.ndarray]:
        """Return the memory of array ``i``, a view of its shape for each slot."""
        (start, size), (shape, by_columns) = self.places[i], self.layouts[i]
        rows = self.flat[:, start : start + size]
        if by_columns:
            return [row.reshape(shape[::-1]).T for row in rows]
        return [row.reshape(shape) for row in rows]


def step_one(
    rule: Callable[..., None],
    p: np.ndarray,
    g: np.ndarray,
    memory: Sequence[np.ndarray],
    numbers: tuple[Any, ...],
) -> None:
    """Take a step of a rule for one parameter; see :func:`step_all`."""
    rule(p, g, *memory, *numbers)


def step_all(
    rule: Callable[..., None],
    parameters: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray | None],
    slots: Slots,
    flat: np.ndarray,
    numbers: tuple[Any, ...],
) -> None:
    """Take a step for each parameter that has a gradient.

    Parameters
    ----------
    rule : callable
        One of the above.
    parameters : sequence of ndarray
        What to change, in place.
    gradients : sequence of ndarray or None
        One for each, of its shape.
    slots : Slots
        Made for these parameters.
    flat : ndarray
        ``slots.flat``, whose type says which kernel takes it.
    numbers : tuple
        What the rule takes beside arrays: rates, and the like.
    """
    for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
        if g is not None:
            rule(p, g, *slots.of(i), *numbers)
