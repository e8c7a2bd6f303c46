"""How weights begin: scaled so that signals keep their size from layer to layer."""

from __future__ import annotations

from typing import Any

import numpy as np


def glorot_uniform(
    rng: np.random.Generator, out_features: int, in_features: int, dtype: Any = "float64"
) -> np.ndarray:
    """Draw a weight (out, in) from U(-a, a), a = √(6 / (in + out)), of variance 2 / (in + out).

    Source: Glorot & Bengio 2010, equation 16.
    """
    bound = np.sqrt(6.0 / (in_features + out_features))
    return rng.uniform(-bound, bound, (out_features, in_features)).astype(dtype)
