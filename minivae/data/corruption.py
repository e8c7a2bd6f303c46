"""Noise laid on inputs, from which a denoising autoencoder gives the clean ones back.

Each function is a draw from a corruption process C(x~ | x): it takes ``x`` and a generator, leaves
``x`` as it is, and returns an array of the same shape and dtype. A fresh draw for every minibatch
shows the network every datum in many guises, which is why noise helps most where data are few.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MEND = "convert with astype, and divide levels 0..255 by 255"


def masking(x: NDArray[Any], rng: np.random.Generator, fraction: float = 0.3) -> NDArray[Any]:
    """Set each value to 0 with probability ``fraction``, and keep the others.

    x~_i = m_i x_i,  m_i ~ Bernoulli(1 - fraction), so that E[x~] = (1 - fraction) x.

    Parameters
    ----------
    x : ndarray of float32 or float64, any shape
        The clean data.
    rng : numpy.random.Generator
        The source of randomness; the same state gives the same holes.
    fraction : float
        The probability that a value is lost, in [0, 1].

    Returns
    -------
    ndarray
        Of the shape and dtype of ``x``.

    Raises
    ------
    ValueError
        If ``x`` is of another dtype, or ``fraction`` is no probability.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising autoencoders,
    section 3.3, "masking noise".

    Examples
    --------
    >>> masking(np.ones(8), np.random.default_rng(0))
    array([1., 0., 0., 0., 1., 1., 1., 1.])
    """
    _check(masking.__name__, x)
    _check_fraction(masking.__name__, fraction)
    lost = rng.random(x.shape, dtype=x.dtype) < fraction
    return np.where(lost, x.dtype.type(0), x)


def gaussian(x: NDArray[Any], rng: np.random.Generator, std: float = 0.3) -> NDArray[Any]:
    """Add independent Gaussian noise to each value.

    x~ = x + std eps,  eps ~ N(0, I). Grey levels may leave [0, 1]: the corrupted data are an
    input of the encoder, not a target, and clipping them would bias the noise.

    Parameters
    ----------
    x : ndarray of float32 or float64, any shape
        The clean data.
    rng : numpy.random.Generator
        The source of randomness; the same state gives the same noise.
    std : float
        The standard deviation of the noise, in the units of ``x``.

    Returns
    -------
    ndarray
        Of the shape and dtype of ``x``.

    Raises
    ------
    ValueError
        If ``x`` is of another dtype, or ``std`` is negative or not finite.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising autoencoders,
    section 3.3, "additive isotropic Gaussian noise".

    Examples
    --------
    >>> gaussian(np.zeros(3, np.float32), np.random.default_rng(0), std=2.0).dtype
    dtype('float32')
    """
    _check(gaussian.__name__, x)
    if not (std >= 0 and math.isfinite(std)):
        raise ValueError(f"gaussian: expected a finite std of at least 0, got {std}")
    return x + x.dtype.type(std) * rng.standard_normal(x.shape, dtype=x.dtype)


def salt_and_pepper(
    x: NDArray[Any], rng: np.random.Generator, fraction: float = 0.3
) -> NDArray[Any]:
    """Replace each value, with probability ``fraction``, by 0 or 1 at the toss of a fair coin.

    x~_i = x_i with probability 1 - fraction, else 0 (pepper) or 1 (salt), half and half.

    Parameters
    ----------
    x : ndarray of float32 or float64, any shape
        The clean data, grey levels in [0, 1].
    rng : numpy.random.Generator
        The source of randomness; the same state gives the same grains.
    fraction : float
        The probability that a value is replaced, in [0, 1].

    Returns
    -------
    ndarray
        Of the shape and dtype of ``x``.

    Raises
    ------
    ValueError
        If ``x`` is of another dtype, or ``fraction`` is no probability.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising autoencoders,
    section 3.3, "salt-and-pepper noise".

    Examples
    --------
    >>> salt_and_pepper(np.full(8, 0.5), np.random.default_rng(0))
    array([0.5, 1. , 0. , 0. , 0.5, 0.5, 0.5, 0.5])
    """
    _check(salt_and_pepper.__name__, x)
    _check_fraction(salt_and_pepper.__name__, fraction)
    u = rng.random(x.shape, dtype=x.dtype)
    # Given u < fraction, u is uniform below it: the lower half is pepper, the upper half salt.
    grain = (u >= fraction / 2).astype(x.dtype)
    return np.where(u < fraction, grain, x)


def _check(name: str, x: NDArray[Any]) -> None:
    if x.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name}: expected float32 or float64 data, got {x.dtype}; {_MEND}")


def _check_fraction(name: str, fraction: float) -> None:
    if not 0 <= fraction <= 1:
        raise ValueError(f"{name}: expected fraction in [0, 1], got {fraction}; 30 percent are 0.3")
