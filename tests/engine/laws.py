"""What laws are stated with: calls that hypothesis draws, directions, and the size of arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.testing.strategies import operands

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def calls(name, dtype="float64"):
    """Calls in which there is something to differentiate, with a source of directions."""
    return given(operands(name, dtype).filter(lambda call: call.variables), seeds)


def directions(rng, arrays, dtype="float64"):
    return [rng.uniform(-1, 1, x.shape).astype(dtype) for x in arrays]


def scale(*arrays):
    """The size of the largest entry, and at least 1."""
    return max(1.0, *(float(np.abs(a).max(initial=0)) for a in arrays))
