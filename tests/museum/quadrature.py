"""Expectations over standard normal noise, by Gauss-Hermite quadrature."""

import numpy as np

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def expectation(f):
    """E[f(ε)] for ε ~ N(0, 1), by quadrature: exact for polynomials."""
    return sum(w * f(node) for node, w in zip(NODES, WEIGHTS, strict=True))
