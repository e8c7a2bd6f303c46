"""Correct: Python floats, one entry at a time, and expm1 for variances near 1."""

import math

import numpy as np


def gaussian_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Sum half of mu^2 + (exp(logvar) - 1) - logvar, in Python."""
    total = np.zeros(len(mu), mu.dtype)
    for n, row in enumerate(zip(mu.tolist(), logvar.tolist(), strict=True)):
        total[n] = math.fsum((m * m + math.expm1(v) - v) / 2 for m, v in zip(*row, strict=True))
    return total


def reparameterize(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Scale and shift each entry of the noise."""
    z = np.empty_like(mu)
    for index in np.ndindex(mu.shape):
        z[index] = float(mu[index]) + math.sqrt(math.exp(logvar[index])) * float(eps[index])
    return z
