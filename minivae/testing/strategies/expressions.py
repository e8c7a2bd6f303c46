"""Random programs for hypothesis: graphs of operations that run on any library's functions."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from minivae.engine import ops
from minivae.testing.strategies.arrays import broadcastable_shapes, numbers

Apply = Callable[..., Any]

UNARY: dict[str, Apply] = {
    "tanh({})": lambda lib, x: lib.tanh(x),
    "sin({})": lambda lib, x: lib.sin(x),
    "cos({})": lambda lib, x: lib.cos(x),
    "sigmoid({})": lambda lib, x: lib.sigmoid(x),
    "softplus({})": lambda lib, x: lib.softplus(x),
    "exp(-{0} * {0})": lambda lib, x: lib.exp(-x * x),
    "0.5 * {}": lambda lib, x: 0.5 * x,
    "1.0 - {}": lambda lib, x: 1.0 - x,
}
BINARY: dict[str, Apply] = {
    "{} + {}": lambda lib, x, y: x + y,
    "{} - {}": lambda lib, x, y: x - y,
    "{} * {}": lambda lib, x, y: x * y,
    "{0} / (1.0 + {1} * {1})": lambda lib, x, y: x / (1.0 + y * y),
}
PRODUCTS: dict[str, Apply] = {
    "{} @ {}": lambda lib, x, y: x @ y,
    "{} @ swapaxes({}, -1, -2)": lambda lib, x, y: x @ lib.swapaxes(y, -1, -2),
}
ALONG: dict[str, Apply] = {
    "sum({}, -1, True)": lambda lib, x: lib.sum(x, -1, True),
    "sum({}, 0, False)": lambda lib, x: lib.sum(x, 0, False),
    "mean({}, 0, True)": lambda lib, x: lib.mean(x, 0, True),
    "mean({}, -1, False)": lambda lib, x: lib.mean(x, -1, False),
    "logsumexp({}, -1, True)": lambda lib, x: lib.logsumexp(x, -1, True),
    "softmax({}, 0)": lambda lib, x: lib.softmax(x, 0),
}
WHOLE: dict[str, Apply] = {"mean({})": lambda lib, x: lib.mean(x)}
STEPS = UNARY | BINARY | PRODUCTS | ALONG | WHOLE

LARGEST = 8.0  # what is larger is squashed


class Step(NamedTuple):
    """One line of a program: what it does, and on which values, counted from the inputs."""

    form: str
    at: tuple[int, ...]


class Expression:
    """A program: a function of arrays or tensors that prints as what it does.

    Parameters
    ----------
    inputs : int
        How many inputs it has.
    steps : tuple of Step
        Its lines; the value of the last one is the result.
    """

    def __init__(self, inputs: int, steps: tuple[Step, ...]) -> None:
        self.inputs = inputs
        self.steps = steps

    def __call__(self, *inputs: Any, lib: Any = None) -> Any:
        """Run the program with the functions of ``lib``, by default those of minivae."""
        lib = ops if lib is None else lib
        known = list(inputs)
        for step in self.steps:
            known.append(STEPS[step.form](lib, *(known[i] for i in step.at)))
        return known[-1]

    def __repr__(self) -> str:
        names = [*"xyz"[: self.inputs], *(f"v{k}" for k in range(1, len(self.steps) + 1))]
        lines = [f"def f({', '.join(names[: self.inputs])}):"]
        for k, step in enumerate(self.steps):
            line = _numbered(step.form).format(*(names[i] for i in step.at))
            lines.append(f"    {names[self.inputs + k]} = {line}")
        return "\n".join([*lines, f"    return {names[-1]}"])


def _numbered(form: str) -> str:
    """Write ``{}`` as ``{0}``, ``{1}``, so that a form may name an operand twice."""
    for k in range(form.count("{}")):
        form = form.replace("{}", f"{{{k}}}", 1)
    return form


def expressions(
    dtype: Any = "float64", steps: int = 8
) -> st.SearchStrategy[tuple[Expression, list[np.ndarray]]]:
    """Draw a smooth random program f and inputs for it, of shapes that broadcast.

    The program is a graph, not a tree: a value may be used several times, and every input has its
    part in the result. It has products of matrices, sums and means along axes, and broadcasting;
    all values at the inputs are finite and moderate.

    Parameters
    ----------
    dtype : optional
        Of the inputs, ``"float64"`` or ``"float32"``.
    steps : int
        About how many lines the program has at most.

    Returns
    -------
    strategy
        Of pairs (f, inputs), two or three inputs. ``f(*inputs)`` runs on minivae, on arrays or
        tensors. ``f(*inputs, lib=lib)`` runs on any library whose tensors know ``+ - * / @``, and
        which has exp, sin, cos, tanh, sigmoid, softplus, swapaxes(x, i, j), softmax(x, axis),
        sum(x, axis, keepdims), logsumexp(x, axis, keepdims), mean(x, axis, keepdims) and mean(x).
        PyTorch has all of them, but for softplus, which is in ``torch.nn.functional``.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> @given(mv.testing.strategies.expressions())
    ... def test_a_program_computes_the_same_on_arrays_and_on_tensors(drawn):
    ...     f, inputs = drawn
    ...     np.testing.assert_array_equal(f(*inputs), f(*map(mv.tensor, inputs)).data)
    >>> test_a_program_computes_the_same_on_arrays_and_on_tensors()

    A program that fails is printed as such:

    >>> from minivae.testing.strategies.expressions import Expression, Step
    >>> Expression(2, (Step("tanh({})", (0,)), Step("{} @ {}", (2, 1)), Step("{} * {}", (3, 3))))
    def f(x, y):
        v1 = tanh(x)
        v2 = v1 @ y
        v3 = v2 * v2
        return v3
    """
    return _expressions(dtype, steps)


@st.composite
def _expressions(draw: st.DrawFn, dtype: Any, most: int) -> tuple[Expression, list[np.ndarray]]:
    shapes = draw(broadcastable_shapes(draw(st.integers(2, 3)), min_side=1))
    inputs = [draw(numbers(shape, dtype=dtype)) for shape in shapes]
    known: list[Any] = [x.astype(np.float64) for x in inputs]
    steps: list[Step] = []
    used: set[int] = set()

    def take(form: str, *at: int) -> None:
        """Add a line, and another that squashes its value if that is large."""
        steps.append(Step(form, at))
        used.update(at)
        known.append(STEPS[form](NUMPY, *(known[i] for i in at)))
        if np.abs(known[-1]).max() > LARGEST:
            take("tanh({})", len(known) - 1)

    for _ in range(draw(st.integers(1, most))):
        i, j = draw(st.tuples(*[st.integers(0, len(known) - 1)] * 2))
        take(*draw(st.sampled_from(_candidates(known, i, j))))
    for i in range(len(known) - 1):  # whatever nobody has used is added to the result
        if i not in used:
            if not _broadcast(known[i], known[-1]):
                last = len(known) - 1
                take("mean({})", i)
                take("{} + {}", last, len(known) - 1)
            else:
                take("{} + {}", len(known) - 1, i)
    return Expression(len(inputs), tuple(steps)), inputs


def _candidates(known: list[Any], i: int, j: int) -> list[tuple[Any, ...]]:
    """List the lines that fit the values ``i`` and ``j``."""
    x, y = known[i], known[j]
    lines: list[tuple[Any, ...]] = [(form, i) for form in UNARY]
    if _broadcast(x, y):
        lines += [(form, i, j) for form in BINARY] * 2
    if x.ndim:
        lines += [(form, i) for form in ALONG]
    if x.ndim == 2 == y.ndim:
        inner = {"{} @ {}": y.shape[0], "{} @ swapaxes({}, -1, -2)": y.shape[1]}
        lines += [(form, i, j) for form, n in inner.items() if n == x.shape[1]] * 4
    return lines


def _broadcast(x: np.ndarray, y: np.ndarray) -> bool:
    return all(1 in (m, n) or m == n for m, n in zip(x.shape[::-1], y.shape[::-1], strict=False))


def _shares(x: Any, axis: Any) -> Any:
    e = np.exp(x)
    return e / np.sum(e, axis, keepdims=True)


NUMPY = SimpleNamespace(  # plain formulas, good enough for moderate values
    **{name: getattr(np, name) for name in ("exp", "sin", "cos", "tanh", "swapaxes")},
    sigmoid=lambda x: 1.0 / (1.0 + np.exp(-x)),
    softplus=lambda x: np.log(1.0 + np.exp(x)),
    sum=lambda x, axis, keepdims: np.sum(x, axis, keepdims=keepdims),
    mean=lambda x, axis=None, keepdims=False: np.mean(x, axis, keepdims=keepdims),
    logsumexp=lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis, keepdims=keepdims)),
    softmax=_shares,
)
