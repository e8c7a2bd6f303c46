"""Disentanglement: whether each known factor of the data has a latent dimension of its own.

Factors with at most ``bins`` values count as discrete and others as continuous, unless
``discrete`` says of each which it is. All scores lie in [0, 1], and are 1 where every factor stands
in one dimension that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr
from scipy.stats import rankdata

from minivae.evaluation.finite import refuse_nan

_BINS = 20  # as in Locatello et al. 2019


@dataclass(frozen=True)
class FactorGap:
    """A score that is the gap between the best and the second best dimension.

    Attributes
    ----------
    score : float
        Mean of ``per_factor``.
    per_factor : ndarray
        (factors,).
    table : ndarray
        How much dimension i tells of factor j, (latent, factors).
    """

    score: float
    per_factor: np.ndarray
    table: np.ndarray


@dataclass(frozen=True)
class DCI:
    """Disentanglement, completeness and informativeness (Eastwood & Williams 2018).

    Attributes
    ----------
    disentanglement : float
        1 if each dimension serves one factor, 0 if each serves all alike.
    completeness : float
        1 if each factor is served by one dimension, 0 if by all alike.
    informativeness : float
        How well the factors are predicted from codes that were set aside: mean over factors of
        R² (continuous) or accuracy (discrete).
    importance : ndarray
        How much the prediction of factor j uses dimension i, (latent, factors).
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: np.ndarray


def mutual_information_gap(
    codes: np.ndarray,
    factors: Any,
    *,
    bins: int = _BINS,
    discrete: Sequence[bool] | None = None,
) -> FactorGap:
    """Return the mutual information gap (Chen et al. 2018, equation 6).

    MIG = mean over factors v of (I(z_a; v) - I(z_b; v)) / H(v), with z_a and z_b the two
    dimensions that tell most of v. Codes and continuous factors are cut at their quantiles into
    ``bins`` bins; ``table`` holds I(z_i; v_j) in nats. Counted frequencies overstate a mutual
    information by about (bins - 1)(values - 1) / 2n: use some thousand data.

    Parameters
    ----------
    codes : ndarray
        (n, latent), two dimensions or more.
    factors : array_like
        The known factors of each datum, (n, k); none of them constant.
    bins : int
        Bins of a continuous variable, at least 2.
    discrete : sequence of bool, optional
        Whether each factor is discrete; by default one with at most ``bins`` values is.

    Raises
    ------
    ValueError
        If there is one dimension or one bin only, if a factor never changes, or if codes or
        factors are NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> mutual_information_gap(factors * 3.0, factors).score
    1.0
    >>> mutual_information_gap(factors @ [[1.0, 1.0], [1.0, 1.0]], factors).score
    0.0
    """
    codes, factors = _paired("mutual_information_gap", codes, factors, bins)
    bins_of = [_levels(z, bins, _few(z, bins)) for z in codes.T]
    kinds = _kinds(factors, bins, discrete)
    values = [_levels(v, bins, kind) for v, kind in zip(factors.T, kinds, strict=True)]
    table = np.array([[_information(a, v) for v in values] for a in bins_of])
    entropies = np.array([entr(np.bincount(v) / len(v)).sum() for v in values])
    return _gap(table, entropies)


def separated_attributes(
    codes: np.ndarray,
    factors: Any,
    *,
    bins: int = _BINS,
    discrete: Sequence[bool] | None = None,
) -> FactorGap:
    """Return the separated attribute predictability, SAP (Kumar, Sattigeri & Balakrishnan 2018).

    The mean over factors of the gap between the two dimensions that predict it best by
    themselves, linearly: by the squared correlation for a continuous factor; for a discrete one
    by the nearest class mean, as the balanced accuracy above chance, (a - 1/K) / (1 - 1/K).
    Parameters as for :func:`mutual_information_gap`.

    Examples
    --------
    >>> import numpy as np
    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> separated_attributes(factors * 3.0, factors).score
    1.0
    """
    codes, factors = _paired("separated_attributes", codes, factors, bins)
    table = np.empty((codes.shape[1], factors.shape[1]))
    for j, kind in enumerate(_kinds(factors, bins, discrete)):
        v = factors[:, j]
        predict = _above_chance if kind else _squared_correlation
        table[:, j] = [predict(z, v) for z in codes.T]
    return _gap(table, np.ones(factors.shape[1]))


def dci(
    codes: np.ndarray,
    factors: Any,
    *,
    rng: np.random.Generator,
    bins: int = _BINS,
    discrete: Sequence[bool] | None = None,
) -> DCI:
    """Return disentanglement, completeness and informativeness by random forests.

    A forest for each factor says how much it uses each dimension: R, (latent, factors). With
    P_ij = R_ij / Σ_j R_ij, dimension i has the disentanglement 1 - H(P_i) / log(factors), and
    weighs in the mean as Σ_j R_ij; with columns in place of rows this is the completeness of a
    factor. Nine data of ten grow the forest, the tenth measures it.

    Parameters
    ----------
    codes, factors, bins, discrete
        As for :func:`mutual_information_gap`, with two factors or more.
    rng : numpy.random.Generator
        Sets data aside and grows the forests.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    codes, factors = _paired("dci", codes, factors, bins)
    if factors.shape[1] < 2:
        raise ValueError("dci: needs two factors or more, that one can be told from another")
    order = rng.permutation(len(codes))
    test, train = np.split(order, [max(1, len(codes) // 10)])
    importance, scores = np.empty((codes.shape[1], factors.shape[1])), []
    for j, kind in enumerate(_kinds(factors, bins, discrete)):
        v = factors[:, j]
        target = np.unique(v, return_inverse=True)[1] if kind else v
        grow = RandomForestClassifier if kind else RandomForestRegressor
        forest = grow(50, max_features=None, random_state=int(rng.integers(2**31)))
        forest.fit(codes[train], target[train])
        importance[:, j] = forest.feature_importances_
        scores.append(forest.score(codes[test], target[test]))
    return DCI(
        disentanglement=_concentration(importance),
        completeness=_concentration(importance.T),
        informativeness=float(np.mean(scores)),
        importance=importance,
    )


def _paired(name: str, codes: Any, factors: Any, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and factors as (n, latent) and (n, k), after a look at them."""
    codes, factors = np.asarray(codes, np.float64), np.asarray(factors)
    factors = factors[:, None] if factors.ndim == 1 else factors
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or codes.shape[1] < 2:
        raise ValueError(
            f"{name}: codes must be (n, latent) with two dimensions or more and factors (n, k), "
            f"they are {codes.shape} and {factors.shape}"
        )
    if bins < 2:
        raise ValueError(f"{name}: bins must be at least 2, to tell anything apart, not {bins}")
    refuse_nan(name, codes=codes)
    if factors.dtype.kind == "f":  # a discrete factor may have any names
        refuse_nan(name, factors=factors)
    constant = [j for j, v in enumerate(factors.T) if (v == v[0]).all()]
    if constant:
        raise ValueError(f"{name}: factors {constant} never change; leave them out")
    return codes, factors


def _few(v: np.ndarray, bins: int) -> bool:
    return len(np.unique(v)) <= bins


def _kinds(factors: np.ndarray, bins: int, discrete: Sequence[bool] | None) -> list[bool]:
    """Return whether each factor is discrete."""
    if discrete is None:
        return [_few(v, bins) for v in factors.T]
    if len(discrete) != factors.shape[1]:
        raise ValueError(
            f"discrete: one answer for each of {factors.shape[1]} factors is needed, there are "
            f"{len(discrete)}"
        )
    return list(discrete)


def _levels(v: np.ndarray, bins: int, discrete: bool) -> np.ndarray:
    """Return the value's number of a discrete variable, the quantile's of a continuous one."""
    if discrete:
        return np.unique(v, return_inverse=True)[1]
    return ((rankdata(v) - 0.5) * bins / len(v)).astype(np.int64)


def _information(a: np.ndarray, v: np.ndarray) -> float:
    """Return I(a; v) = H(a) + H(v) - H(a, v) of counted frequencies, in nats."""
    joint = np.zeros((a.max() + 1, v.max() + 1))
    np.add.at(joint, (a, v), 1 / len(a))
    parts = entr(joint.sum(axis=1)).sum(), entr(joint.sum(axis=0)).sum(), entr(joint).sum()
    return max(0.0, parts[0] + parts[1] - parts[2])


def _gap(table: np.ndarray, scale: np.ndarray) -> FactorGap:
    second, first = np.sort(table, axis=0)[-2:]
    per_factor = (first - second) / scale
    return FactorGap(float(per_factor.mean()), per_factor, table)


def _squared_correlation(z: np.ndarray, v: np.ndarray) -> float:
    a, b = z - z.mean(), v - v.mean()
    variance = (a @ a) * (b @ b)
    return float((a @ b) ** 2 / variance) if variance > 0 else 0.0


def _above_chance(z: np.ndarray, v: np.ndarray) -> float:
    """Return the balanced accuracy of the nearest class mean, rescaled so that chance is 0."""
    classes = np.unique(v)
    means = np.array([z[v == c].mean() for c in classes])
    named = classes[np.abs(z[:, None] - means).argmin(axis=1)]
    balanced = np.mean([(named[v == c] == c).mean() for c in classes])
    return float(max(0.0, (balanced - 1 / len(classes)) / (1 - 1 / len(classes))))


def _concentration(weights: np.ndarray) -> float:
    """Return the mean over rows of 1 - H(row) / log(columns), rows weighed by their sums."""
    rows = weights.sum(axis=1)
    shares = weights[rows > 0] / rows[rows > 0, None]
    sharp = 1 - entr(shares).sum(axis=1) / np.log(weights.shape[1])
    return float(sharp @ rows[rows > 0] / rows.sum())
