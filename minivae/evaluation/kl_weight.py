"""How much the KL divergence weighs: β from a model's weights, and from its loss.

Losses that mean one term over pixels and sum the other are the commonest mistake with VAEs; here
they show as a β that is not the one declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from minivae.distributions import Normal
from minivae.engine import Tensor, grad, no_grad
from minivae.evaluation.finding import Finding
from minivae.evaluation.twin import twin_of
from minivae.evaluation.units import active_units
from minivae.models import VAE, VariationalBound

_FACTOR = sqrt(2)  # half way, in ratios, to the smallest slip there is: a forgotten ½
_CHANCE = 5  # standard errors
_DRAWS = 9
_BLOCKS = 20  # of rows, each left out once


@dataclass(frozen=True)
class Weight:
    """An estimate of β with its standard error."""

    beta: float
    error: float

    def off(self, declared: float) -> bool:
        """Whether this is a factor of √2 away from a β, by more than five standard errors."""
        low, high = declared / _FACTOR, declared * _FACTOR
        return not low <= self.beta + _CHANCE * self.error or not (
            self.beta - _CHANCE * self.error <= high
        )

    def near(self, declared: float) -> bool:
        """Whether this is within that factor of a β, and known to a tenth of it."""
        within = declared / _FACTOR <= self.beta <= declared * _FACTOR
        return within and self.error < 0.1 * declared


@dataclass(frozen=True)
class Balance:
    """The β at which the two terms of the bound balance, seen from two sides.

    Attributes
    ----------
    widths, means : Weight
        When all posteriors are widened, and when their means are drawn apart.
    """

    widths: Weight
    means: Weight


def declared_beta(model: VAE) -> float | None:
    """Return the β of a (beta-)ELBO; None of other objectives, whose optimum lies elsewhere."""
    objective = model.objective
    if isinstance(objective, VariationalBound) and not objective.free_bits:
        return float(objective.beta)
    return None


def balance(
    model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator, power: float = 1.0
) -> Balance | None:
    """Estimate the β with which a model was trained, from its weights alone.

    Stretch dimension j of all posteriors by a factor e^s: either their widths,
    z = μ + e^s (z - μ), or the distances of their means, z = z + (e^s - 1) (μ - E_x μ). An encoder
    whose last layer is affine can do both, so that at a minimum of β KL - E_q[log p(x|z)]
    r_j = β k_j, with r_j = d/ds E_q[log p(x|z)] and k_j = d/ds KL. For a standard normal prior
    k_j is the mean of σ_j² - 1, or of (μ_j - E μ_j) μ_j. Least squares over the dimensions give
    β = Σ r_j k_j / Σ k_j². Widths come to the balance early in training and means late; a model
    that has come to it has the same β from both. All this holds of the training data. The standard
    error is the jackknife's over blocks of rows, so that it covers which rows are looked at as well
    as which z were drawn for them.

    Parameters
    ----------
    power : float
        Read σ^power for the σ of the posterior, which must then have independent entries.

    Returns
    -------
    Balance or None
        None where nothing is encoded, for then r and k both vanish.
    """
    if active_units(model, x, y).count == 0:
        return None
    with no_grad():
        q = model.encode(x, y)
        if power != 1.0:
            q = Normal(q.mean.data, (power * q.logvar).data)
        mu = q.mean.data.astype(np.float64)
        sides: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
    apart = mu - mu.mean(axis=0)
    for _ in range(_DRAWS):
        with no_grad():
            z = q.sample(rng)
        off = np.stack([z - mu, mu - z])  # each draw and its mirror image: less noise
        z = (mu + off).astype(model.dtype)
        r = _slopes(lambda a: model.decode(a, y).log_prob(x), z)
        k = -_slopes(model.prior.log_prob, z)
        # KL = -entropy - E log p(z); the entropy grows by s as the widths do.
        sides[0].append(((r * off).mean(axis=0), (k * off).mean(axis=0) - 1.0))
        sides[1].append(((r * apart).mean(axis=0), (k * apart).mean(axis=0)))
    weights = [_least_squares(np.array(pairs)) for pairs in sides]
    return None if None in weights else Balance(*weights)  # type: ignore[arg-type]


def loss_beta(model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator) -> Weight | None:
    """Estimate the β of ``model.loss`` from its values.

    If loss = -a · reconstruction + b · kl, the values of the three at a few random weights of the
    same architecture give a and b by least squares, and β = b / a. None if the loss is no such
    sum (its values then leave more than a thousandth unexplained).
    """
    rows, losses = [], []
    condition = None if y is None else y[:50]
    for _ in range(12):
        twin, seed = twin_of(model, rng), int(rng.integers(2**31))
        with no_grad(), np.errstate(all="ignore"):
            losses.append(twin.loss(x[:50], condition, rng=np.random.default_rng(seed)).item())
            elbo = twin.elbo(x[:50], condition, rng=np.random.default_rng(seed))
        rows.append([-elbo.reconstruction.item(), elbo.kl.item(), 1.0])
    terms, loss = np.array(rows), np.array(losses)
    if not (np.isfinite(terms).all() and np.isfinite(loss).all()):
        return None
    solution = np.linalg.lstsq(terms, loss, rcond=None)[0]
    rest = np.abs(loss - terms @ solution).max()
    rounding = 100 * np.finfo(model.dtype).eps * np.abs(loss).max()
    unsure = rounding / np.ptp(terms, axis=0)[:2]  # of a and b
    a, b = solution[:2]
    if rest > max(1e-3 * np.ptp(loss), rounding) or not a > 10 * unsure[0]:
        return None
    return Weight(float(b / a), float(unsure[1] / a))


def wrong_weight(model: VAE, by_weights: Balance | None, by_loss: Weight | None) -> Finding | None:
    """Find a KL divergence that weighs other than the objective says.

    It speaks from a factor of √2 on (and five standard errors): half way to 2, the slip of a
    forgotten ½; means taken over pixels are off by their number. Of the weights it speaks only if
    widths and means agree, to a half of the larger: else they have not come to a balance yet.
    """
    declared = declared_beta(model)
    if declared is None:
        return None
    if by_loss is not None and by_loss.off(declared):
        beta, how = by_loss.beta, "by the values of model.loss"
    elif by_weights is not None and _settled_elsewhere(by_weights, declared):
        beta, how = by_weights.widths.beta, "by the weights, at which gradients balance"
    else:
        return None
    less = beta < declared
    ratio = declared / max(beta, 1e-9) if less else beta / max(declared, 1e-9)
    entries = f"; the data have {model.data_dim} entries" if ratio > 10 else ""
    return Finding(
        "KL weighs too little" if less else "KL weighs too much",
        f"β is {round(beta, 6) + 0.0:.3g} {how}, not {declared:.3g}{entries}",
        "codes tell their data by leaving the prior: samples from the prior fall into holes"
        if less
        else "codes are pressed to the prior harder than the bound asks: blur, or collapse",
        "sum both terms over the entries of a datum, average both over the batch, and divide the "
        f"{'KL divergence' if less else 'reconstruction'} by no number of its own",
    )


def misread_deviation(
    model: VAE, by_weights: Balance | None, x: np.ndarray, y: Any, rng: np.random.Generator
) -> Finding | None:
    """Find a posterior whose output means log σ where log σ² is read, or the reverse.

    The widths then balance at another β than the declared one; and with σ² or √σ in place of σ
    both widths and means balance at the declared one. A wrong β does not look so, for it shows in
    the means too. The bounds are those of :func:`wrong_weight`.
    """
    declared = declared_beta(model)
    q = model.encode(x[:1], None if y is None else y[:1])
    if declared is None or by_weights is None or not isinstance(q, Normal):
        return None
    if not by_weights.widths.off(declared) or _settled_elsewhere(by_weights, declared):
        return None
    for power, power_name in ((2.0, "σ²"), (0.5, "√σ")):
        other = balance(model, x, y, rng, power)
        if other is not None and other.widths.near(declared) and other.means.near(declared):
            return Finding(
                "log-variance read as a deviation",
                f"widths balance at β = {by_weights.widths.beta:.3g}, and at "
                f"{other.widths.beta:.3g} if they were {power_name} in place of σ",
                "the encoder was trained with another reading of its output than the one used",
                "decide what the encoder gives, log σ or log σ² = 2 log σ, and name it so: logstd "
                "or logvar",
            )
    return None


def _slopes(f: Callable[[Tensor], Tensor], z: np.ndarray) -> np.ndarray:
    """Return the gradient of Σ f in the codes, in double precision."""
    return grad(lambda a: f(a).sum())(z).data.astype(np.float64)


def _least_squares(pairs: np.ndarray) -> Weight | None:
    """Return β of r = β k from both of each draw and row, (draws, 2, n, latent)."""
    n = pairs.shape[2]
    blocks = np.array_split(np.arange(n), min(_BLOCKS, n))
    sums = np.stack([pairs[:, :, rows].sum(axis=2) for rows in blocks])
    sizes = np.array([len(rows) for rows in blocks])[:, None, None, None]
    top, bottom = _products(sums.sum(axis=0) / n)
    if not bottom > 0:
        return None
    beta = top / bottom
    tops, bottoms = _products((sums.sum(axis=0) - sums) / (n - sizes))  # without each block
    apart = tops - beta * bottoms
    error = sqrt((len(blocks) - 1) * np.var(apart)) / bottom
    return Weight(float(beta), float(error))


def _products(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return r · k and k · k of means (..., draws, 2, latent).

    Each product is of different draws, so that no noise of a draw is squared.
    """
    r, k = means[..., 0, :], means[..., 1, :]
    other = np.roll(k, 1, axis=-2)
    return (r * other).sum(axis=-1).mean(axis=-1), (k * other).sum(axis=-1).mean(axis=-1)


def _settled_elsewhere(found: Balance, declared: float) -> bool:
    """Tell whether widths and means balance at one β, and it is not the declared one."""
    widths, means = found.widths, found.means
    if not (widths.off(declared) and means.off(declared)):
        return False
    if min(widths.beta, means.beta) < -0.1 * declared:
        return False
    larger = max(widths.beta, means.beta, declared)
    same_side = (widths.beta < declared) == (means.beta < declared)
    return same_side and abs(widths.beta - means.beta) <= 0.5 * larger
