"""Mixtures of equal Gaussians in the plane: data whose modes can be counted and labelled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split

TRAIN, TEST = 8_000, 2_000


@dataclass(frozen=True, eq=False, repr=False)
class Gaussians:
    """Gaussians of one width and equal weight: p(x) = (1/k) sum_j N(x; c_j, std^2 I).

    Attributes
    ----------
    centres : ndarray, shape (k, d)
        The means c_j.
    std : float
        The standard deviation of each Gaussian in every direction.

    Examples
    --------
    >>> grid = gaussian_grid()
    >>> grid
    Gaussians(25 in 2 dimensions, std=0.05)
    >>> x, labels = grid.sample(100, np.random.default_rng(0))
    >>> x.shape, labels.shape
    ((100, 2), (100,))
    """

    centres: NDArray[np.float64]
    std: float

    def __repr__(self) -> str:
        k, d = self.centres.shape
        return f"Gaussians({k} in {d} dimensions, std={self.std})"

    def sample(
        self, n: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Draw points and the mode of each: x = c_j + std eps, eps ~ N(0, I).

        Returns
        -------
        x : ndarray of float32, shape (n, d)
            The points.
        labels : ndarray of int64, shape (n,)
            The index j of the Gaussian that each came from.
        """
        k, d = self.centres.shape
        labels = rng.integers(0, k, n)
        x = self.centres[labels] + self.std * rng.standard_normal((n, d))
        return x.astype(np.float32), labels

    def log_prob(self, x: NDArray[Any]) -> NDArray[Any]:
        """Evaluate the exact log-density, in nats.

        log p(x) = logsumexp_j(-|x - c_j|^2 / (2 std^2)) - log k - d log(std sqrt(2 pi))

        Parameters
        ----------
        x : ndarray, shape (..., d)
            Points.

        Returns
        -------
        ndarray, shape (...)
            Nats for each point, of the dtype of ``x``.
        """
        k, d = self.centres.shape
        gaps = x[..., None, :] - self.centres.astype(x.dtype)
        exponents = -np.sum(gaps**2, axis=-1) / (2 * self.std**2)
        highest = exponents.max(axis=-1)
        total = highest + np.log(np.exp(exponents - highest[..., None]).sum(axis=-1))
        return total - float(np.log(k) + d * np.log(self.std * np.sqrt(2 * np.pi)))


def gaussian_grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> Gaussians:
    """Place ``side * side`` Gaussians on a square grid around the origin.

    By default 25 with centres at -4, -2, 0, 2, 4 in each direction, on which generative adversarial
    networks are tried: how many of the modes does a model find?

    References
    ----------
    Srivastava, Valkov, Russell, Gutmann, Sutton (2017), VEEGAN, section 5.1.

    Examples
    --------
    >>> gaussian_grid(side=2).centres
    array([[-1., -1.],
           [-1.,  1.],
           [ 1., -1.],
           [ 1.,  1.]])
    """
    if side < 1:
        raise ValueError(f"gaussian_grid: expected side of at least 1, got {side}")
    places = spacing * (np.arange(side) - (side - 1) / 2)
    return Gaussians(np.stack(np.meshgrid(places, places, indexing="ij"), -1).reshape(-1, 2), std)


def gaussian_ring(modes: int = 8, radius: float = 2.0, std: float = 0.02) -> Gaussians:
    """Place Gaussians at equal distances on a circle, the first at (radius, 0).

    By default 8, on which generative adversarial networks are tried.

    References
    ----------
    Metz, Poole, Pfau, Sohl-Dickstein (2017), Unrolled generative adversarial networks, section 3.1.

    Examples
    --------
    >>> gaussian_ring(modes=4).centres.round(3) + 0.0
    array([[ 2.,  0.],
           [ 0.,  2.],
           [-2.,  0.],
           [ 0., -2.]])
    """
    if modes < 1:
        raise ValueError(f"gaussian_ring: expected at least 1 mode, got {modes}")
    angles = 2 * np.pi * np.arange(modes) / modes
    return Gaussians(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), std)


# Two classes, long where they overlap and apart where they are thin, turned by 30 degrees.
_BLOBS = Gaussians(np.array([[0.0, -1.0], [0.0, 1.0]]), std=0.4)
_LONG = 5.0
_TURN = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])


def blobs(n: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw two long parallel classes, which the direction of most variance does not tell apart.

    x = R diag(5, 1) y, where y comes from two Gaussians of std 0.4 at (0, -1) and (0, 1), and R
    turns by 30 degrees. Along 30 degrees lies the most variance (4.0, the axis of PCA) and no
    class; across it lies little (1.16) and all that distinguishes them (the axis of LDA).

    Returns
    -------
    x : ndarray of float32, shape (n, 2)
        The points.
    labels : ndarray of int64, shape (n,)
        The class of each, 0 or 1.

    Examples
    --------
    >>> x, labels = blobs(100, np.random.default_rng(0))
    >>> x.shape, np.unique(labels)
    ((100, 2), array([0, 1]))
    """
    y, labels = _BLOBS.sample(n, rng)
    x = (y * [_LONG, 1.0]) @ _TURN.T
    return x.astype(np.float32), labels


def load_gaussians() -> Dataset:
    """Load 10,000 points of the 5x5 grid of Gaussians, the mode of each as its label.

    Examples
    --------
    >>> load_gaussians()
    Dataset('gaussians', train=(8000, 2), test=(2000, 2))
    """
    x, labels = gaussian_grid().sample(TRAIN + TEST, np.random.default_rng(SEED))
    source = "drawn by minivae: 25 Gaussians on a grid, Srivastava et al. (2017)"
    return split("gaussians", x, TRAIN, source=source, labels=labels)


def load_gaussian_ring() -> Dataset:
    """Load 10,000 points of the ring of 8 Gaussians, the mode of each as its label.

    Examples
    --------
    >>> load_gaussian_ring()
    Dataset('gaussian_ring', train=(8000, 2), test=(2000, 2))
    """
    x, labels = gaussian_ring().sample(TRAIN + TEST, np.random.default_rng(SEED))
    source = "drawn by minivae: 8 Gaussians on a circle, Metz et al. (2017)"
    return split("gaussian_ring", x, TRAIN, source=source, labels=labels)


def load_blobs() -> Dataset:
    """Load 2,000 points of two long parallel classes.

    Examples
    --------
    >>> load_blobs()
    Dataset('blobs', train=(1600, 2), test=(400, 2))
    """
    x, labels = blobs(2_000, np.random.default_rng(SEED))
    source = "drawn by minivae: two classes across the direction of most variance"
    return split("blobs", x, 1_600, source=source, labels=labels)
