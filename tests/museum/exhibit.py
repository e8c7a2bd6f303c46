"""What the rooms of the museum share: how a mistake is shown, and the three tests it goes through.

An exhibit is a function whose docstring tells the story and that returns an :class:`Exhibit`. It is
called within a test, so that the wrong operations that it makes live no longer than the test::

    @ROOM.exhibit
    def a_mistake():
        \"""What went wrong, where, and why nobody noticed.\"""
        return Exhibit(wrong=..., weak=..., strong=..., caught="...", right=...)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import minivae as mv
from minivae.engine.op import Op
from minivae.testing import gradcheck


@dataclass(frozen=True)
class Exhibit:
    """A mistake re-enacted: the wrong thing, the check that missed it, the check that does not.

    ``weak`` and ``strong`` are called with the wrong thing or the right one, and raise if they
    find fault: ``strong`` an ``error`` whose message matches ``caught``.
    """

    wrong: Any
    weak: Callable[[Any], None]
    strong: Callable[[Any], None]
    caught: str
    right: Any
    error: type[Exception] = AssertionError


class Room(list):
    """The exhibits of one file, as functions with names and stories."""

    def exhibit(self, build: Callable[[], Exhibit]) -> Callable[[], Exhibit]:
        """Take up an exhibit."""
        assert build.__doc__, "an exhibit needs its story"
        self.append(build)
        return build


class Tour:
    """The three tests that every exhibit of a room goes through."""

    room: Room

    def pytest_generate_tests(self, metafunc):
        metafunc.parametrize("build", self.room, ids=lambda build: build.__name__)

    def test_the_weak_check_lets_the_wrong_one_pass(self, build):
        exhibit = build()
        exhibit.weak(exhibit.wrong)

    def test_the_strong_check_catches_the_wrong_one(self, build):
        exhibit = build()
        with pytest.raises(exhibit.error, match=exhibit.caught):
            exhibit.strong(exhibit.wrong)

    def test_the_right_one_passes_the_strong_check(self, build):
        exhibit = build()
        exhibit.strong(exhibit.right)


def wrong_op(*adjoints: Any, tangents: Any = ()) -> Callable[[Callable[..., Any]], Op]:
    """Make a primal an operation with these adjoints, under a name that no other has."""

    def make(primal: Callable[..., Any]) -> Op:
        primal.__name__ = f"wrong_{primal.__name__}"
        operation = Op(primal)
        operation.adjoint(*adjoints)
        operation.tangent(*tangents)
        return operation

    return make


def checked_at(*inputs: Any) -> Callable[[Any], None]:
    """Our check of gradients, at these inputs."""
    return lambda f: gradcheck(f, *inputs)


def checked_with_ones_at(*inputs: Any, tolerance: float = 1e-4) -> Callable[[Any], None]:
    """The usual check: every slope of the *sum* of the results, one entry at a time."""

    def check(f):
        z, pull = mv.vjp(f, *inputs)
        for i, g in enumerate(pull(np.ones(z.shape))):
            slopes = [_slope_of_sum(f, inputs, i, at) for at in np.ndindex(g.shape)]
            np.testing.assert_allclose(g.data.ravel(), slopes, rtol=tolerance, atol=tolerance)

    return check


def _slope_of_sum(f, inputs, i, at, h=1e-5):
    sums = []
    for step in (h, -h):
        moved = [np.array(x) for x in inputs]
        moved[i][at] += step
        sums.append(f(*map(mv.tensor, moved)).data.sum())
    return (sums[0] - sums[1]) / (2 * h)


def values_at(*inputs: Any, like: Callable[..., Any]) -> Callable[[Any], None]:
    """A test of the forward pass alone, against NumPy."""

    def check(f):
        np.testing.assert_allclose(f(*map(mv.tensor, inputs)).data, like(*inputs), atol=1e-12)

    return check


def for_every(*strategies: Any, examples: int = 50) -> Callable[[Callable[..., None]], Any]:
    """A law over what hypothesis draws: the same examples in every run, none shrunk."""

    def decorate(law):
        law = given(*strategies)(law)
        return settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
            print_blob=False,
            phases=[Phase.generate],
        )(law)

    return decorate
