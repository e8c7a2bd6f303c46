"""Slopes of a function measured by evaluating it, each with an honest estimate of its error.

Two ways lead to the slope of t ↦ h(x + t v) at 0 that know nothing of adjoints:

- *central differences*, (h(x + t v) - h(x - t v)) / 2t, right for whatever is smooth; the shorter
  the step, the more digits cancel, so that about ten are left;
- the *complex step*, Im h(x + i t v) / t, where h is composed of holomorphic operations that run
  on complex arrays. Nothing cancels, t may be 1e-20, and about fifteen digits are right (Squire &
  Trapp 1998).

How far rounding alone moves a value or a gradient is measured, too: the tape is run again with
the last bits of every intermediate result shaken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.engine.op import Op
from minivae.engine.reverse import consumers_first

_STEPS = tuple(10.0**-k for k in range(3, 14))  # of the differences, in units of the input's scale
_COMPLEX_STEP = 1e-20
_SHAKES = 4  # reruns of the tape with other last bits
_EPS = float(np.finfo(float).eps)


class Slope(NamedTuple):
    """A measured slope.

    ``error`` is how far off it, or the gradient that it is compared with, may be by rounding, and
    ``rtol`` the error that is allowed besides, relative to the sizes of the terms. The value is NaN
    where there is no slope: with ``kinked`` because those on the two sides differ, without it
    because the function is not finite around the point. ``exact`` marks a complex step.
    """

    value: float
    error: float
    rtol: float
    exact: bool = False
    kinked: bool = False


class Measured(NamedTuple):
    """A measured gradient; ``allowed`` is how far from it a right one may be, entry by entry."""

    value: np.ndarray
    allowed: np.ndarray
    exact: bool = False
    kinked: bool = False


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

    @cached_property
    def holomorphic(self) -> bool:
        """Whether every recorded operation continues to complex numbers, and loses no digits."""
        return all(map(_continues, self._tape))

    @cached_property
    def reruns(self) -> list[Callable[..., Tensor]]:
        """The tape as functions, which differ from f in the last bits of intermediate results."""
        return [partial(self._rerun, np.random.default_rng(k)) for k in range(_SHAKES)]

    @cached_property
    def shaken(self) -> list[tuple[Tensor, Callable[[Any], tuple[Tensor, ...]]]]:
        """The value and the pullback as the reruns give them, at inputs with other last bits."""
        rng = np.random.default_rng(0)
        with np.errstate(all="ignore"):
            return [vjp(run, *(_shake(x, rng) for x in self.inputs)) for run in self.reruns]

    def _rerun(self, rng: np.random.Generator, *leaves: Tensor) -> Tensor:
        new = {id(old): leaf for old, leaf in zip(self._leaves, leaves, strict=True)}
        for t in reversed(self._tape):
            if t.node is not None:
                args = [new.get(id(a), a) for a in t.node.args or ()]
                new[id(t)] = _shaking(t.node.op, rng)(*args, **t.node.static)
        return new.get(id(self._root), self._root)


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
        with _quiet():
            z = applied(lambda x: x * (1 + 1j * _COMPLEX_STEP))
            blur = np.abs(applied(partial(_shake, rng=np.random.default_rng(0))) - t.data)
    except Exception:  # whatever it is: the primal does not know complex numbers
        return False
    return bool(np.all(np.abs(z.real - t.data) <= 64 * _EPS * np.abs(t.data) + 32 * blur))


def _changed(a: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    if not isinstance(a, Tensor):
        return a
    return change(a.data) if a.requires_grad else a.data


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore what is not finite, and make it an error to lose an imaginary part."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        yield


def _shaking(op: Op, rng: np.random.Generator) -> Op:
    """Return an operation that does as ``op`` does, up to the last bits of its result."""
    shaking = copy(op)
    shaking.primal = lambda *args, **static: _shake(np.asarray(op.primal(*args, **static)), rng)
    return shaking


def _shake(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move every entry by two units in its last place, up or down."""
    signs = 2 * rng.integers(0, 2, x.shape) - 1
    return np.asarray(x * (1 + 2 * np.finfo(x.dtype).eps * signs), x.dtype)


class Scalar:
    """The function h(x) = <u, f(x)> at a point, with its gradient by the reverse walk."""

    def __init__(self, point: Point, u: np.ndarray) -> None:
        self.point, self.u = point, u
        self.backward = point.pull(u)

    @cached_property
    def _shaken(self) -> list[list[np.ndarray]]:
        """The gradient as the reruns give it.

        Each from another multiple c of u, and divided by c: so it shows, too, what is rounded off
        where cotangents of different size are added up, (g + G) - G.
        """
        runs = zip(np.sqrt(np.arange(_SHAKES) + 1.7), self.point.shaken, strict=True)
        with np.errstate(all="ignore"):
            return [[g.data / c for g in pull(c * self.u)] for c, (_, pull) in runs]

    def gradient(self, i: int) -> Measured:
        """Measure ∂h/∂x, entry by entry, for input i."""
        shape = self.point.inputs[i].shape
        slopes = [self.slope(i, e.reshape(shape)) for e in np.eye(int(np.prod(shape)))]
        value = np.array([s.value for s in slopes]).reshape(shape)
        allowed = np.array([s.error + 2 * s.rtol * abs(s.value) for s in slopes]).reshape(shape)
        exact, kinked = all(s.exact for s in slopes), any(s.kinked for s in slopes)
        return Measured(value, allowed, exact, kinked)

    def slope(self, i: int, v: np.ndarray) -> Slope:
        """Measure the slope of h as input i moves along v: by the complex step, if it holds.

        Operations may be holomorphic and f not, as if it takes a real part or an absolute value
        between them or branches on values. So differences must confirm the complex step within
        their own error; where they contradict, they count.
        """
        found = self._differences(i, v)
        if not self.point.holomorphic or found.kinked:
            return found
        exact, *reruns = (self._complex_step(f, i, v) for f in (self.point.f, *self.point.reruns))
        # Where rounding hides more than differences leave open, as it seems to where an adjoint is
        # not linear or the tape is not the function, they count, too. NaN contradicts nothing:
        # differences may straddle a pole.
        noise = [np.sum((g[i] - self.backward[i]) * v) for g in self._shaken]
        error = 32 * float(_most(np.array(reruns) - exact) + _most(noise))
        error += _COMPLEX_STEP * float(np.abs(self.u).sum())  # t² f''', at an inflection
        allowed = found.rtol * (abs(exact) + abs(found.value)) + 2 * found.error
        if np.isnan(exact) or abs(exact - found.value) > allowed or error > allowed:
            return found
        return Slope(exact, error, max(1e-12, 1e-6 * found.rtol), exact=True)

    # --- the complex step ------------------------------------------------------------------

    def _complex_step(self, f: Callable[..., Any], i: int, v: np.ndarray) -> float:
        """Return Im <u, f(x + i t v)> / t, NaN if f cannot be continued to complex numbers."""
        moved = [x.astype(complex) if j == i else x for j, x in enumerate(self.point.inputs)]
        moved[i].imag = _COMPLEX_STEP * v
        try:
            with _quiet():
                z = f(*map(Tensor, moved)).data
        except Exception:  # whatever it is: f does not know complex numbers
            return np.nan
        if not np.iscomplexobj(z) or z.shape != self.u.shape or not np.isfinite(z).all():
            return np.nan
        return float(np.sum(self.u * z.imag)) / _COMPLEX_STEP

    # --- central differences ---------------------------------------------------------------

    @cached_property
    def _blur(self) -> np.ndarray:
        """How far rounding moves the terms of h: a unit in the last place, or as reruns show."""
        z = self.point.z
        blur = _most([shaken.data - z for shaken, _ in self.point.shaken])
        return np.abs(self.u) * np.maximum(blur, _EPS * np.abs(z))

    def _differences(self, i: int, v: np.ndarray) -> Slope:
        """Return the slope by differences.

        A corner or a pole may lie near the point, where only short steps tell; but these suffer
        from rounding. So steps get shorter until one is exact enough, else the most exact counts.
        After a kink was seen a shorter step must be exact enough to have left it behind.
        """
        x, z = self.point.inputs[i], self.point.z

        def rise(t: float) -> np.ndarray:
            """Return the terms of h(x + t v) - h(x): exactly 0 where v does not matter."""
            moved = [x + t * v if j == i else x for j, x in enumerate(self.point.inputs)]
            with np.errstate(all="ignore"):
                return self.u * (self.point.f(*map(Tensor, moved)).data - z)

        size = max(1.0, float(np.abs(x[v != 0]).max(initial=0.0)))
        unit = size / (1.0 + float(np.abs(v).max(initial=0.0)))
        # A term that even a move by about x itself leaves as it is does not depend on x, or so
        # little that its slope is below what rounding hides of that move.
        depends = (rise(unit) != 0) | (rise(-unit) != 0)
        best, least, gap = np.nan, np.inf, np.inf
        for h in (step * unit for step in _STEPS):
            carried = _EPS * np.abs(v).max(initial=0.0) * np.abs(self.u)  # by the move itself
            rounding = 8 * float(np.sum(self._blur / np.where(depends, h, unit) + carried))
            slope, error, kink = _probe(rise, h, rounding)
            if kink:
                gap = min(gap, kink)
            elif error < min(least, gap / 4):
                best, least = slope, error
            if least <= max(self.point.rtol * abs(best), rounding):
                break  # exact enough, or no shorter step can do better
        return Slope(best, least, self.point.rtol, kinked=bool(np.isnan(best) and gap < np.inf))


def _probe(
    rise: Callable[[float], np.ndarray], h: float, rounding: float
) -> tuple[float, float, float]:
    """Return the slope, its error, and the gap of a kink (or 0), from points up to 2h away."""
    side = {k: float(np.sum(rise(k * h))) / (k * h) for k in (-2, -1, -0.5, 0.5, 1, 2)}
    central = {k: (side[k] + side[-k]) / 2 for k in (0.5, 1, 2)}
    coarse = (4 * central[1] - central[2]) / 3  # error O(h⁴)
    fine = (4 * central[0.5] - central[1]) / 3
    # The gap between the slopes on both sides is h f'' if f is smooth: half as wide so near, and
    # nothing at h = 0. At a kink it stays.
    gap = {k: abs(side[k] - side[-k]) for k in (0.5, 1, 2)}
    visible = gap[0.5] > 1e-3 * (abs(side[0.5]) + abs(side[-0.5])) + 4 * rounding
    kinked = visible and gap[0.5] > 0.5 * gap[2]
    # Asymptotically fine is off by a fifteenth of fine - coarse; but near a pole it is not.
    error = abs(fine - coarse) + abs(2 * gap[0.5] - gap[1]) + rounding
    return fine, error, gap[0.5] if kinked else 0.0


def _most(values: Any) -> Any:
    """Return the greatest of several (arrays of) sizes; what is not finite says nothing."""
    sizes = np.abs(np.asarray(values, float))
    return np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
