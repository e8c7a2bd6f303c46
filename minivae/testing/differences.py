"""Slopes of a function measured by evaluating it, each with an honest estimate of its error.

Two ways lead to the slope of t ↦ h(x + t v) at 0 that know nothing of adjoints:

- *central differences*, (h(x + t v) - h(x - t v)) / 2t, right for whatever is smooth; the shorter
  the step, the more digits cancel, so that about ten are left;
- the *complex step*, Im h(x + i t v) / t, where h is composed of holomorphic operations that run
  on complex arrays. Nothing cancels, t may be 1e-20, and about fifteen digits are right (Squire &
  Trapp 1998).

How far rounding alone moves a value or a gradient is measured, too: see
:mod:`minivae.testing.point`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minivae.engine import Tensor
from minivae.testing.point import COMPLEX_STEP, EPS, SHAKES, Point, quiet

_STEPS = tuple(10.0**-k for k in range(3, 14))  # of the differences, in units of the input's scale

# Why there is no slope
KINK = "the slopes on its two sides differ"
STEEP = "the slope is infinite, or steeper than the shortest step can tell"
EDGE = "the function is not finite on one side or both"


class Slope(NamedTuple):
    """A measured slope.

    ``error`` is how far off it, or the gradient that it is compared with, may be by rounding, and
    ``rtol`` the error that is allowed besides, relative to the sizes of the terms. The value is NaN
    where there is no slope, for a reason that ``lost`` says. ``exact`` marks a complex step.
    """

    value: float
    error: float
    rtol: float
    exact: bool = False
    lost: str = ""


class Measured(NamedTuple):
    """A measured gradient, with the fields of :class:`Slope`, entry by entry.

    ``allowed`` is how far from it a right one may be; ``lost`` belongs to the first NaN.
    """

    value: np.ndarray
    allowed: np.ndarray
    exact: bool = False
    lost: str = ""


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
        runs = zip(np.sqrt(np.arange(SHAKES) + 1.7), self.point.shaken, strict=True)
        with np.errstate(all="ignore"):
            return [[g.data / c for g in pull(c * self.u)] for c, (_, pull) in runs]

    def gradient(self, i: int) -> Measured:
        """Measure ∂h/∂x, entry by entry, for input i."""
        shape = self.point.inputs[i].shape
        slopes = [self.slope(i, e.reshape(shape)) for e in np.eye(int(np.prod(shape)))]
        value = np.array([s.value for s in slopes]).reshape(shape)
        allowed = np.array([s.error + 2 * s.rtol * abs(s.value) for s in slopes]).reshape(shape)
        lost = next((s.lost for s in slopes if s.lost), "")
        return Measured(value, allowed, all(s.exact for s in slopes), lost)

    def slope(self, i: int, v: np.ndarray) -> Slope:
        """Measure the slope of h as input i moves along v: by the complex step, if it holds.

        Operations may be holomorphic and f not, as if it takes a real part or an absolute value
        between them or branches on values. So differences must confirm the complex step within
        their own error; where they contradict, they count. Where a function has a vertical slope,
        as √x at 0, the complex step depends on t, and is no slope.
        """
        found, tried = self._differences(i, v)
        if not self.point.holomorphic or found.lost == STEEP:
            return found
        exact, *reruns = (self._complex_step(f, i, v) for f in (self.point.f, *self.point.reruns))
        shorter = self._complex_step(self.point.f, i, v, 1e-3)
        # Where rounding hides more than differences leave open, as it seems to where an adjoint is
        # not linear or the tape is not the function, they count, too. Where they find nothing
        # finite, they may straddle a pole. Where they see a kink, or anything else, some step must
        # have seen what the complex step gives: the others may be longer than a wave.
        noise = [np.sum((g[i] - self.backward[i]) * v) for g in self._shaken]
        error = 32 * float(_most(np.array(reruns) - exact) + _most(noise))
        scale = float(np.abs(self.u).sum())
        error += COMPLEX_STEP * scale  # t² f''', at an inflection
        allowed = found.rtol * (abs(exact) + abs(found.value)) + 2 * found.error
        if found.lost == EDGE:
            allowed = 1e-3 * abs(exact)
        elif found.lost == KINK or abs(exact - found.value) > allowed:
            near = [2 * e for s, e in tried if abs(exact - s) <= 2 * e <= 0.2 * abs(s)]
            allowed = min(near, default=-1.0)
        if np.isnan(exact) or error > allowed:
            return found
        if not abs(exact - shorter) <= min(error, 0.5 * abs(exact)) + COMPLEX_STEP * scale:
            return found
        return Slope(exact, error, max(1e-12, 1e-6 * found.rtol), exact=True)

    # --- the complex step ------------------------------------------------------------------

    def _complex_step(
        self, f: Callable[..., Any], i: int, v: np.ndarray, shorter: float = 1.0
    ) -> float:
        """Return Im <u, f(x + i t v)> / t, NaN if f cannot be continued to complex numbers."""
        moved = [x.astype(complex) if j == i else x for j, x in enumerate(self.point.inputs)]
        sizes = np.abs(moved[i][(v != 0) & (moved[i] != 0)])
        t = shorter * COMPLEX_STEP * float(np.clip(sizes.min(initial=1.0), 1e-100, 1.0))
        moved[i].imag = t * v
        try:
            with quiet():
                z = f(*map(Tensor, moved)).data
        except Exception:  # whatever it is: f does not know complex numbers
            return np.nan
        if not np.iscomplexobj(z) or z.shape != self.u.shape or not np.isfinite(z).all():
            return np.nan
        return float(np.sum(self.u * z.imag)) / t

    # --- central differences ---------------------------------------------------------------

    @cached_property
    def _blur(self) -> np.ndarray:
        """How far rounding moves the terms of h: a unit in the last place, or as reruns show."""
        z = self.point.z
        blur = _most([shaken.data - z for shaken, _ in self.point.shaken])
        return np.abs(self.u) * np.maximum(blur, EPS * np.abs(z))

    def _differences(self, i: int, v: np.ndarray) -> tuple[Slope, list[tuple[float, float]]]:
        """Return the slope by differences, and with its error what each step without a kink gave.

        A corner or a pole may lie near the point, where only short steps tell; but these suffer
        from rounding. So steps get shorter until one is exact enough, else the most exact counts.
        After a kink was seen a shorter step must be exact enough to have left it behind: its error
        a part of the gap, or a smaller part of the slopes there than the gap of those farther away,
        for beside waves that are shorter than a step every point looks like a kink, a faint one.
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
        best, least, part, gap, faint = np.nan, np.inf, np.inf, np.inf, np.inf
        sizes, tried = [], []
        steps = [step * unit for step in _STEPS]
        while steps[-1] > 1e-3 * unit / size:  # of a giant, which may lie among short waves
            steps.append(0.1 * steps[-1])
        for h in steps:
            carried = EPS * np.abs(v).max(initial=0.0) * np.abs(self.u)  # by the move itself
            rounding = 8 * float(np.sum(self._blur / np.where(depends, h, unit) + carried))
            slope, error, both, kink = _probe(rise, h, rounding)
            sizes.append(both if both > rounding else np.nan)
            scale = max(both, rounding) or 1.0
            relative = error / scale
            if kink:
                gap, faint = min(gap, kink), min(faint, kink / both)
            elif error < gap / 4 or relative < faint / 4:
                tried.append((slope, error))
                if relative < part:
                    best, least, part = slope, error, relative
            if least <= self.point.rtol * abs(best) or part <= rounding / scale:
                break  # exact enough, or no shorter step can do better
        else:
            hidden = float(_most([np.sum((g[i] - self.backward[i]) * v) for g in self._shaken]))
            if hidden < sizes[-1] and all(1.2 * a < b for a, b in pairwise(sizes)):
                return Slope(np.nan, np.inf, self.point.rtol, lost=STEEP), tried
            if part > 0.5:  # no step resolves the function
                least += 4 * hidden
        lost = "" if not np.isnan(best) else KINK if gap < np.inf else EDGE
        return Slope(best, least, self.point.rtol, lost=lost), tried


def _probe(
    rise: Callable[[float], np.ndarray], h: float, rounding: float
) -> tuple[float, float, float, float]:
    """Return the slope, its error, the sizes on both sides, and the gap of a kink (or 0).

    All from points up to 2h away.
    """
    side = {k: float(np.sum(rise(k * h))) / (k * h) for k in (-2, -1, -0.5, 0.5, 1, 2)}
    central = {k: (side[k] + side[-k]) / 2 for k in (0.5, 1, 2)}
    coarse = (4 * central[1] - central[2]) / 3  # error O(h⁴)
    fine = (4 * central[0.5] - central[1]) / 3
    # The gap between the slopes on both sides is h f'' if f is smooth: half as wide so near, and
    # nothing at h = 0. At a kink it stays.
    gap = {k: abs(side[k] - side[-k]) for k in (0.5, 1, 2)}
    size = abs(side[0.5]) + abs(side[-0.5])
    kinked = gap[0.5] > 1e-3 * size + 4 * rounding and gap[0.5] > 0.5 * gap[2]
    # Asymptotically fine is off by a fifteenth of fine - coarse; but near a pole it is not.
    error = abs(fine - coarse) + abs(2 * gap[0.5] - gap[1]) + rounding
    return fine, error, size, gap[0.5] if kinked else 0.0


def _most(values: Any) -> Any:
    """Return the greatest of several (arrays of) sizes; what is not finite says nothing."""
    sizes = np.abs(np.asarray(values, float))
    return np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
