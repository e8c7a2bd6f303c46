"""Where the museum differentiates: moderate random points, as tests usually take."""

import numpy as np

import minivae as mv

RNG = np.random.default_rng(2)
A, B = RNG.uniform(0.5, 2.0, (2, 3, 4))
SQUARE = RNG.uniform(0.5, 2.0, (3, 3))


def leaf(*values):
    """Make a tensor that wants its gradient."""
    return mv.tensor(np.array(values), requires_grad=True)
