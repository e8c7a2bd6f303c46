"""A gradient checker with random directions and random cotangents.

A cotangent of ones asks only for the gradient of the sum of the results, which hides whole classes
of mistakes: a softmax whose gradient is wrong may have the right one for its sum, which is always
one. Hence both the direction v and the cotangent u are drawn: for z = f(x) with Jacobian J the
check is <u, J v> = <Jᵀ u, v>, the left side by central differences, the right side by ``backward``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.engine.op import Op

_STEPS = (1e-3, 1e-4, 1e-5)  # h of the central differences, in units of the input's scale


class GradientError(AssertionError):
    """A gradient that disagrees with finite differences; the message says where and by how much."""


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    rng: np.random.Generator | None = None,
    directions: int = 3,
    rtol: float = 1e-6,
) -> None:
    """Check the gradient of ``f`` at ``inputs`` against central differences, in float64.

    For each input a random direction v and a random cotangent u are drawn, and <u, J v>, from
    fourth-order central differences, is compared with <Jᵀ u, v> from the reverse walk. The
    differences' own error is estimated by repeating them with half the step, and where a corner is
    near, with a hundredth.

    Parameters
    ----------
    f : callable
        Maps tensors to a tensor (of any shape), smoothly around ``inputs``.
    *inputs : array_like
        The point; all of it is converted to float64.
    rng : numpy.random.Generator, optional
        Draws directions and cotangents; by default a fixed one.
    directions : int
        How many directions to draw for each input.
    rtol : float
        Allowed error relative to the sizes of u, v and the slope.

    Raises
    ------
    GradientError
        If a gradient is wrong, or the function has a kink at the point.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> mv.testing.gradcheck(lambda x, y: mv.tanh(x @ y), np.ones((2, 3)), np.eye(3))
    """
    rng = np.random.default_rng(0) if rng is None else rng
    points = [np.array(x.data if isinstance(x, Tensor) else x, np.float64) for x in inputs]
    z, pull = vjp(f, *points)
    if z.size == 0:
        return
    for _ in range(directions):
        u = rng.standard_normal(z.shape)
        gradients = [g.data for g in pull(u)]
        for i, (x, g) in enumerate(zip(points, gradients, strict=True)):
            v = rng.standard_normal(x.shape)
            slope, error = _slope(_line(f, points, i, v, u), rtol)
            scale = float(np.abs(g * v).sum()) + abs(slope)
            if not abs(float(np.sum(g * v)) - slope) <= rtol * scale + error:  # so that NaN fails
                raise GradientError(_report(f, points, i, g, u, rtol))


class _Line(NamedTuple):
    """The function t ↦ <u, f(x + t v)> of which a slope is sought.

    ``unit`` is the t that moves x by about its own size, ``weight`` is Σ |u|: of that size are the
    values whose rounding disturbs the sum.
    """

    along: Callable[[float], float]
    unit: float
    weight: float


def _line(
    f: Callable[..., Any], points: list[np.ndarray], i: int, v: np.ndarray, u: np.ndarray
) -> _Line:
    """Move input i along v, and look at the results through the cotangent u."""

    def along(t: float) -> float:
        moved = [x + t * v if j == i else x for j, x in enumerate(points)]
        with np.errstate(all="ignore"):
            return float(np.sum(u * f(*map(Tensor, moved)).data))

    size = max(1.0, float(np.abs(points[i]).max(initial=0.0)))
    unit = size / (1.0 + float(np.abs(v).max(initial=0.0)))
    return _Line(along, unit, float(np.abs(u).sum()))


def _slope(line: _Line, rtol: float) -> tuple[float, float]:
    """Return the slope at t = 0, which is <u, J v>, and how far off it may be.

    A corner or a pole may lie near the point, where only short steps tell; but these suffer from
    rounding. So steps get shorter until one is exact enough, else the most exact counts. NaN if at
    every step the slopes on both sides differ, or the function is not finite.
    """
    best, least = np.nan, np.inf
    for step in _STEPS:
        slope, error, kinked = _probe(line, step * line.unit)
        if error < least and not kinked:
            best, least = slope, error
        if least <= rtol * abs(best):
            break
    return best, least


def _probe(line: _Line, h: float) -> tuple[float, float, bool]:
    """Return the slope, its error, and whether there is a kink, from points up to 2h away."""
    along = line.along
    here = along(0.0)
    right = {k: (along(k * h) - here) / (k * h) for k in (0.5, 1, 2)}
    left = {k: (here - along(-k * h)) / (k * h) for k in (0.5, 1, 2)}
    central = {k: (right[k] + left[k]) / 2 for k in right}
    coarse = (4 * central[1] - central[2]) / 3  # error O(h⁴)
    fine = (4 * central[0.5] - central[1]) / 3
    rounding = 8 * np.finfo(float).eps * (line.weight + abs(here)) / h
    # The gap between the slopes on both sides is h f'' if f is smooth: a quarter so near. At a kink
    # it stays.
    near, far = abs(right[0.5] - left[0.5]), abs(right[2] - left[2])
    visible = near > 1e-3 * (abs(right[0.5]) + abs(left[0.5])) + 4 * rounding
    return fine, abs(fine - coarse) / 15 + rounding, bool(visible and near > 0.5 * far)


def _report(
    f: Callable[..., Any],
    points: list[np.ndarray],
    i: int,
    g: np.ndarray,
    u: np.ndarray,
    rtol: float,
) -> str:
    """Look at every entry of input i and report the one that is most wrong."""
    name = f.__name__ if isinstance(f, Op) else getattr(f, "__name__", "the function")
    with np.errstate(all="ignore"):
        finite = np.isfinite(f(*map(Tensor, points)).data)
    if not finite.all():
        return (
            f"{name}: {np.sum(~finite)} of {finite.size} results are not finite at this point: "
            "there is no derivative to check; move the inputs into the function's domain"
        )
    numeric = np.empty_like(g)
    for index in np.ndindex(g.shape):
        e = np.zeros_like(g)
        e[index] = 1.0
        numeric[index], _ = _slope(_line(f, points, i, e, u), rtol)
        if np.isnan(numeric[index]):
            return (
                f"{name}: argument {i} has a kink at entry {list(index)}, value "
                f"{points[i][index]:.6g}: the slopes on its two sides differ, there is no "
                "derivative to check; move the input away from it"
            )
    worst = np.unravel_index(np.argmax(np.abs(g - numeric)), g.shape) if g.shape else ()
    wrong = ~(np.abs(g - numeric) <= 1e-5 * (np.abs(g) + np.abs(numeric) + 1e-3))
    return (
        f"{name}: the gradient of argument {i} (shape {g.shape}) is wrong in {wrong.sum()} of "
        f"{g.size} entries; at entry {[int(k) for k in worst]} backward gives {g[worst]:.9g}, "
        f"finite differences {numeric[worst]:.9g}"
    )
