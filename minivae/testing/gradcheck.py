"""A gradient checker with random directions and random cotangents.

A cotangent of ones asks only for the gradient of the sum of the results, which hides whole classes
of mistakes: a softmax whose gradient is wrong may have the right one for its sum, which is always
one. Hence both the direction v and the cotangent u are drawn: for z = f(x) with Jacobian J the
check is <u, J v> = <Jᵀ u, v>, the left side measured, the right side by the reverse walk.

How the left side is measured stands in :mod:`minivae.testing.differences`, what a wrong gradient
tells about the mistake in :mod:`minivae.testing.diagnosis`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.testing.diagnosis import Evidence, diagnose
from minivae.testing.differences import Point, Scalar

_MANY = 10_000  # entries: of a larger input a report does not look at each


class GradientError(AssertionError):
    """A gradient that disagrees with the measured one, or a point at which there is none."""


class Case(NamedTuple):
    """What is checked, for the report: its name, those of its inputs, and which derivative."""

    name: str
    arguments: list[str]
    derivative: str = "gradient"
    remark: str = ""


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
        If a gradient is wrong, or there is none: at a kink, or where a result is not finite; or if
        ``f`` changes its inputs or returns another result each time.
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
    minivae.testing.gradcheck.GradientError: squared_ramp: the gradient of argument 0 (x), of shape
    (3,), is wrong in 3 of 3 entries.
      Worst at entry [2], where x is 2: backward gives 1.280845, central differences 2.561691.
      Likely mistake: it is 0.5 times the right one.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    if order not in (1, 2):
        raise ValueError(f"gradcheck: order is 1 or 2, not {order!r}")
    case = Case(_name(f), _arguments(f, len(inputs)))
    points = _points(case, inputs)
    z = _examine(case, f, points)
    if z.size == 0:
        return
    _check(case, f, points, rng, directions, rtol)
    if order == 2:
        for k, by in enumerate(case.arguments):
            u = rng.standard_normal(z.shape)
            second = case._replace(
                derivative=f"second derivative, the gradient of the gradient of {by},",
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
    for _ in range(directions):
        h = Scalar(point, rng.standard_normal(point.z.shape))
        for i, g in enumerate(h.backward):
            v = _direction(g, rng)
            slope = h.slope(i, v)
            terms = float(np.abs(g * v).sum()) + abs(slope.value)
            apart = abs(float(np.sum(g * v)) - slope.value)
            if apart <= slope.rtol * terms + slope.error:  # which NaN is not
                continue
            if report := _report(case, h, i, rng):
                raise GradientError(report)


def _direction(g: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a direction in which the terms of <g, v> do not cancel: a wrong factor then shows."""
    v = rng.standard_normal(g.shape)
    return np.where(g == 0, v, np.copysign(v, g))


def _pulled(f: Callable[..., Any], u: np.ndarray, k: int) -> Callable[..., Any]:
    """Return the function x ↦ (Jᵀ u)ₖ, the gradient of <u, f(x)> in input k."""

    def gradient(*xs: Tensor) -> Tensor:
        _, pull = vjp(f, *xs)
        return pull(u)[k]

    return gradient


# --- what is asked for ---------------------------------------------------------------------


def _points(case: Case, inputs: tuple[Any, ...]) -> list[np.ndarray]:
    """Copy the inputs to float64."""
    if not inputs:
        raise ValueError(f"{case.name}: there is no input to check a gradient in; pass the point")
    points = [np.array(x.data if isinstance(x, Tensor) else x, np.float64) for x in inputs]
    for x, argument in zip(points, case.arguments, strict=True):
        if not np.isfinite(x).all():
            raise ValueError(
                f"{case.name}: {argument} has {np.sum(~np.isfinite(x))} entries that are not "
                "finite; a gradient is checked at a point of finite numbers"
            )
    return points


def _examine(case: Case, f: Callable[..., Any], points: list[np.ndarray]) -> np.ndarray:
    """Evaluate f twice, and refuse what has no gradient to check; return the result."""
    results = []
    for _ in range(2):
        given = [Tensor(x.copy()) for x in points]
        with np.errstate(all="ignore"):
            z = f(*given)
        if not isinstance(z, Tensor) or not np.issubdtype(z.dtype, np.floating):
            what = f"a tensor of {z.dtype}" if isinstance(z, Tensor) else f"a {type(z).__name__}"
            hint = ": it left the graph; use minivae's operations instead of NumPy's"
            raise TypeError(
                f"{case.name}: the function must return a tensor of floating-point numbers, it "
                f"returned {what}{hint if isinstance(z, np.ndarray | np.generic) else ''}"
            )
        for t, x, argument in zip(given, points, case.arguments, strict=True):
            if not np.array_equal(t.data, x):
                raise GradientError(
                    f"{case.name}: the function changes {argument} in place: that has no "
                    "gradient; compute a new tensor"
                )
        results.append(z.data)
    first, second = results
    if bad := np.sum(~np.isfinite(first)):
        raise GradientError(
            f"{case.name}: {bad} of {first.size} results are not finite at this point: there is "
            "no derivative to check; move the inputs into the function's domain"
        )
    size = np.abs(first).max(initial=0.0)
    if first.shape != second.shape or np.any(np.abs(first - second) > 1e-9 * size):
        raise GradientError(
            f"{case.name}: two evaluations at the same point differ: there is no derivative to "
            "check; draw the noise outside and pass it in"
        )
    return first


def _name(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "<lambda>")
    return "the function" if name == "<lambda>" else name


def _arguments(f: Callable[..., Any], n: int) -> list[str]:
    """Name the arguments by position, and as the function does where it can be asked."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [f"argument {i}" + (f" ({names[i]})" if i < len(names) else "") for i in range(n)]


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
        why = (
            f"{argument} has a kink at (or too close to) entry {list(index)}, value "
            f"{x[index]:.6g}: the slopes on its two sides differ,"
            if right.kinked
            else f"around entry {list(index)} of {argument}, value {x[index]:.6g}, the function is "
            "not finite:"
        )
        return f"{case.name}: {why} there is no derivative to check; move the input away from it"
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
