"""The clusters of a mixture prior, as images."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from minivae.engine import no_grad
from minivae.models import VAE, MixturePrior
from minivae.viz.images import decoder_means
from minivae.viz.style import new_figure, styled
from minivae.viz.tiles import as_tiles, draw_tiles, tallness

_ROWS = 20


@styled
def clusters(
    model: VAE,
    x: np.ndarray,
    image_shape: tuple[int, int],
    *,
    rng: np.random.Generator,
    n: int = 10,
) -> Figure:
    """Draw a row of decoder means for each component of a mixture prior: one cluster a row.

    On the left stands the component's mean, set apart, then draws z ~ N(μ_c, σ_c²). Components are
    sorted by their share of the data, which is the mean of p(c|z) over the data's codes; of more
    than 20 the 20 are drawn that hold most.

    Parameters
    ----------
    model : VAE
        With a mixture prior.
    x : ndarray, shape (m, d)
        Data, of which each component has its share.
    image_shape : tuple of int
        Height and width; their product is d.
    rng : numpy.random.Generator
        Draws z.
    n : int
        Draws from each component.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    TypeError
        If the prior is no mixture.
    ValueError
        If there are no draws.
    """
    prior = model.prior
    if not isinstance(prior, MixturePrior):
        raise TypeError(
            f"clusters: the prior is a {type(prior).__name__}, which has no components; build the "
            "model with prior='mixture', or look at samples"
        )
    if n < 1:
        raise ValueError(f"clusters: n must be at least 1, it is {n}")
    with no_grad():
        share = prior.responsibilities(model.codes(x)).data.mean(axis=0)
    shown = np.argsort(-share, kind="stable")[:_ROWS]
    parts = prior.distribution.components
    mean, std = parts.mean.data[shown, None], parts.std.data[shown, None]
    eps = rng.standard_normal((len(shown), n, model.latent), dtype=mean.dtype.type)
    z = np.concatenate([mean, mean + std * eps], axis=1)
    means = decoder_means(model, z.reshape(-1, model.latent)).reshape(len(shown), n + 1, -1)
    blank = np.full_like(means[:, :1], np.nan)
    row = np.concatenate([means[:, :1], blank, means[:, 1:]], axis=1)
    tiles = as_tiles(row, image_shape)
    size = 0.8 if len(shown) <= 10 else 0.55
    figure, axes = new_figure(max(6.5, 1.9 + size * (n + 2)), 1 + size * tallness(tiles) * len(z))
    right, down = draw_tiles(axes, tiles, gap=0.08)
    axes.set_yticks(down, [f"component {c + 1}: {100 * share[c]:.0f} %" for c in shown], size=11)
    axes.set_xticks([right[0], right[2:].mean()], ["$\\mu_c$", "draws from component $c$"], size=12)
    count = len(share)
    which = f"All {count}" if len(shown) == count else f"The {_ROWS} largest of {count}"
    axes.set_title(f"{which} clusters, with their shares of the data")
    return figure
