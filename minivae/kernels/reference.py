"""The kernels in plain NumPy: each function here defines what its compiled twin must compute.

For readers who want the formula and for machines without Numba. Arrays in, arrays out; the dtype
of the input is the dtype of the result.
"""

from __future__ import annotations

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function σ(x) = 1 / (1 + e⁻ˣ) = e^min(x, 0) / (1 + e^-|x|); nothing overflows."""
    return np.exp(np.minimum(x, 0)) / (1.0 + np.exp(-np.abs(x)))


def softplus(x: np.ndarray) -> np.ndarray:
    """Smooth ramp log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def bernoulli_nll(logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Negative log likelihood of each row, Σⱼ softplus(aⱼ) - xⱼ aⱼ, in nats.

    For x ∈ {0, 1} and p = σ(a) this is -Σⱼ xⱼ log pⱼ + (1 - xⱼ) log(1 - pⱼ), without the
    cancellation and the infinities of that form: max(aⱼ, 0) - xⱼ aⱼ is exact there, and the rest,
    log(1 + e^-|aⱼ|), keeps its digits. Shapes (n, d), (n, d) to (n,).
    """
    ramp = np.maximum(logits, 0) - x * logits
    return np.sum(ramp + np.log1p(np.exp(-np.abs(logits))), axis=-1)


def bernoulli_nll_grad(g: np.ndarray, logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Cotangent of the logits, āⱼ = g (σ(aⱼ) - xⱼ). Shapes (n,), (n, d), (n, d) to (n, d)."""
    return np.expand_dims(g, -1) * (sigmoid(logits) - x)


def adam_step(
    p: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    step: int,
) -> None:
    """One step of Adam, in place on the parameter ``p`` and its moments ``m`` and ``v``.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,
    p ← p - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)   (Kingma & Ba 2015, algorithm 1).
    """
    m *= beta1
    m += (1.0 - beta1) * g
    v *= beta2
    v += (1.0 - beta2) * np.square(g)
    rate = lr / (1.0 - beta1**step)
    p -= rate * m / (np.sqrt(v / (1.0 - beta2**step)) + eps)
