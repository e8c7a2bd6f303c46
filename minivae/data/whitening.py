"""Whitening: a linear map after which directions are uncorrelated and of unit variance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Whitening:
    """ZCA whitening on the leading principal directions, fitted by :func:`fit_whitening`.

    With the covariance C = E diag(lambda) E' of the data it was fitted to, and E_k, lambda_k its k
    leading directions and variances::

        w = E_k diag(lambda_k^(-1/2)) E_k' (x - mean)

    so that Cov(w) = E_k E_k', the identity on the kept directions and zero on the others. Of all
    such maps this one changes the data least, so that a whitened image still looks like the image
    (PCA whitening, diag(lambda_k^(-1/2)) E_k' (x - mean), gives coordinates instead). Directions
    of little variance are dropped rather than damped by an epsilon: in images they are noise.

    Attributes
    ----------
    mean : ndarray, shape (d,)
        Of the data it was fitted to.
    directions : ndarray, shape (d, k)
        E_k, orthonormal columns, that of most variance first.
    variances : ndarray, shape (k,)
        lambda_k.

    References
    ----------
    Bell and Sejnowski (1997), The independent components of natural scenes are edge filters.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    variances: NDArray[np.float64]

    def __repr__(self) -> str:
        d, k = self.directions.shape
        return f"Whitening({k} of {d} directions)"

    def apply(self, x: NDArray[Any]) -> NDArray[Any]:
        """Whiten rows: w of shape (n, d), of the dtype of ``x``, in standard deviations."""
        scaled = self.directions / np.sqrt(self.variances)
        return ((x - self.mean) @ scaled @ self.directions.T).astype(x.dtype)

    def undo(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return x = mean + E_k diag(lambda_k^(1/2)) E_k' w, without what was dropped."""
        scaled = self.directions * np.sqrt(self.variances)
        return (w @ scaled @ self.directions.T + self.mean).astype(w.dtype)


def fit_whitening(x: NDArray[Any], keep: float) -> Whitening:
    """Fit a whitening to data, keeping the fewest directions with a given part of the variance.

    Parameters
    ----------
    x : ndarray of float, shape (n, d)
        Data, one datum a row.
    keep : float
        The part of the total variance to keep, in (0, 1].

    Returns
    -------
    Whitening
        Directions without any variance are never kept.

    Raises
    ------
    ValueError
        If ``x`` has less than two rows or does not vary, or ``keep`` is not in (0, 1].

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(500, 3)) * [5.0, 1.0, 0.01]
    >>> whitening = fit_whitening(x, keep=0.99)
    >>> whitening
    Whitening(2 of 3 directions)
    >>> np.cov(whitening.apply(x).T, bias=True).round(2) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"fit_whitening: expected at least two rows, got shape {x.shape}")
    if not 0 < keep <= 1:
        raise ValueError(f"fit_whitening: expected keep in (0, 1], got {keep}; 99 percent are 0.99")
    wide = x.astype(np.float64)
    mean = wide.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(wide.T, bias=True).reshape(x.shape[1], -1))
    variances, directions = variances[::-1], directions[:, ::-1]
    # An exact zero comes out of the eigenvalue problem as d rounding errors of the largest.
    rounding = x.shape[1] * np.finfo(np.float64).eps * variances[0]
    rank = int(np.sum(variances > rounding))
    if rank == 0:
        raise ValueError("fit_whitening: expected data that vary, got rows that are all the same")
    shares = np.cumsum(variances[:rank]) / variances[:rank].sum()
    k = min(int(np.searchsorted(shares, keep)) + 1, rank)
    return Whitening(mean, directions[:, :k].copy(), variances[:k].copy())
