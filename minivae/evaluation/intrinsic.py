"""The intrinsic dimension of data: along how many directions they vary, wherever one stands."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree


def intrinsic_dimension(x: np.ndarray, neighbours: int = 10) -> float:
    """Estimate the dimension of the surface on which data lie, from distances to neighbours.

    On a surface of dimension d the number of data within a distance r grows like r^d. With
    T_j(x) the distance of x to its j-th neighbour, the estimate of largest likelihood is

        1 / d = mean over x and j < k of log T_k(x) / T_j(x).

    The scale is that of the neighbours: noise off the surface counts as soon as it is larger than
    the distances between data, and in many dimensions few data give too low a number.

    Parameters
    ----------
    x : ndarray, shape (n, data_dim)
        Data, no two of them equal.
    neighbours : int
        k, at least 2 and less than n.

    Returns
    -------
    float
        The estimate; its standard error is at least d / √(n (k - 1)).

    Raises
    ------
    ValueError
        If there are not more than k data, or equal ones among them.

    References
    ----------
    Levina and Bickel (2004), equation 8, averaged as MacKay and Ghahramani (2005) propose.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> x, _ = mv.data.swiss_roll(2000, np.random.default_rng(0))  # a sheet, rolled up in space
    >>> round(mv.evaluation.intrinsic_dimension(x))
    2
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or not 2 <= neighbours < len(x):
        raise ValueError(
            f"intrinsic_dimension: data (n, data_dim) with n above neighbours={neighbours}, and "
            f"2 neighbours or more are needed; the data have shape {x.shape}"
        )
    distances = cKDTree(x).query(x, neighbours + 1)[0][:, 1:]  # the nearest is x itself
    if not distances[:, 0].all():
        raise ValueError(
            "intrinsic_dimension: some data are equal, and distances of 0 say nothing about a "
            "dimension; remove the copies, as by numpy.unique(x, axis=0)"
        )
    return float(1 / np.mean(np.log(distances[:, -1:] / distances[:, :-1])))
