"""Evidence and posterior by numerical integration over z, for one or two latent dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import logsumexp

from minivae.engine import no_grad
from minivae.models import VAE

_ROWS = 4096  # codes that are decoded at once: bounds the memory
_BLOCK = 16  # data at once
_SEARCH = {1: 1025, 2: 129}  # nodes of an axis, while the posterior is looked for
_FINAL = {1: 1025, 2: 161}
_MARGIN = 40.0  # nats below the maximum at which the integrand ends: a share of e⁻⁴⁰
_ROUNDS = 60


@dataclass(frozen=True)
class Quadrature:
    """The evidence of each datum, and the first two moments of its true posterior.

    Attributes
    ----------
    log_prob : ndarray
        log p(x) = log ∫ p(x|z) p(z) dz in nats, (n,).
    error : ndarray
        The difference to the integral over every second node of each axis, in nats, (n,). The
        error of ``log_prob`` itself is far less for a smooth decoder, and of this order for one
        with kinks (relu).
    mean : ndarray
        E[z|x], (n, latent).
    covariance : ndarray
        Cov[z|x], (n, latent, latent).
    """

    log_prob: np.ndarray
    error: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def quadrature(model: VAE, x: Any, y: Any = None, *, nodes: int | None = None) -> Quadrature:
    """Integrate p(x, z) over z on a grid that is fitted to the posterior of each datum.

    The grid is an oriented box. It begins with ten standard deviations of the prior, and in each
    round shrinks to the nodes at which the integrand is within e⁻⁴⁰ of its maximum, or might be
    between two nodes; several modes stay inside together. On the last box the trapezoid rule,
    whose error falls exponentially with the number of nodes for smooth integrands that vanish at
    the border (Trefethen & Weideman 2014).

    Parameters
    ----------
    model : VAE
        A model of one or two latent dimensions.
    x : array_like
        Data, (n, data_dim).
    y : array_like, optional
        The condition of each datum.
    nodes : int, optional
        Nodes of an axis, odd; by default 1,025 for one dimension and 161 for two.

    Raises
    ------
    ValueError
        If z has more than two dimensions, or ``nodes`` is even or less than 5.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(3, hidden=(4,), latent=2, dtype="float64", rng=rng)
    >>> every = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, 8).T  # all binary data
    >>> float(np.exp(mv.evaluation.quadrature(model, every).log_prob).sum().round(10))
    1.0
    """
    if model.latent not in _FINAL:
        raise ValueError(
            "quadrature: a grid serves one or two latent dimensions, the model has "
            f"{model.latent}; estimate by importance_estimate or annealed_estimate"
        )
    nodes = _FINAL[model.latent] if nodes is None else nodes
    if nodes < 5 or nodes % 2 == 0:
        raise ValueError(f"quadrature: nodes must be odd and at least 5, it is {nodes}")
    x = model.as_data(x)
    model.likelihood.check(x)
    parts = []
    with no_grad():
        for i in range(0, len(x), _BLOCK):
            rows = slice(i, i + _BLOCK)
            parts.append(_integrate(model, x[rows], None if y is None else y[rows], nodes))
    latent = model.latent
    empty = (np.empty(0), np.empty(0), np.empty((0, latent)), np.empty((0, latent, latent)))
    return Quadrature(*map(np.concatenate, zip(empty, *parts, strict=True)))


@dataclass(frozen=True)
class _Box:
    """An oriented box for each datum: centres and half sides (n, l), unit axes as columns."""

    centre: np.ndarray
    axes: np.ndarray
    half: np.ndarray

    def points(self, nodes: int) -> np.ndarray:
        """Return the grid of ``nodes`` to an axis, (nodes ** l, n, l)."""
        steps = np.linspace(-1.0, 1.0, nodes)
        unit = np.array(list(product(steps, repeat=self.half.shape[1])))
        return self.centre + np.einsum("kj,nj,nij->kni", unit, self.half, self.axes)


def _integrate(model: VAE, x: Any, y: Any, nodes: int) -> tuple[np.ndarray, ...]:
    """Return log p(x), its error, mean and covariance of the posterior for one block of data."""
    n, latent = len(x), model.latent
    box = _fitted_box(model, x, y)
    z = box.points(nodes)
    log_f = _log_joint(model, x, z, y)
    cell = np.sum(np.log(2 * box.half / (nodes - 1)), axis=-1)
    log_p = logsumexp(log_f, axis=0) + cell
    every_other = (slice(None, None, 2),) * latent
    coarse = log_f.reshape(*(nodes,) * latent, n)[every_other].reshape(-1, n)
    error = np.abs(logsumexp(coarse, axis=0) + cell + latent * np.log(2) - log_p)
    weight = np.exp(log_f + cell - log_p)
    mean = np.einsum("kn,kni->ni", weight, z)
    away = z - mean
    return log_p, error, mean, np.einsum("kn,kni,knj->nij", weight, away, away)


def _log_joint(model: VAE, x: Any, z: np.ndarray, y: Any) -> np.ndarray:
    """Return log p(x, z) of data (n, d) and codes (k, n, latent), (k, n), in bounded memory."""
    rows = max(1, _ROWS // len(x))
    blocks = (z[i : i + rows] for i in range(0, len(z), rows))
    return np.concatenate([model.log_joint(x, b, y).data.astype(np.float64) for b in blocks])


def _fitted_box(model: VAE, x: Any, y: Any) -> _Box:
    """Return for each datum the box outside which the integrand is negligible.

    It grows until no node on its border counts; then it shrinks, until it shrinks no more and the
    integrand changes by less than a nat from its highest node to the next ones. What may lie
    between nodes is allowed for with ``caution``, which is lowered where nothing would shrink.
    """
    n, latent = len(x), model.latent
    nodes, grid = _SEARCH[latent], tuple(range(latent))
    box = _prior_box(model, n)
    log_f = _log_joint(model, x, box.points(nodes), y).reshape(*(nodes,) * latent, n)
    for _ in range(_ROUNDS):
        wider = _at_border(_above(log_f)).any(axis=0)  # the posterior is far from the prior
        if not wider.any():
            break
        box = _Box(box.centre, box.axes, box.half * np.where(wider, 2.0, 1.0)[:, None])
        log_f = _log_joint(model, x, box.points(nodes), y).reshape(log_f.shape)
    caution = np.full(n, 2.0)
    for _ in range(_ROUNDS):
        kept = _above(log_f, caution * _rise(log_f))
        sides = zip(*(_around(kept[..., i], box, i) for i in range(n)), strict=True)
        before, box = box, _Box(*map(np.array, sides))
        log_f = _log_joint(model, x, box.points(nodes), y).reshape(log_f.shape)
        settled = box.half.prod(axis=1) > 0.8 * before.half.prod(axis=1)
        at_peak = np.where(log_f == log_f.max(axis=grid), _rise(log_f), 0.0).max(axis=grid)
        resolved = at_peak < 1.0
        if np.all(settled & resolved & ~_at_border(_above(log_f)).any(axis=0)):
            return box
        caution = np.where(settled & ~resolved, caution / 2, caution)
    raise ArithmeticError(
        f"quadrature: after {_ROUNDS} rounds no box fits the posterior of some datum; its peaks "
        "are too narrow beside their distance, as where sigma is tiny. Use annealed_estimate"
    )


def _prior_box(model: VAE, n: int) -> _Box:
    """Return ten standard deviations of the prior to each side, of each of a mixture's bumps."""
    mu, std = (np.atleast_2d(a) for a in (model.prior.mu.data, np.exp(model.prior.logvar.data / 2)))
    low, high = (mu - 10.0 * std).min(axis=0), (mu + 10.0 * std).max(axis=0)
    shape = n, model.latent
    axes = np.tile(np.eye(model.latent), (n, 1, 1))
    return _Box(
        np.broadcast_to((low + high) / 2, shape), axes, np.broadcast_to((high - low) / 2, shape)
    )


def _above(log_f: np.ndarray, allowance: Any = 0.0) -> np.ndarray:
    """Mark nodes at which the integrand, or e^allowance times it, is within e⁻⁴⁰ of its maximum."""
    highest = log_f.max(axis=tuple(range(log_f.ndim - 1)))
    return np.asarray(log_f + allowance >= highest - _MARGIN)


def _rise(log_f: np.ndarray) -> np.ndarray:
    """Return the changes to the neighbours of each node.

    A posterior that is narrow beside the grid falls between the nodes: near them it may be higher.
    """
    rise = np.zeros_like(log_f)
    for axis in range(log_f.ndim - 1):
        step = np.abs(np.diff(log_f, axis=axis))
        before, after = [(0, 0)] * log_f.ndim, [(0, 0)] * log_f.ndim
        before[axis], after[axis] = (1, 0), (0, 1)
        rise += np.maximum(np.pad(step, before), np.pad(step, after))
    return rise


def _at_border(kept: np.ndarray) -> np.ndarray:
    """Tell for each axis and datum whether a marked node lies on the border: (latent, n)."""
    others = [tuple(j for j in range(kept.ndim - 1) if j != i) for i in range(kept.ndim - 1)]
    lines = [np.asarray(kept.any(axis=axes)) for axes in others]
    return np.array([line[0] | line[-1] for line in lines])


def _around(kept: np.ndarray, box: _Box, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return centre, axes and half sides of the box around the marked nodes of datum ``i``.

    Its axes are the principal axes of the nodes, and it is one cell wider on each side; wider by
    the old box along an axis at whose end there is a node.
    """
    nodes, latent = kept.shape[0], kept.ndim
    index = np.argwhere(kept)
    z = (2.0 * index / (nodes - 1) - 1.0) * box.half[i] @ box.axes[i].T
    cell = 2.0 * box.half[i] / (nodes - 1)
    away = z - z.mean(axis=0)
    spread = away.T @ away / len(z) + box.axes[i] * cell**2 @ box.axes[i].T
    axes = np.linalg.eigh(spread)[1] if latent > 1 else np.eye(1)
    along = z @ axes
    beyond = np.where(_at_border(kept[..., None])[:, 0], box.half[i], cell)
    reach = np.abs(axes.T @ box.axes[i]) @ beyond
    low, high = along.min(axis=0) - reach, along.max(axis=0) + reach
    return box.centre[i] + axes @ ((low + high) / 2), axes, (high - low) / 2
