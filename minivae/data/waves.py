"""Sine waves with known amplitude, frequency and phase: sequences of real numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split

LENGTH = 32
NOISE = 0.05
FACTORS = ("amplitude", "frequency", "phase")
LOWEST = (0.3, 1.0, -np.pi)
HIGHEST = (1.0, 4.0, np.pi)
TRAIN, TEST = 8_000, 2_000


def draw_waves(factors: NDArray[Any], length: int = LENGTH) -> NDArray[Any]:
    """Compute waves from their factors: x_t = A sin(2 pi f t / length + phi), t = 0, 1, ...

    Parameters
    ----------
    factors : ndarray, shape (n, 3)
        Amplitude A, frequency f in periods over the whole length, phase phi in radians.
    length : int
        Values in a wave.

    Returns
    -------
    ndarray, shape (n, length)
        Waves without noise, of the dtype of ``factors``.

    Examples
    --------
    >>> draw_waves(np.array([[2.0, 1.0, 0.0]]), length=4).round(3) + 0.0
    array([[ 0.,  2.,  0., -2.]])
    """
    amplitude, frequency, phase = factors.T[..., None]
    t = np.arange(length, dtype=factors.dtype) / length
    return amplitude * np.sin(2 * np.pi * frequency * t + phase)


def waves(
    n: int, rng: np.random.Generator, noise: float = NOISE
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw noisy waves, with amplitude, frequency and phase uniform on their ranges.

    Amplitude 0.3 to 1, frequency 1 to 4 periods, phase -pi to pi; x_t = wave_t + noise eps_t,
    eps ~ N(0, I).

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.
    noise : float
        Standard deviation of the noise.

    Returns
    -------
    x : ndarray of float32, shape (n, 32)
        The waves.
    factors : ndarray of float32, shape (n, 3)
        What each was drawn from.

    Examples
    --------
    >>> x, factors = waves(5, np.random.default_rng(0))
    >>> x.shape, factors.shape
    ((5, 32), (5, 3))
    """
    factors = rng.uniform(LOWEST, HIGHEST, (n, 3))
    x = draw_waves(factors) + noise * rng.standard_normal((n, LENGTH))
    return x.astype(np.float32), factors.astype(np.float32)


def load_waves() -> Dataset:
    """Load 10,000 noisy waves, 8,000 of them for training.

    Examples
    --------
    >>> load_waves().factors
    Factors(amplitude, frequency, phase)
    """
    x, factors = waves(TRAIN + TEST, np.random.default_rng(SEED))
    source = "drawn by minivae: sines with Gaussian noise"
    return split("waves", x, TRAIN, source=source, factors=factors, names=FACTORS)
