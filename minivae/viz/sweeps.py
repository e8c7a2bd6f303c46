"""Sweeps through latent space, in steps of equal probability.

Codes are taken at the quantiles of p = (i + ½) / n, i = 0, ..., n - 1, so that each picture stands
for the same share of the prior: z = μ + σ Φ⁻¹(p). A model without a prior has codes of data
instead, and their quantiles in each dimension.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

from minivae.distributions import Normal
from minivae.models import Model
from minivae.viz.images import decoder_means
from minivae.viz.style import new_figure, numeral, styled
from minivae.viz.tiles import as_tiles, draw_tiles, tallness

_TICKS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
_ROWS = 20


@styled
def manifold(
    model: Model,
    image_shape: tuple[int, int],
    n: int = 20,
    codes: np.ndarray | None = None,
    y: np.ndarray | None = None,
) -> Figure:
    """Draw the plane of a two-dimensional latent space: the decoder's mean at quantiles of z.

    z_1 grows to the right and z_2 upwards, each in steps of equal probability.

    Parameters
    ----------
    model : Model
        With two latent dimensions.
    image_shape : tuple of int
        Height and width of an image.
    n : int
        Tiles in each direction, at the quantiles of (i + ½) / n.
    codes : ndarray, shape (m, 2), optional
        Codes of data, as from ``model.codes(x)``: take their quantiles instead of the prior's.
        An autoencoder, which has no prior, needs them.
    y : ndarray, shape (c,), optional
        The condition of a conditional model, the same for all images.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the latent space is not a plane, or there are neither codes nor a normal prior.

    References
    ----------
    Kingma and Welling (2014), figure 4.
    """
    if model.latent != 2:
        raise ValueError(
            f"manifold: a plane of images needs 2 latent dimensions, this model has "
            f"{model.latent}; look at traversals instead"
        )
    z1, z2 = quantiles(model, _middles(n), codes)
    z = np.stack(np.meshgrid(z1, z2[::-1]), axis=-1)  # z[i, j] = (z1[j], z2[n - 1 - i])
    tiles = as_tiles(_means(model, z, y), image_shape)
    tiles = np.pad(tiles, [(0, 0), (0, 0), (1, 1), (1, 1)])  # black between the images

    figure, axes = new_figure(8, 1 + 7.1 * tallness(tiles))
    draw_tiles(axes, tiles)
    right, down = n * tiles.shape[3], n * tiles.shape[2]
    at1, at2 = quantiles(model, _TICKS, codes)
    axes.set_xticks(_TICKS * right - 0.5, [numeral(value, 2) for value in at1])
    axes.set_yticks((1 - _TICKS) * down - 0.5, [numeral(value, 2) for value in at2])
    axes.tick_params(length=4)
    whose = "prior" if codes is None else "codes"
    where = f"at the 5, 25, 50, 75, 95 % quantiles of the {whose}"
    axes.set(xlabel=f"$z_1$ {where}", ylabel=f"$z_2$ {where}")
    axes.set_title(f"Decoder mean over the latent plane, in equal shares of the {whose}")
    return figure


@styled
def traversals(
    model: Model,
    image_shape: tuple[int, int],
    *,
    codes: np.ndarray | None = None,
    n: int = 11,
    names: Sequence[str] | None = None,
    y: np.ndarray | None = None,
) -> Figure:
    """Draw what each latent dimension does: a row of decoder means as it sweeps its quantiles.

    The other dimensions rest at their medians, which for a standard normal prior are 0. Of more
    than 20 dimensions the 20 are drawn that change the image most.

    Parameters
    ----------
    model : Model
        The model.
    image_shape : tuple of int
        Height and width of an image.
    codes : ndarray, shape (m, latent), optional
        Codes of data, as from ``model.codes(x)``: take their quantiles instead of the prior's.
        An autoencoder, which has no prior, needs them.
    n : int
        Images in a row, at the quantiles of (i + ½) / n.
    names : sequence of str, optional
        What each latent dimension was found to stand for, such as the factor of the data that it
        follows best; written beside its symbol. Empty for those that stand for nothing.
    y : ndarray, shape (c,), optional
        The condition of a conditional model, the same for all images.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there are neither codes nor a normal prior, or not as many names as dimensions.
    """
    if names is not None and len(names) != model.latent:
        raise ValueError(
            f"traversals: pass one name for each of the {model.latent} latent dimensions, they "
            f"are {len(names)}"
        )
    p = _middles(n)
    sweep = quantiles(model, p, codes)
    z = np.tile(quantiles(model, np.array([0.5]), codes)[:, 0], (model.latent, n, 1))
    each = np.arange(model.latent)
    z[each, :, each] = sweep
    means = _means(model, z, y)
    strongest = np.argsort(-means.var(axis=1).sum(axis=-1), kind="stable")[:_ROWS]
    shown = np.sort(strongest)

    tiles = as_tiles(means[shown], image_shape)
    size = 0.8 if len(shown) <= 10 else 0.55
    written = 0.11 * max(map(len, names or [""]))  # inches
    figure, axes = new_figure(
        max(6.5, 0.6 + written + size * n), 1.15 + size * tallness(tiles) * len(shown)
    )
    right, down = draw_tiles(axes, tiles, gap=0.08)
    told = ["" if names is None or not names[j] else f"  {names[j]}" for j in shown]
    symbols = [f"$z_{{{j + 1}}}${name}" for j, name in zip(shown, told, strict=True)]
    axes.set_yticks(down, symbols, size=13)
    if codes is None:
        axes.set_xticks(right, [numeral(value, 2) for value in ndtri(p)])
        axes.set_xlabel("value of the dimension, in prior standard deviations from the mean")
    else:
        axes.set_xticks(right, [f"{100 * share:.0f}" for share in p])
        axes.set_xlabel("quantile of the codes (%)")
    which = "each" if len(shown) == model.latent else f"the {_ROWS} strongest of {model.latent}"
    axes.set_title(f"Decoder mean along {which} latent dimension{'s' * (which != 'each')}")
    return figure


def quantiles(model: Model, p: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """Return the quantiles of p of each latent dimension, (latent, len(p)).

    Raises
    ------
    ValueError
        If there are no codes and the prior is not normal, or the codes are not (m, latent).
    """
    if codes is not None:
        codes = np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != model.latent or len(codes) == 0:
            raise ValueError(f"codes must have shape (m, {model.latent}), they have {codes.shape}")
        return np.quantile(codes, p, axis=0).T
    prior = model.prior
    if not isinstance(prior, Normal):
        raise ValueError(
            f"this {type(model).__name__} has no normal prior whose quantiles could be swept; pass "
            "codes=model.codes(x) to sweep those of the codes of data"
        )
    return prior.mean.data[:, None] + prior.std.data[:, None] * ndtri(p)


def _middles(n: int) -> np.ndarray:
    """Return the middles of n equal shares of probability, (i + ½) / n."""
    if n < 1:
        raise ValueError(f"n must be at least 1, it is {n}")
    return (np.arange(n) + 0.5) / n


def _means(model: Model, z: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    """Return E[x|z] for codes (rows, columns, latent), all under one condition."""
    flat = z.reshape(-1, model.latent)
    conditions = None if y is None else np.tile(y, (len(flat), 1))
    return decoder_means(model, flat, conditions).reshape(*z.shape[:2], -1)
