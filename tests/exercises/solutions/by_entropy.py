"""Correct: the KL as cross entropy minus entropy, the draw through a Cholesky factor."""

import math

import numpy as np


def gaussian_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """KL(q || p) = H(q, p) - H(q)."""
    cross_entropy = (math.log(2 * math.pi) + np.square(mu) + np.exp(logvar)) / 2
    entropy = (math.log(2 * math.pi * math.e) + logvar) / 2
    return np.einsum("nj->n", cross_entropy - entropy)


def reparameterize(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """z = mu + L eps, L L' = diag(exp(logvar))."""
    covariance = np.exp(logvar)[:, :, None] * np.eye(mu.shape[1], dtype=mu.dtype)
    return mu + np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), eps)
