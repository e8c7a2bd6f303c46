"""A gradient checker with random directions and random cotangents.

A cotangent of ones asks only for the gradient of the sum of the results, which hides whole classes
of mistakes: a softmax whose gradient is wrong may have the right one for its sum, which is always
one. Hence both the direction v and the cotangent u are drawn: for z = f(x) with Jacobian J the
check is <u, J v> = <Jᵀ u, v>, the left side by central differences, the right side by ``backward``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.engine.op import Op

_STEP = 1e-3  # h of the central differences, in units of the input's scale


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
    differences' own error is estimated by repeating them with half the step.

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
            slope, error = _slope(f, points, i, v, u)
            scale = np.abs(g * v).sum() + abs(slope)
            if not abs(np.sum(g * v) - slope) <= rtol * (scale + 1e-3) + error:
                raise GradientError(_report(f, points, i, g, u))


def _slope(
    f: Callable[..., Any], points: list[np.ndarray], i: int, v: np.ndarray, u: np.ndarray
) -> tuple[float, float]:
    """Return <u, J v> for a direction v of input i, and how far off it may be."""

    def along(t: float) -> float:
        moved = [x + t * v if j == i else x for j, x in enumerate(points)]
        return float(np.sum(u * f(*map(Tensor, moved)).data))

    def central(h: float) -> float:  # error O(h⁴)
        near, far = along(h) - along(-h), along(2 * h) - along(-2 * h)
        return (8 * near - far) / (12 * h)

    h = (
        _STEP
        * max(1.0, float(np.abs(points[i]).max(initial=0.0)))
        / (1.0 + float(np.abs(v).max(initial=0.0)))
    )
    coarse, fine = central(h), central(h / 2)
    rounding = 8 * np.finfo(float).eps * float(np.abs(u).sum() + abs(along(0.0))) / h
    return fine, abs(fine - coarse) / 15 + rounding


def _report(
    f: Callable[..., Any], points: list[np.ndarray], i: int, g: np.ndarray, u: np.ndarray
) -> str:
    """Look at every entry of input i and report the one that is most wrong."""
    name = f.__name__ if isinstance(f, Op) else getattr(f, "__name__", "the function")
    numeric = np.empty_like(g)
    for index in np.ndindex(g.shape):
        e = np.zeros_like(g)
        e[index] = 1.0
        numeric[index], _ = _slope(f, points, i, e, u)
        if _kinked(f, points, i, e, u):
            return (
                f"{name}: argument {i} has a kink at entry {list(index)}, value "
                f"{points[i][index]:.6g}: the slopes on its two sides differ, there is no "
                "derivative to check; move the input away from it"
            )
    worst = np.unravel_index(np.argmax(np.abs(g - numeric)), g.shape) if g.shape else ()
    wrong = np.abs(g - numeric) > 1e-5 * (np.abs(g) + np.abs(numeric) + 1e-3)
    return (
        f"{name}: the gradient of argument {i} (shape {g.shape}) is wrong in {wrong.sum()} of "
        f"{g.size} entries; at entry {[int(k) for k in worst]} backward gives {g[worst]:.9g}, "
        f"finite differences {numeric[worst]:.9g}"
    )


def _kinked(
    f: Callable[..., Any], points: list[np.ndarray], i: int, e: np.ndarray, u: np.ndarray
) -> bool:
    """Tell whether the slopes on both sides differ, however close one comes."""

    def along(t: float) -> float:
        moved = [x + t * e if j == i else x for j, x in enumerate(points)]
        return float(np.sum(u * f(*map(Tensor, moved)).data))

    def gap(h: float) -> float:
        return (along(h) - 2 * along(0.0) + along(-h)) / h

    coarse, fine = gap(1e-4), gap(1e-5)
    # Smooth: the gap of the slopes is h f'', ten times smaller. At a kink it stays.
    return abs(fine) > 1e-3 and abs(fine) > 0.5 * abs(coarse)
