"""Clusters and classes: how well a partition that never saw labels agrees with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy

from minivae.engine import no_grad
from minivae.models import Model


@dataclass(frozen=True)
class ClusterAccuracy:
    """How clusters agree with classes.

    Attributes
    ----------
    accuracy : float
        Share of data that are right when clusters are named by the best one-to-one assignment.
        Clusters beyond the number of classes stay without a name, and their data count as wrong.
    purity : float
        The same when each cluster takes its most frequent class; it rises with the number of
        clusters, to 1 where each datum is one.
    normalized_information : float
        I(cluster; class) / √(H(cluster) H(class)), in [0, 1]; 0 where either is constant.
    table : ndarray
        Counts of data by cluster (row) and class (column).
    names : dict
        The class that the assignment gives to a cluster.
    """

    accuracy: float
    purity: float
    normalized_information: float
    table: np.ndarray
    names: dict[int, int]


def cluster_accuracy(clusters: Any, labels: Any) -> ClusterAccuracy:
    """Compare a partition with classes, whatever the clusters are called.

    accuracy = max over one-to-one maps m of (1/n) Σ_i [m(cluster_i) = class_i], found by the
    Hungarian algorithm (Kuhn 1955; SciPy's ``linear_sum_assignment``).

    Parameters
    ----------
    clusters, labels : array_like of int
        (n,), whole numbers from 0 on.

    Raises
    ------
    ValueError
        If they are not equally many whole numbers from 0 on.

    Examples
    --------
    >>> cluster_accuracy([5, 5, 2, 2], [0, 0, 1, 0]).accuracy
    0.75
    """
    pair = np.asarray(clusters), np.asarray(labels)
    shapes = [a.shape for a in pair]
    if len(shapes[0]) != 1 or shapes[0] != shapes[1] or shapes[0] == (0,):
        raise ValueError(f"cluster_accuracy: clusters and labels must be (n,), not {shapes}")
    if any(a.dtype.kind not in "iu" or a.min() < 0 for a in pair):
        raise ValueError("cluster_accuracy: clusters and labels must be whole numbers from 0 on")
    table = np.zeros((pair[0].max() + 1, pair[1].max() + 1), np.int64)
    np.add.at(table, pair, 1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    n = len(pair[0])
    return ClusterAccuracy(
        accuracy=float(table[rows, columns].sum() / n),
        purity=float(table.max(axis=1).sum() / n),
        normalized_information=_normalized_information(table / n),
        table=table,
        names={int(r): int(c) for r, c in zip(rows, columns, strict=True)},
    )


def kmeans_clusters(codes: np.ndarray, k: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return the cluster of each code (n, d) by k-means of ten starts, (n,)."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    seed = int(rng.integers(2**31))
    with threadpool_limits(1):  # its threads would wait for each other on a busy machine
        return KMeans(k, n_init=10, random_state=seed).fit_predict(codes)


def mixture_clusters(model: Model, x: np.ndarray, y: Any = None) -> np.ndarray:
    """Return the mixture component that is most probable at the code of each datum, (n,).

    argmax_c p(c|z) ∝ π_c N(z; m_c, s_c²) at z = E_q[z|x].

    Raises
    ------
    TypeError
        If the prior is no mixture.
    """
    responsibilities = getattr(model.prior, "responsibilities", None)
    if responsibilities is None:
        raise TypeError(
            f"mixture_clusters: the prior must be a mixture, it is {type(model.prior).__name__}; "
            "for other models cluster the codes, as by kmeans_clusters(model.codes(x), k, rng=rng)"
        )
    with no_grad():
        return responsibilities(model.codes(x, y)).data.argmax(axis=-1)


def _normalized_information(joint: np.ndarray) -> float:
    """Return I / √(H H) of a joint distribution over clusters (rows) and classes (columns)."""
    row, column = joint.sum(axis=1), joint.sum(axis=0)
    h_row, h_column, h_joint = (-xlogy(p, p).sum() for p in (row, column, joint))
    if min(h_row, h_column) == 0:
        return 0.0
    return float((h_row + h_column - h_joint) / np.sqrt(h_row * h_column))
