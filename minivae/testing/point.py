"""A function at a point: its value, its pullback, and its tape, which can be run again.

Run again with the last bits of every intermediate result shaken it shows how far rounding alone
moves a value or a gradient; run on complex arrays, whether it continues to complex numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property, partial
from typing import Any

import numpy as np

from minivae.engine import Tensor, jvp, vjp
from minivae.engine.op import Op
from minivae.engine.order import consumers_first

EPS = float(np.finfo(float).eps)
COMPLEX_STEP = 1e-20
SHAKES = 4  # reruns of the tape with other last bits


class Point:
    """A function f at a point: its value z, its pullback and its tape.

    ``rtol`` is the relative error that is allowed where slopes come from differences.
    """

    def __init__(self, f: Callable[..., Any], inputs: list[np.ndarray], rtol: float) -> None:
        runs: list[tuple[tuple[Tensor, ...], Tensor]] = []

        def seen(*leaves: Tensor) -> Tensor:
            runs.append((leaves, f(*leaves)))
            return runs[-1][1]

        self.f, self.inputs, self.rtol = f, inputs, rtol
        z, self._pull = vjp(seen, *inputs)
        ((self._leaves, self._root),) = runs
        self._tape = [t for t in consumers_first(self._root) if t.node is not None]
        self.z = z.data

    def pull(self, u: np.ndarray) -> list[np.ndarray]:
        """Return Jᵀ u, the gradient of <u, f(x)> in every input, by the reverse walk."""
        return [g.data for g in self._pull(u)]

    def push(self, i: int, v: np.ndarray) -> np.ndarray | None:
        """Return J v for a change v of input i, by the forward walk; None without tangents."""
        ops = {t.node.op for t in self._tape if t.node is not None}
        if not all(op.linear or op.spec or op.tangents for op in ops):
            return None
        changes = [v if j == i else np.zeros_like(x) for j, x in enumerate(self.inputs)]
        return jvp(self.f, self.inputs, changes)[1].data

    @cached_property
    def holomorphic(self) -> bool:
        """Whether every recorded operation continues to complex numbers, and loses no digits."""
        return all(map(_continues, self._tape))

    @cached_property
    def reruns(self) -> list[Callable[..., Tensor]]:
        """The tape as functions, which differ from f in the last bits of intermediate results."""
        # Of self they know what they need alone: of a cycle it could not be freed when it is done.
        known = self._tape, self._leaves, self._root
        return [partial(_rerun, *known, np.random.default_rng(k)) for k in range(SHAKES)]

    @cached_property
    def shaken(self) -> list[tuple[Tensor, Callable[[Any], tuple[Tensor, ...]]]]:
        """The value and the pullback as the reruns give them, at inputs with other last bits."""
        rng = np.random.default_rng(0)
        with np.errstate(all="ignore"):
            return [vjp(run, *(shake(x, rng) for x in self.inputs)) for run in self.reruns]


def _rerun(
    tape: list[Tensor],
    old: tuple[Tensor, ...],
    root: Tensor,
    rng: np.random.Generator,
    *leaves: Tensor,
) -> Tensor:
    new = {id(x): leaf for x, leaf in zip(old, leaves, strict=True)}
    for t in reversed(tape):
        if t.node is not None:
            args = [new.get(id(a), a) for a in t.node.args or ()]
            new[id(t)] = shaking(t.node.op, rng)(*args, **t.node.static)
    return new.get(id(root), root)


def _continues(t: Tensor) -> bool:
    """Tell whether the operation that made ``t`` gives the same on complex arrays, up to rounding.

    One that is holomorphic on paper may still cancel digits there that it keeps on real arrays.
    """
    node = t.node
    if node is None or not getattr(node.op, "holomorphic", False):
        return False

    def applied(change: Callable[[np.ndarray], np.ndarray]) -> Any:
        return node.op.primal(*(_changed(a, change) for a in node.args or ()), **node.static)

    try:
        with quiet():
            z = applied(lambda x: x * (1 + 1j * COMPLEX_STEP))
            blur = np.abs(applied(partial(shake, rng=np.random.default_rng(0))) - t.data)
    except Exception:  # whatever it is: the primal does not know complex numbers
        return False
    return bool(np.all(np.abs(z.real - t.data) <= 64 * EPS * np.abs(t.data) + 32 * blur))


def _changed(a: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    if not isinstance(a, Tensor):
        return a
    return change(a.data) if a.requires_grad else a.data


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore what is not finite, and make it an error to lose an imaginary part."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        yield


def shaking(op: Op, rng: np.random.Generator) -> Op:
    """Return an operation that does as ``op`` does, up to the last bits of its result."""
    shaking = copy(op)
    shaking.primal = lambda *args, **static: shake(np.asarray(op.primal(*args, **static)), rng)
    return shaking


def shake(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move every entry by two units in its last place, up or down."""
    signs = 2 * rng.integers(0, 2, x.shape) - 1
    return np.asarray(x * (1 + 2 * np.finfo(x.dtype).eps * signs), x.dtype)
