"""A copy of a model with other weights, at which its formulas can be tried."""

from __future__ import annotations

from copy import deepcopy
from typing import TypeVar

import numpy as np

from minivae.models import Model

M = TypeVar("M", bound=Model)


def twin_of(model: M, rng: np.random.Generator) -> M:
    """Return a copy of the model whose weights are moved at random, by about half their size.

    At such weights nothing has collapsed, so that the terms of a loss differ.
    """
    twin = deepcopy(model)
    for parameter in twin.parameters():
        size = 0.5 * (float(parameter.data.std()) + 0.1)
        parameter.data[...] += (size * rng.standard_normal(parameter.shape)).astype(parameter.dtype)
        parameter.grad = None
    return twin
