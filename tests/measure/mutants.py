"""Is the gradient checker sharp? It must tell every wrong derivative from the right one.

For every operation and operand, wrong tangents and adjoints are generated, each by a mistake of a
kind that people make, and the checker is run on calls drawn at random until it refuses one. A
mutant that survives is a hole in the checker, or in the calls. One that falls over its own feet, as
by a wrong shape, proves nothing of the checker: it counts as killed if some number is found wrong.

What a fused operation does in one pass is changed as its adjoints are, which only watched walks
ask; so are the formulas of fused operations, which second derivatives must show, and the reverse
walk itself, which small graphs must show in which tensors are used twice.

    python tests/measure/mutants.py

prints how many were generated, how many killed by a number and how many only crashed, and lists
the survivors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from inspect import getsource, signature
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch
from warnings import catch_warnings, simplefilter

import numpy as np
from changes import CHANGES, SPECS, SUMS
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

import minivae as mv
from minivae.engine import REGISTRY, broadcast, jvp, order, reverse, vjp
from minivae.engine.ops import sum as total
from minivae.engine.tape import watched
from minivae.testing import GradientError, gradcheck
from minivae.testing.strategies import operands


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
    ("channel_bias", "adjoint", "axes reversed"): "the gradient of the bias has one axis",
    ("channel_bias", "backward", "axes reversed"): "the gradient of the bias has one axis",
    ("dense", "adjoint", "axes reversed"): "the gradient of the bias has one axis",
    ("dense", "backward", "axes reversed"): "the gradient of the bias has one axis",
    ("linear", "adjoint", "axes reversed"): "the gradient of the bias has one axis",
    ("linear", "backward", "axes reversed"): "the gradient of the bias has one axis",
    ("linear", "spec", "operand cut off"): "the gradient of the bias depends on no operand",
    ("maximum", "adjoint", "inputs exchanged"): "the result and y are only asked if they are equal",
    ("minimum", "adjoint", "inputs exchanged"): "the result and y are only asked if they are equal",
    ("sparsity_penalty", "adjoint", "right for ones only"): "the result is a single number",
    ("sparsity_penalty", "backward", "right for ones only"): "the result is a single number",
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
                    if kind == "adjoint" and operation.backward is not None:
                        changes = [c for c in CHANGES if c != "inputs exchanged"]
                        mutants += [Mutant(name, "backward", i, change) for change in changes]
        if operation.spec is not None:
            tracked = [i for i, adjoint in enumerate(operation.adjoints) if adjoint]
            mutants += [Mutant(name, "spec", i, change) for i in tracked for change in SPECS]
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
        with patch("minivae.engine.broadcast.unbroadcast", partial(_gather, SUMS[mutant.change])):
            yield
        return
    operation = REGISTRY[mutant.name]
    if mutant.kind == "spec":
        with patch.object(operation, "spec", SPECS[mutant.change](operation.spec, mutant.i)):
            yield
        return
    if mutant.kind == "backward":
        with patch.object(operation, "backward", _misled(operation.backward, mutant)):
            yield
        return
    change = CHANGES[mutant.change]
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


def _misled(right: Callable[..., Any], mutant: Mutant) -> Callable[..., Any]:
    """Change one of the cotangents that a backward pass returns."""

    def wrong(g: Any, saved: Any, wanted: list[int], values: Any) -> list[Any]:
        cotangents = list(right(g, saved, wanted, values))
        for k, i in enumerate(wanted):
            if i == mutant.i:
                answer = lambda g, i=i: right(g, saved, [i], values)[0]  # noqa: E731
                cotangents[k] = CHANGES[mutant.change](answer, g, ())
        return cotangents

    return wrong


def _gather(gather: Callable[..., Any], g: Any, shape: tuple[int, ...], name: str) -> Any:
    """Undo a broadcast by ``gather``, which takes an array to one slice along its first axis."""
    extra = g.ndim - len(shape)
    for axis in range(g.ndim):
        if axis < extra or (shape[axis - extra] == 1 and g.shape[axis] > 1):
            g = np.moveaxis(gather(np.moveaxis(g, axis, 0)), 0, axis)
    return np.reshape(g, shape)


def verdict(mutant: Mutant, call: Any) -> str:
    """Run the checker on a call: is a number "wrong", does the mutant "crash", or nothing?"""
    with catch_warnings():
        simplefilter("ignore")  # of mutants that divide by nothing
        try:
            return "wrong" * _wrong(mutant.kind, call)
        except Exception:  # whatever a mutant stumbles over
            return "crash"


def _wrong(kind: str, call: Any) -> bool:
    xs = call.variables
    rng = np.random.default_rng(sum(x.size for x in xs))  # cotangents of either sign
    if kind == "adjoint":
        with watched(lambda _, run: run()):
            return caught(call, xs, rng)
    if kind != "tangent":
        return caught(call, xs, rng, order=2 if kind == "spec" else 1)
    vs = [rng.standard_normal(x.shape) for x in xs]
    _, dz = jvp(call, xs, vs)
    z, pull = vjp(call, *xs)
    u = rng.standard_normal(z.shape)
    there = float(total(dz * u).data)
    back = sum(float(np.sum(g.data * v)) for g, v in zip(pull(u), vs, strict=True))
    return not abs(there - back) <= 1e-9 * (1 + abs(there) + abs(back))


def caught(f: Callable[..., Any], xs: Any, rng: Any, order: int = 1) -> bool:
    """Tell whether the checker finds a gradient wrong, which it must say in a number."""
    try:
        gradcheck(f, *xs, rng=rng, directions=1, order=order)
    except GradientError as error:
        return "is wrong" in str(error)
    return False


def fate(mutant: Mutant, examples: int = 1000) -> str:
    """Say what drawn calls make of the mutant: "wrong", or at least "crash", or nothing."""
    met = set()

    def exposes(call: Any) -> bool:
        met.add(verdict(mutant, call) if call.variables else "")
        return "wrong" in met

    for most in (examples // 4, examples):  # what crashes all the time need not do so so often
        quick = settings(
            max_examples=most,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        with released(mutant), suppress(NoSuchExample):
            find(operands(mutant.name), exposes, settings=quick, random=Random(0))
        if {"wrong", "crash"} & met:
            break
    return "wrong" if "wrong" in met else "crash" * ("crash" in met)


# --- the walk ---------------------------------------------------------------------------------

WALKS = {  # what is wrong: what in its source is replaced, by what
    "none": [],
    "overwritten, not added": [("gx if known is None else known + gx", "gx")],
    "operands in reverse": [("x = node.args[i]\n        if", "x = node.args[-1 - i]\n        if")],
    "producers before consumers": [("reverse=True", "reverse=False")],
    "in order of discovery": [('made.sort(key=attrgetter("node.born"), reverse=True)', "pass")],
    "a consumer twice": [
        ("cotangents.pop(z, None)", "cotangents.get(z)"),
        (
            "for z in made:\n            g",
            "for z in [t for t in made for _ in (1, 2)]:\n            g",
        ),
    ],
    "maximum of a broadcast": [('REGISTRY["sum"](g', 'REGISTRY["max"](g')],
}

GRAPHS: list[Callable[..., Any]] = [  # in which a tensor has several consumers
    lambda x, y: x * y + x / y,
    lambda x, y: (t := mv.tanh(x * y)) + mv.exp(mv.sin(t) * x) / t,
    lambda x, y: (t := mv.sin(x) - y[0]) * t * mv.exp(t),
    lambda x, y: (t := x - y) @ t.T,
]


def walk_fate(change: str) -> str:
    """Say what the graphs make of a wrong walk: "wrong", or at least "crash", or nothing."""
    own = ("from __future__", "from minivae.engine.order", "from minivae.engine.broadcast")
    lines = "".join(map(getsource, (order, broadcast, reverse))).splitlines(keepends=True)
    source = "".join(line for line in lines if not line.startswith(own))
    for right, wrong in WALKS[change]:
        assert source.count(right) == 1, f"the walk has changed: {right!r} occurs not once"
        source = source.replace(right, wrong)
    space: dict[str, Any] = {"__name__": reverse.__name__}
    exec(source, space)
    rng = np.random.default_rng(0)
    xs = rng.uniform(0.5, 2.0, (2, 3, 2))
    crashed = False
    with patch.multiple(
        "minivae.engine.transforms", **{k: space[k] for k in ("pullback", "consumers_first")}
    ):
        for f in GRAPHS:
            try:
                if caught(f, xs, rng):
                    return "wrong"
            except Exception:  # whatever it stumbles over
                crashed = True
    return "crash" * crashed


def main() -> None:
    """Print how many mutants were generated and killed, by change, and the survivors."""
    mutants = generated()
    fates = {mutant: fate(mutant) for mutant in mutants}
    print(f"{'change':<28}{'generated':>10}{'by a number':>13}{'crashed':>9}")
    for change in [*dict.fromkeys([*CHANGES, *SUMS, *SPECS])]:
        met = [fates[m] for m in mutants if m.change == change]
        print(f"{change:<28}{len(met):>10}{met.count('wrong'):>13}{met.count('crash'):>9}")
    met = list(fates.values())
    print(f"{'all':<28}{len(met):>10}{met.count('wrong'):>13}{met.count('crash'):>9}")
    print(f"operations: {len({m.name for m in mutants})} of {len(REGISTRY)}")
    walks = {change: walk_fate(change) for change in WALKS if WALKS[change]}
    print("walks killed by a number:", list(walks.values()).count("wrong"), "of", len(walks))
    for title, end in (("crashed only:", "crash"), ("survivors:", "")):
        listed = [m for m, f in (fates | walks).items() if f == end]
        print(title, *(listed or ["none"]), sep="\n  " if listed else " ")


if __name__ == "__main__":
    main()
