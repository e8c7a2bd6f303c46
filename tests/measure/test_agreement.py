"""Where PyTorch is installed it is asked: every function, and whole random programs."""

import agreement
import pytest
from counterparts import INTERNAL, counterparts

from minivae.engine.registry import FUNCTIONS

torch = pytest.importorskip("torch", reason="PyTorch is an oracle only; it is not installed")


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - INTERNAL.keys()))
def test_functions_agree_with_pytorch(name):
    assert agreement.functions_agree(torch, name) == ""


def test_random_programs_agree_with_pytorch():
    assert agreement.programs_agree(torch, examples=100) >= 100


def test_every_function_is_compared():
    known = counterparts(torch).keys() | INTERNAL.keys()
    assert known == FUNCTIONS.keys()
