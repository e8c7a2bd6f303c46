"""Parameters of four posteriors of two dimensions, and noise for a draw from each."""

import numpy as np

MU, LOGVAR, EPS = np.random.default_rng(3).uniform(-1.5, 1.5, (3, 4, 2))
