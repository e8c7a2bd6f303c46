"""Points on a curve and on a sheet: data with fewer dimensions than coordinates."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split

TRAIN, TEST = 8_000, 2_000


def ring_map(z: NDArray[Any]) -> NDArray[Any]:
    """Push points of the plane to a ring: g(z) = z / 10 + z / |z|.

    g keeps the direction of z and sends its length r to 1 + r / 10, so that a Gaussian cloud
    becomes a thin ring: a simple p(z) and a deterministic map make a distribution of another form.

    Parameters
    ----------
    z : ndarray, shape (..., 2)
        Points other than the origin, where g has no value.

    Returns
    -------
    ndarray, shape (..., 2)
        Points outside the unit circle, of the dtype of ``z``.

    References
    ----------
    Doersch (2016), Tutorial on variational autoencoders, figure 2.

    Examples
    --------
    >>> ring_map(np.array([[3.0, 4.0]]))
    array([[0.9, 1.2]])
    """
    return z / 10 + z / np.linalg.norm(z, axis=-1, keepdims=True)


def ring(n: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw points of the ring, x = g(z) with z ~ N(0, I).

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    x : ndarray of float32, shape (n, 2)
        The points.
    factors : ndarray of float32, shape (n, 2)
        The angle of each in (-pi, pi], radians, and its radius.

    Examples
    --------
    >>> x, factors = ring(100, np.random.default_rng(0))
    >>> bool(np.all(np.linalg.norm(x, axis=1) >= 1))
    True
    """
    x = ring_map(rng.standard_normal((n, 2)))
    polar = [np.arctan2(x[:, 1], x[:, 0]), np.linalg.norm(x, axis=1)]
    return x.astype(np.float32), np.stack(polar, axis=1, dtype=np.float32)


def ring_log_prob(x: NDArray[Any]) -> NDArray[Any]:
    """Evaluate the exact log-density of the ring, in nats.

    With rho = |x| and r = 10 (rho - 1), the length that g sends to rho::

        log p(x) = log 10 + log r - r^2 / 2 - log(2 pi rho),   rho > 1,

    since r has the Rayleigh density r exp(-r^2 / 2), dr / drho = 10, and the circle of radius rho
    is 2 pi rho long. Inside the unit circle p(x) = 0.

    Parameters
    ----------
    x : ndarray, shape (..., 2)
        Points of the plane.

    Returns
    -------
    ndarray, shape (...)
        Nats for each point, -inf inside the unit circle, of the dtype of ``x``.

    Examples
    --------
    >>> ring_log_prob(np.array([[1.1, 0.0], [0.5, 0.5]])).round(3)
    array([-0.131,   -inf])
    """
    rho = np.linalg.norm(x, axis=-1)
    r = 10 * (rho - 1)
    outside = r > 0
    log_r = np.log(np.where(outside, r, 1))
    inside = x.dtype.type(-np.inf)
    radial = math.log(10) + log_r - r**2 / 2
    return np.where(outside, radial - np.log(2 * math.pi * np.where(outside, rho, 1)), inside)


def swiss_roll(
    n: int, rng: np.random.Generator, noise: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw points of a rolled-up sheet in space.

    x = (t cos t, 10 h, t sin t) / 10 + noise eps, with the angle t uniform on [3 pi / 2, 9 pi / 2],
    the height h uniform on [-1, 1], and eps ~ N(0, I): three coordinates, two dimensions.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.
    noise : float
        Standard deviation of the noise in each coordinate; neighbouring turns of the sheet are
        2 pi / 10 = 0.63 apart.

    Returns
    -------
    x : ndarray of float32, shape (n, 3)
        The points; every coordinate is within about 1.5 of 0.
    factors : ndarray of float32, shape (n, 2)
        The coordinates in the sheet: t in radians, and h.

    References
    ----------
    Tenenbaum, de Silva, Langford (2000), A global geometric framework for nonlinear dimensionality
    reduction, figure 3.

    Examples
    --------
    >>> x, factors = swiss_roll(100, np.random.default_rng(0))
    >>> x.shape, factors.shape
    ((100, 3), (100, 2))
    """
    t = rng.uniform(1.5 * np.pi, 4.5 * np.pi, n)
    h = rng.uniform(-1, 1, n)
    sheet = np.stack([t * np.cos(t) / 10, h, t * np.sin(t) / 10], axis=1)
    x = sheet + noise * rng.standard_normal((n, 3))
    return x.astype(np.float32), np.stack([t, h], axis=1, dtype=np.float32)


def load_ring() -> Dataset:
    """Load 10,000 points of the ring, 8,000 of them for training.

    Examples
    --------
    >>> load_ring().factors
    Factors(angle, radius)
    """
    x, factors = ring(TRAIN + TEST, np.random.default_rng(SEED))
    return split(
        "ring",
        x,
        TRAIN,
        source="drawn by minivae: g(z) = z / 10 + z / |z| of a Gaussian, Doersch (2016)",
        factors=factors,
        names=("angle", "radius"),
    )


def load_swiss_roll() -> Dataset:
    """Load 10,000 points of the Swiss roll, 8,000 of them for training, with noise 0.02.

    Examples
    --------
    >>> load_swiss_roll().factors
    Factors(angle, height)
    """
    x, factors = swiss_roll(TRAIN + TEST, np.random.default_rng(SEED), noise=0.02)
    return split(
        "swiss_roll",
        x,
        TRAIN,
        source="drawn by minivae: a rolled-up sheet, Tenenbaum, de Silva and Langford (2000)",
        factors=factors,
        names=("angle", "height"),
    )
