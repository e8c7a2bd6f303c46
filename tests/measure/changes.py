"""The mistakes that people make in derivatives: how each changes what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Change = Callable[[Callable[..., Any], Any, tuple[Any, ...]], Any]


def _reordered(axes: Callable[[int], Any]) -> Change:
    """Permute the axes of the right answer, and force it back into its shape."""

    def change(f: Callable[..., Any], g: Any, read: tuple[Any, ...]) -> Any:
        right = f(g, *read)
        return np.reshape(np.transpose(right, axes(right.ndim)), right.shape)

    return change


def _without_last(f: Callable[..., Any], g: Any, read: tuple[Any, ...]) -> Any:
    answer = np.array(f(g, *read))
    answer.reshape(-1)[-1:] = 0
    return answer


CHANGES: dict[str, Change] = {
    "sign": lambda f, g, read: -f(g, *read),
    "twice": lambda f, g, read: 2.0 * f(g, *read),
    "half": lambda f, g, read: 0.5 * f(g, *read),
    "off by a thousandth": lambda f, g, read: 1.001 * f(g, *read),
    "always zero": lambda f, g, read: 0.0 * f(g, *read),
    "off by one": lambda f, g, read: f(g, *read) + 1.0,
    "divided by N": lambda f, g, read: f(g, *read) / (len(g) if np.ndim(g) else 3),
    "divided by N*D": lambda f, g, read: f(g, *read) / (np.size(g) + (np.size(g) < 2)),
    "blind to g": lambda f, g, read: f(np.ones_like(g), *read),
    "right for ones only": lambda f, g, read: f(np.full_like(g, np.mean(g)), *read),
    "size of g only": lambda f, g, read: f(np.abs(g), *read),
    "axes reversed": _reordered(lambda n: tuple(range(n))[::-1]),
    "last entry lost": _without_last,
    "rolled": lambda f, g, read: np.roll(f(g, *read), 1),
    "flipped": lambda f, g, read: np.flip(f(g, *read)),
    "inputs exchanged": lambda f, g, read: f(g, *read[::-1]),
}


SUMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # in the place of the sum over a broadcast
    "first slice of a broadcast": lambda g: g[:1],
    "mean over a broadcast": lambda g: g.mean(axis=0, keepdims=True),
}


SPECS: dict[str, Callable[[Callable[..., Any], int], Callable[..., Any]]] = {  # of a formula
    "sign": lambda f, i: lambda *xs, **s: -f(*xs, **s),
    "twice": lambda f, i: lambda *xs, **s: 2.0 * f(*xs, **s),
    "off by a thousandth": lambda f, i: lambda *xs, **s: 1.001 * f(*xs, **s),
    "operand cut off": lambda f, i: lambda *xs, **s: f(*xs[:i], xs[i].detach(), *xs[i + 1 :], **s),
}
