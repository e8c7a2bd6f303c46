"""A gradient checker with random directions and random cotangents.

A cotangent of ones asks only for the gradient of the sum of the results, which hides whole classes
of mistakes: a softmax whose gradient is wrong may have the right one for its sum, which is always
one. Hence both the direction v and the cotangent u are drawn: for z = f(x) with Jacobian J the
check is <u, J v> = <Jᵀ u, v>, the left side measured, the right side by the reverse walk.

How the left side is measured stands in :mod:`minivae.testing.differences`, what a wrong gradient
tells about the mistake in :mod:`minivae.testing.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.testing.case import Case, GradientError, arguments_of, examined, name_of, points_of
from minivae.testing.diagnosis import Evidence, diagnose
from minivae.testing.differences import KINK, Scalar
from minivae.testing.point import Point

_MANY = 10_000  # entries: of a larger input a report does not look at each
_FAINT = 1e-9  # as large, relative to the largest, an entry of a gradient must be to be seen alone


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    rng: np.random.Generator | None = None,
    directions: int = 3,
    rtol: float = 1e-6,
    order: int = 1,
) -> None:
    """Check the gradient of ``f`` at ``inputs`` against slopes that are measured, in float64.

    For each input a random direction v and a random cotangent u are drawn, and <Jᵀ u, v> from the
    reverse walk is compared with the slope <u, J v> of t ↦ <u, f(x + t v)>:

    - by fourth-order central differences, whose own error is estimated; where a corner is near,
      with shorter steps;
    - where every operation of f is holomorphic, by the complex step Im <u, f(x + i t v)> / t with
      t = 1e-20 as well, which is exact up to rounding: then ``rtol`` is a millionth of what is
      given, 1e-12 at least.

    Entries of the gradient down to a billionth of the largest are asked for with equal weight, too,
    and those that are 0 by themselves. A mistake may hide where it changes no entry by more than
    ``rtol`` times what several results contribute to it.

    Where every operation states its tangent, <u, J v> by the forward walk is compared, too.

    A failure is reported with the entry that is most wrong, and with the kind of mistake that
    explains the whole gradient, if there is one.

    Parameters
    ----------
    f : callable
        Maps tensors to a tensor (of any shape), smoothly around ``inputs``, and always to the
        same one: noise is drawn outside and passed in.
    *inputs : array_like
        The point; all of it is converted to float64.
    rng : numpy.random.Generator, optional
        Draws directions and cotangents; by default a fixed one.
    directions : int
        How many directions to draw for each input.
    rtol : float
        Allowed error relative to the sizes of u, v and the slope.
    order : {1, 2}
        With 2, the gradient of each x ↦ Jᵀ u is checked in the same way: adjoints must be right
        and have right derivatives.

    Raises
    ------
    GradientError
        If a gradient is wrong, or there is none: at a kink, where a slope is infinite or a result
        is not finite; or if ``f`` changes its inputs or returns another result each time, or when
        it is recorded.
    TypeError
        If ``f`` does not return a tensor of floating-point numbers.
    ValueError
        If there are no inputs, or some that are not finite; or for another ``order``.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> mv.testing.gradcheck(lambda x, y: mv.tanh(x @ y), np.ones((2, 3)), np.eye(3), order=2)

    A factor whose graph was cut, and what the report makes of it:

    >>> def squared_ramp(x):
    ...     return mv.relu(x) * mv.relu(x).detach()
    >>> mv.testing.gradcheck(squared_ramp, [0.5, 1.0, 2.0])
    Traceback (most recent call last):
        ...
    minivae.testing.case.GradientError: squared_ramp: the gradient of argument 0 (x), of shape
    (3,), is wrong in 3 of 3 entries.
      Worst at entry [2], where x is 2: backward gives 1.280845, central differences 2.561691.
      Likely mistake: it is 0.5 times the right one.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    if order not in (1, 2):
        raise ValueError(f"gradcheck: order is 1 or 2, not {order!r}")
    case = Case(name_of(f), arguments_of(f, len(inputs)))
    points = points_of(case, inputs)
    z = examined(case, f, points)
    if z.size == 0:
        return
    _check(case, f, points, rng, directions, rtol)
    if order == 2:
        for k, by in enumerate(case.arguments):
            u = rng.standard_normal(z.shape)
            second = case._replace(
                derivative=f"second derivative, the gradient of the gradient of {by},",
                result=f"gradient of {by}",
                remark="The first derivatives are right: an adjoint has a wrong derivative.",
            )
            _check(second, _pulled(f, u, k), points, rng, directions, rtol)


def _check(
    case: Case,
    f: Callable[..., Any],
    points: list[np.ndarray],
    rng: np.random.Generator,
    directions: int,
    rtol: float,
) -> None:
    """Compare <Jᵀ u, v> with <u, J v> for every input, random u and v."""
    point = Point(f, points, rtol)
    if report := _two_values(case, point):
        raise GradientError(report)
    for k in range(directions):
        h = Scalar(point, rng.standard_normal(point.z.shape))
        for i, g in enumerate(h.backward):
            along = _directions(g, rng)
            for v in along if k == 0 else along[:1]:
                slope = h.slope(i, v)
                terms = float(np.abs(g * v).sum()) + abs(slope.value)
                apart = abs(float(np.sum(g * v)) - slope.value)
                if apart <= slope.rtol * terms + slope.error:  # which NaN is not
                    continue
                if report := _report(case, h, i, rng):
                    raise GradientError(report)
    for i, g in enumerate(h.backward):
        _check_tangent(case, h, i, _directions(g, rng)[0])


def _check_tangent(case: Case, h: Scalar, i: int, v: np.ndarray) -> None:
    """Compare <u, J v> by the forward walk with <Jᵀ u, v>, which is right by now.

    It can be done where every operation states its tangent.
    """
    if (dz := h.point.push(i, v)) is None:
        return
    pushed, pulled = float(np.sum(h.u * dz)), float(np.sum(h.backward[i] * v))
    terms = float(np.abs(h.u * dz).sum() + np.abs(h.backward[i] * v).sum())
    if not abs(pushed - pulled) <= 1e-7 * terms + h.slope(i, v).error:
        raise GradientError(
            f"{case.name}: the tangent of {case.arguments[i]} is wrong: along a random direction "
            f"forward mode gives {pushed:.7g}, backward {pulled:.7g}, which the measured slope "
            "confirms. An operation states a wrong tangent, or a fused one has a wrong formula."
        )


def _two_values(case: Case, point: Point) -> str:
    """Say where a result is another if it is recorded, as that of a fused operation might be."""
    with np.errstate(all="ignore"):
        plain = point.f(*map(Tensor, point.inputs)).data
    apart = np.abs(point.z - plain)
    if np.all(apart <= max(point.rtol, 1e-9) * np.abs(plain).max(initial=0.0)):
        return ""
    worst = tuple(int(k) for k in np.unravel_index(np.argmax(apart), plain.shape))
    return (
        f"{case.name}: the {case.result} is wrong: at entry {list(worst)} it is "
        f"{plain[worst]:.7g}, but {point.z[worst]:.7g} where it is recorded for derivatives; "
        "is a fused operation its formula?"
    )


def _directions(g: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw directions in which no mistake is hidden by what is right.

    In the first the terms of <g, v> do not cancel: a wrong factor then shows. Where entries differ
    much in size, there is one in which all contribute alike; where some are 0, one along those.
    """
    v, size = rng.standard_normal(g.shape), np.abs(g)
    directions = [np.where(g == 0, v, np.copysign(v, g))]
    some = size[(size > 0) & np.isfinite(size)]
    if 0 < some.size < g.size:
        directions.append(np.where(g == 0, v, 0.0))
    if g.size <= _MANY and some.size and some.max() > 100 * some.min():
        least = np.clip(some.min(), _FAINT * some.max(), None)
        with np.errstate(invalid="ignore"):
            alike = least / np.clip(size, least, None)
        directions.append(np.where(np.isfinite(g) & (g != 0), directions[0] * alike, 0.0))
    return directions


def _pulled(f: Callable[..., Any], u: np.ndarray, k: int) -> Callable[..., Any]:
    """Return the function x ↦ (Jᵀ u)ₖ, the gradient of <u, f(x)> in input k."""

    def gradient(*xs: Tensor) -> Tensor:
        _, pull = vjp(f, *xs)
        return pull(u)[k]

    return gradient


# --- what is answered ----------------------------------------------------------------------


def _report(case: Case, h: Scalar, i: int, rng: np.random.Generator) -> str:
    """Look at every entry of input i, say which is most wrong, and what explains it.

    The single entries have the last word: along a direction in which entries differ much in size
    each step may be too long for some. If all of them are right, the report is empty.
    """
    x, g, argument = h.point.inputs[i], h.backward[i], case.arguments[i]
    head = f"{case.name}: the {case.derivative} of {argument}, of shape {x.shape},"
    if x.size > _MANY:
        return f"{head} is wrong. Where and how, a check of a smaller input would tell."
    right = h.gradient(i)
    if (lost := np.isnan(right.value)).any():
        index = tuple(np.argwhere(lost)[0].tolist())
        at = f"entry {list(index)}"
        if right.lost == KINK:
            why = f"{argument} has a kink at (or too close to) {at}, value {x[index]:.6g}: {KINK},"
            return (
                f"{case.name}: {why} there is no derivative to check; move the input away from it"
            )
        return (
            f"{case.name}: there is no derivative to check at {at} of {argument}, value "
            f"{x[index]:.6g}: {right.lost}; move the input away from it"
        )
    apart = np.abs(g - right.value)
    if np.all(apart <= right.allowed):
        return ""
    worst = tuple(int(k) for k in np.unravel_index(np.argmax(apart), x.shape))  # NaN before all
    wrong = np.sum(~(apart <= right.allowed))
    name = argument.split("(")[-1].rstrip(")")
    method, digits = ("the complex step", 15) if right.exact else ("central differences", 7)
    kind = diagnose(Evidence(h.point, i, case.arguments, [h.u, rng.standard_normal(h.u.shape)]))
    lines = [
        f"{head} is wrong in {wrong} of {x.size} entries.",
        f"Worst at entry {list(worst)}, where {name} is {x[worst]:.6g}: backward gives "
        f"{g[worst]:.{digits}g}, {method} {right.value[worst]:.{digits}g}.",
        f"Likely mistake: {kind}." if kind else "",
        case.remark,
    ]
    return "\n  ".join(filter(None, lines))
