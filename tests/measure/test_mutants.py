"""The checker is sharp: no generated mistake in any derivative escapes it."""

import mutants
import pytest

from minivae.engine import REGISTRY

EVERY = mutants.generated()
CRASHES = "inputs exchanged"  # of other shapes or kinds: most of these cannot run at all


def test_there_are_mutants_of_every_operation():
    assert len(EVERY) > 1000
    assert {m.name for m in EVERY} == {n for n, op in REGISTRY.items() if op.adjoints}
    assert {m.name for m in EVERY if m.kind == "spec"} == {
        n for n, op in REGISTRY.items() if op.spec
    }


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_mutant_is_killed_by_a_number(name):
    fates = {m: mutants.fate(m) for m in EVERY if m.name == name}
    assert [str(m) for m, fate in fates.items() if not fate] == []
    assert [str(m) for m, fate in fates.items() if fate == "crash" and m.change != CRASHES] == []


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_right_derivatives_are_not(name):
    """What the judge refuses is the change: without one it refuses nothing."""
    for kind in ("adjoint", "tangent"):
        assert mutants.fate(mutants.Mutant(name, kind, 0, "none"), examples=20) == ""


@pytest.mark.parametrize("change", mutants.WALKS)
def test_every_wrong_walk_is_killed_by_a_number(change):
    assert mutants.walk_fate(change) == ("wrong" if mutants.WALKS[change] else "")
