"""Is the gradient checker sharp? It must tell every wrong derivative from the right one.

For every operation and operand, wrong tangents and adjoints are generated, each by a mistake of a
kind that people make, and the checker is run on calls drawn at random until it refuses one. A
mutant that survives is a hole in the checker, or in the calls.

    python tests/measure/mutants.py

prints how many were generated and killed, and lists the survivors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from inspect import signature
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch
from warnings import catch_warnings, simplefilter

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from minivae.engine import REGISTRY, jvp, vjp
from minivae.engine.ops import sum as total
from minivae.testing import GradientError, gradcheck
from minivae.testing.strategies import operands

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


class Mutant(NamedTuple):
    """One wrong derivative: which operation's, of which kind and operand, and how it is wrong."""

    name: str
    kind: str
    i: int
    change: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.name}, operand {self.i}: {self.change}"


HARMLESS = {  # these changes change nothing
    ("sign", "", ""): "what is always zero may be multiplied, and moved",
    ("linear", "adjoint", "axes reversed"): "the gradient of the bias has one axis",
    ("maximum", "adjoint", "inputs exchanged"): "the result and y are only asked if they are equal",
    ("minimum", "adjoint", "inputs exchanged"): "the result and y are only asked if they are equal",
}


def generated() -> list[Mutant]:
    """List all mutants: every stated derivative of every operation, changed in every way."""
    mutants = []
    for name, operation in sorted(REGISTRY.items()):
        for kind in ("tangent", "adjoint"):
            for i, function in enumerate(getattr(operation, kind + "s")):
                if function is not None:
                    changes = _changes(name, function)
                    mutants += [Mutant(name, kind, i, change) for change in changes]
        if operation.domain and len(operation.operands) > 1:
            mutants += [Mutant(name, "broadcast", 0, change) for change in SUMS]
    return [m for m in mutants if not _is_harmless(m)]


def _changes(name: str, function: Callable[..., Any]) -> list[str]:
    exchangeable = len(signature(function).parameters) > 2
    return [c for c in CHANGES if c != "inputs exchanged" or exchangeable]


def _is_harmless(m: Mutant) -> bool:
    if m.name == "sign":
        return m.change != "off by one"
    last = len(REGISTRY[m.name].operands) - 1
    return (m.name, m.kind, m.change) in HARMLESS and m.i == last


@contextmanager
def released(mutant: Mutant) -> Iterator[None]:
    """Put the mutant in the place of the right derivative within a block."""
    if mutant.change == "none":
        yield
        return
    if mutant.kind == "broadcast":
        with patch("minivae.engine.reverse.unbroadcast", partial(_gather, SUMS[mutant.change])):
            yield
        return
    operation, change = REGISTRY[mutant.name], CHANGES[mutant.change]
    right = getattr(operation, mutant.kind + "s")

    @wraps(right[mutant.i])  # so that it reads the same inputs
    def wrong(g: Any, *read: Any, **position: Any) -> Any:
        return change(lambda *a: right[mutant.i](*a, **position), g, read)

    state = getattr(operation, mutant.kind)
    try:
        state(*right[: mutant.i], wrong, *right[mutant.i + 1 :])
        yield
    finally:
        state(*right)


def _gather(gather: Callable[..., Any], g: Any, shape: tuple[int, ...], name: str) -> Any:
    """Undo a broadcast by ``gather``, which takes an array to one slice along its first axis."""
    extra = g.ndim - len(shape)
    for axis in range(g.ndim):
        if axis < extra or (shape[axis - extra] == 1 and g.shape[axis] > 1):
            g = np.moveaxis(gather(np.moveaxis(g, axis, 0)), 0, axis)
    return np.reshape(g, shape)


def refused(mutant: Mutant, call: Any) -> bool:
    """Run the checker on a call, and tell whether it finds a derivative wrong."""
    with catch_warnings():
        simplefilter("ignore")  # of mutants that divide by nothing
        return _refused(mutant, call)


def _refused(mutant: Mutant, call: Any) -> bool:
    xs = call.variables
    rng = np.random.default_rng(0)
    try:
        if mutant.kind != "tangent":
            gradcheck(call, *xs, rng=rng, directions=1)
            return False
        vs = [rng.standard_normal(x.shape) for x in xs]
        _, dz = jvp(call, xs, vs)
        z, pull = vjp(call, *xs)
        u = rng.standard_normal(z.shape)
        there = float(total(dz * u).data)
        back = sum(float(np.sum(g.data * v)) for g, v in zip(pull(u), vs, strict=True))
        return not abs(there - back) <= 1e-9 * (1 + abs(there) + abs(back))
    except (GradientError, ValueError, TypeError, IndexError, AttributeError):
        return True


def survives(mutant: Mutant, examples: int = 1000) -> bool:
    """Tell whether no drawn call exposes the mutant."""
    quick = settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with released(mutant):
        try:
            find(
                operands(mutant.name),
                lambda call: bool(call.variables) and refused(mutant, call),
                settings=quick,
                random=Random(0),
            )
        except NoSuchExample:
            return True
    return False


def main() -> None:
    """Print how many mutants were generated and killed, by change, and the survivors."""
    mutants = generated()
    alive = [mutant for mutant in mutants if survives(mutant)]
    counts, dead = Counter(m.change for m in mutants), Counter(m.change for m in alive)
    print(f"{'change':<28}{'generated':>10}{'killed':>8}")
    for change in [*CHANGES, *SUMS]:
        print(f"{change:<28}{counts[change]:>10}{counts[change] - dead[change]:>8}")
    print(f"{'all':<28}{len(mutants):>10}{len(mutants) - len(alive):>8}")
    print(f"operations: {len({m.name for m in mutants})} of {len(REGISTRY)}")
    print("survivors:", *(alive or ["none"]), sep="\n  " if alive else " ")


if __name__ == "__main__":
    main()
