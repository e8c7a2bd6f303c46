"""What kind of mistake a wrong gradient is: hypotheses, each tested against the right gradient.

A mistake in an adjoint leaves a mark. Where a sign is flipped, the negative of the gradient is
right; where two axes are exchanged, its transpose is. Each function below is one such hypothesis:
it says in words what is wrong if undoing the mistake gives the measured gradient, and nothing
otherwise. All look at several random cotangents at once, so that nothing fits by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations

import numpy as np

from minivae.testing.differences import Measured, Scalar
from minivae.testing.point import Point

Hypothesis = Callable[["Evidence"], str]


@dataclass(frozen=True)
class Evidence:
    """A point at which the gradient in input ``i`` is wrong, and cotangents that show it.

    Attributes
    ----------
    point : Point
        The function, its inputs, its result and its pullback.
    i : int
        The input whose gradient is wrong.
    names : sequence of str
        What to call each input.
    cotangents : list of ndarray
        Random ones; stacked along a leading axis are the gradients that belong to them.
    """

    point: Point
    i: int
    names: Sequence[str]
    cotangents: list[np.ndarray]

    @cached_property
    def backward(self) -> np.ndarray:
        """The gradients under suspicion, (cotangents, *input)."""
        return np.stack([self.point.pull(u)[self.i] for u in self.cotangents])

    @cached_property
    def right(self) -> Measured:
        """The measured gradients, (cotangents, *input)."""
        return self.measured(self.i, self.cotangents)

    def measured(self, i: int, cotangents: Sequence[np.ndarray]) -> Measured:
        """Measure the gradients of other inputs, or for other cotangents."""
        each = [Scalar(self.point, u).gradient(i) for u in cotangents]
        return Measured(np.stack([m.value for m in each]), np.stack([m.allowed for m in each]))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the input."""
        return self.point.inputs[self.i].shape

    @property
    def axes(self) -> range:
        """The axes of the input."""
        return range(len(self.shape))

    def explained(self, mended: np.ndarray, right: Measured | None = None) -> bool:
        """Tell whether a mended gradient is the measured one."""
        right = self.right if right is None else right
        return bool(np.all(np.abs(mended - right.value) <= right.allowed))


def diagnose(evidence: Evidence) -> str:
    """Say what kind of mistake explains the gradient, the most specific first; or nothing."""
    with np.errstate(all="ignore"):
        return next(filter(None, (hypothesis(evidence) for hypothesis in HYPOTHESES)), "")


# --- the values ----------------------------------------------------------------------------


def not_finite(e: Evidence) -> str:
    """Test whether some entries are infinite or NaN."""
    bad = ~np.isfinite(e.backward).all(axis=0)
    return f"{bad.sum()} of its {bad.size} entries are not finite" if bad.any() else ""


def always_zero(e: Evidence) -> str:
    """Test whether no gradient arrives."""
    if e.backward.any():
        return ""
    return "it is always zero: the adjoint returns zeros, or detach() or .data cut the graph"


def sign_flipped(e: Evidence) -> str:
    """Test whether the gradient is -1 times the right one."""
    return "its sign is flipped" if e.explained(-e.backward) else ""


# --- the places ----------------------------------------------------------------------------


def transposed(e: Evidence) -> str:
    """Test whether the entries stand as in an array whose axes are in another order."""
    for order in list(permutations(e.axes))[1:]:
        new = [e.shape[axis] for axis in order]
        moved = e.backward.reshape(-1, *new).transpose(0, *(1 + np.argsort(order)))
        if e.explained(moved):
            return "it is transposed" + (f": its axes are in the order {order}" * (len(order) > 2))
    return ""


def axes_reversed(e: Evidence) -> str:
    """Test whether the entries stand in reverse order."""
    for n in range(1, len(e.shape) + 1):
        for axes in combinations(e.axes, n):
            if e.explained(np.flip(e.backward, tuple(1 + axis for axis in axes))):
                return f"it is reversed along {_axes(axes)}"
    return ""


def rolled(e: Evidence) -> str:
    """Test whether the entries stand some places farther on, in a circle."""
    for axis in e.axes:
        for k in range(1, e.shape[axis]):
            if e.explained(np.roll(e.backward, -k, 1 + axis)):
                by = k if 2 * k <= e.shape[axis] else k - e.shape[axis]
                return f"it is shifted by {by} along axis {axis}"
    return ""


def of_another_argument(e: Evidence) -> str:
    """Test whether the gradient is that of another input."""
    for j, x in enumerate(e.point.inputs):
        if j != e.i and x.shape == e.shape:
            other = e.measured(j, e.cotangents)
            if e.explained(e.backward, other):
                return f"it is the gradient of {e.names[j]}: are their adjoints swapped?"
    return ""


# --- factors -------------------------------------------------------------------------------


def size_forgotten(e: Evidence) -> str:
    """Test whether the size of an axis, or of a whole array, is a factor or divisor too much."""
    found: dict[str, list[str]] = {}
    for n, size in _sizes(e):
        if e.explained(e.backward * n):
            found.setdefault(f"divided by {n}", []).append(size)
        elif e.explained(e.backward / n):
            found.setdefault(f"multiplied by {n}", []).append(size)
    for what, sizes in found.items():
        return f"it is {what} once too often, which is {' and '.join(sizes[:3])}"
    return ""


def _sizes(e: Evidence) -> Iterator[tuple[int, str]]:
    """Yield the sizes that a mean or a sum might have taken for its own."""
    arrays = [(e.names[e.i], e.shape), ("the result", e.point.z.shape)]
    arrays += [
        (name, x.shape)
        for j, (name, x) in enumerate(zip(e.names, e.point.inputs, strict=True))
        if j != e.i
    ]
    for name, shape in arrays:
        for axis, n in enumerate(shape):
            if n > 1:
                yield n, f"the size of axis {axis} of {name}"
        if len(shape) > 1 and np.prod(shape) > max(shape):
            yield int(np.prod(shape)), f"the number of entries of {name}"


def constant_factor(e: Evidence) -> str:
    """Test whether the gradient is c times the right one."""
    g, right = e.backward, e.right.value
    c = float(np.sum(g * right) / np.sum(right * right))
    if not np.isfinite(c):
        return ""
    simple = any(round(c * k) and abs(c * k - round(c * k)) < 1e-6 for k in (1, 2, 3, 4))
    # With one entry any gradient is some multiple of the right one: only c = 2, 1/2 ... tell.
    if not e.explained(g / c) or not (simple or right[0].size > 1):
        return ""
    return f"it is {_factor(c)} times the right one"


def _factor(c: float) -> str:
    return f"{c:.6g}" if abs(c - 1) > 1e-4 else f"(1 {'+' if c > 1 else '-'} {abs(c - 1):.2g})"


# --- the cotangent -------------------------------------------------------------------------


def one_slice_of_the_result(e: Evidence) -> str:
    """Test whether along an axis of the result only the first or the last entry counts."""
    for axis, n in enumerate(e.point.z.shape):
        for k, which in ((0, "first"), (n - 1, "last")):
            only = (np.arange(n) == k).reshape(-1, *[1] * (e.point.z.ndim - axis - 1))
            if n > 1 and e.explained(e.backward, e.measured(e.i, [u * only for u in e.cotangents])):
                return (
                    f"only the {which} of {n} slices along axis {axis} of the result counts: "
                    "the sum over a broadcast axis is missing"
                )
    return ""


def cotangent_ignored(e: Evidence) -> str:
    """Test whether the adjoint does not use the cotangent entry by entry."""
    ones = np.ones(e.point.z.shape)
    ways = {
        "ignores the cotangent": lambda u: ones,
        "uses only the mean of the cotangent": lambda u: u.mean() * ones,
        "uses only the sum of the cotangent": lambda u: u.sum() * ones,
    }
    for way, of in ways.items():
        if e.explained(e.backward, e.measured(e.i, [of(u) for u in e.cotangents])):
            return f"it {way}, and is right for a cotangent of ones only"
    return ""


def right_for_ones(e: Evidence) -> str:
    """Test whether the gradient of the sum of the results is right."""
    ones = np.ones(e.point.z.shape)
    if not e.explained(e.point.pull(ones)[e.i][None], e.measured(e.i, [ones])):
        return ""
    return "it is right for a cotangent of ones only: that of each result is not used as it is"


# --- what is left --------------------------------------------------------------------------


def off_by_a_constant(e: Evidence) -> str:
    """Test whether the same number is added to every entry."""
    c = float(np.mean(e.backward - e.right.value))
    if not e.explained(e.backward - c):
        return ""
    return f"it is off by the constant {c:.6g}"


def some_entries(e: Evidence) -> str:
    """Test whether some entries are wrong and others right."""
    wrong = ~(np.abs(e.backward - e.right.value) <= e.right.allowed).all(axis=0)
    if wrong.all() or not wrong.any():
        return ""
    places = np.argwhere(wrong)
    listed = ", ".join(str(p.tolist()) for p in places[:6]) + ", ..." * (len(places) > 6)
    return f"only these entries are wrong: {listed}{_edge(places, e.shape)}"


def _edge(places: np.ndarray, shape: tuple[int, ...]) -> str:
    """Say whether all places lie on one edge."""
    for axis, n in enumerate(shape):
        for k, which in ((0, "first"), (n - 1, "last")):
            if n > 2 and (places[:, axis] == k).all():
                return f", all at the {which} index of axis {axis}"
    at_border = (places == 0) | (places == np.array(shape) - 1)
    return ", all on the border" if min(shape) > 2 and at_border.any(axis=1).all() else ""


def _axes(axes: Sequence[int]) -> str:
    return f"ax{'i' if len(axes) == 1 else 'e'}s {' and '.join(map(str, axes))}"


HYPOTHESES: tuple[Hypothesis, ...] = (
    not_finite,
    always_zero,
    sign_flipped,
    transposed,
    axes_reversed,
    rolled,
    of_another_argument,
    size_forgotten,
    constant_factor,
    one_slice_of_the_result,
    cotangent_ignored,
    right_for_ones,
    off_by_a_constant,
    some_entries,
)
