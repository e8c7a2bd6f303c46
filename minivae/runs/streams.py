"""Random streams: one for each purpose, all from the seed of a run."""

from __future__ import annotations

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Return a random generator that is independent for each purpose of a seed.

    Raises
    ------
    ValueError
        If the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, it is {seed}")
    return np.random.default_rng([seed, *name.encode()])
