"""Where the data lie in latent space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from minivae.distributions import MultivariateNormal, Normal
from minivae.engine import no_grad
from minivae.models import VAE, MixturePrior, Model
from minivae.viz.ellipses import ellipse
from minivae.viz.style import BLUE, CLASSES, INK, PENCIL, new_figure, new_panels, styled


@styled
def latent_scatter(
    model: Model,
    x: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    ellipses: int = 0,
    y: np.ndarray | None = None,
) -> Figure:
    """Draw the code of each datum, coloured by its class, whose name stands at its median.

    Names that would cover each other are moved apart. Of more than two latent dimensions the two
    are drawn that tell most: for a VAE those with the largest KL divergence from the prior, for an
    autoencoder those with the largest variance. Where the prior is normal its circles of 1, 2 and
    3 standard deviations are drawn; where it is a mixture, the ellipse of 1 standard deviation
    of each of its components.

    Parameters
    ----------
    model : Model
        Its ``codes(x)`` are the points.
    x : ndarray, shape (n, d)
        Data.
    labels : ndarray of int, shape (n,), optional
        The class of each datum; at most ten classes. Without them all points are blue.
    ellipses : int
        Of how many data, the first ones, the posterior q(z|x) is drawn too: the ellipse of one
        standard deviation. The model must be a VAE.
    y : ndarray, shape (n, c), optional
        The conditions of a conditional model.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the numbers of data and labels differ, there are none, there are more than ten classes,
        or the latent space is a line.
    TypeError
        If ellipses are asked of a model without posteriors.
    """
    classes, index = _classes("latent_scatter", labels, len(x))
    if model.latent < 2:
        raise ValueError("latent_scatter: a plane of codes needs at least 2 latent dimensions")
    if ellipses and not isinstance(model, VAE):
        raise TypeError(
            f"latent_scatter: the codes of this {type(model).__name__} are points, which have no "
            "ellipses; pass ellipses=0, or a VAE"
        )
    given = () if y is None else (y,)
    codes = model.codes(x, *given)
    dims, names = _most_telling(model, codes, x, *given)
    points = codes[:, dims]

    figure, axes = new_figure(7.6, 6.4)
    colors = np.array(CLASSES if labels is not None else [BLUE])[index]
    size = float(np.clip(8000 / len(x), 5, 30))
    many = len(x) > 3000  # then as pixels in an .svg too, which would otherwise be huge
    axes.scatter(points[:, 0], points[:, 1], s=size, c=colors, alpha=0.75, lw=0, rasterized=many)
    if isinstance(model, VAE) and ellipses:
        with no_grad():
            q = model.encode(x[:ellipses], *(a[:ellipses] for a in given))
        for mean, covariance, color in zip(*moments(q), colors, strict=False):
            part = covariance[np.ix_(dims, dims)]
            axes.add_patch(ellipse(mean[dims], part, 1, ec=color, lw=0.9, alpha=0.9))
    _draw_prior(axes, model.prior, dims)
    if labels is not None:
        _mark_classes(axes, points, classes, index)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel=names[0], ylabel=names[1])
    kind = "" if labels is None else ", coloured by class"
    kind += f"; 1σ of $q(z|x)$ for {min(ellipses, len(x))}" if ellipses else ""
    kind += "; 1σ of the prior's components" if isinstance(model.prior, MixturePrior) else ""
    axes.set_title(f"{len(x):,} codes{kind}")
    return figure


@styled
def latent_panels(
    codes: Mapping[str, np.ndarray],
    labels: np.ndarray | None = None,
    *,
    stds: Mapping[str, np.ndarray] | None = None,
    ellipses: int = 100,
    same_scale: bool = True,
) -> Figure:
    """Draw the codes that several models give to the same data beside each other.

    For example an autoencoder with its holes beside a VAE, or a VAE trained by the reconstruction
    only, the KL divergence only, and both. Grey circles are 1, 2 and 3 standard deviations of
    N(0, I).

    Parameters
    ----------
    codes : mapping of str to ndarray, shape (n, 2)
        Codes, or means of q(z|x), by the titles of the panels.
    labels : ndarray of int, shape (n,), optional
        The class of each datum; at most ten classes. Without them all points are blue.
    stds : mapping of str to ndarray, shape (n, 2), optional
        Standard deviations of q(z|x) under the same titles: their ellipses of 1σ are drawn.
    ellipses : int
        Of how many data, the first ones, ellipses are drawn.
    same_scale : bool
        Whether all panels share their limits. Otherwise the grey circles tell the scale.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each entry, from left to right.

    Raises
    ------
    ValueError
        If codes or standard deviations are not all (n, 2), or labels do not fit.
    """
    shapes = {name: np.shape(each) for name, each in codes.items()}
    n = max((shape[0] for shape in shapes.values()), default=0)
    spreads = {} if stds is None else dict(stds)
    wrong = {name: s for name, s in shapes.items() if s != (n, 2)}
    wrong |= {name: np.shape(s) for name, s in spreads.items() if np.shape(s) != (n, 2)}
    if not codes or wrong or not set(spreads) <= set(codes):
        raise ValueError(
            "latent_panels: every panel needs codes of the same n data in the plane, (n, 2), and "
            f"stds of the same shape under a name of codes; the codes are {shapes}, the stds "
            f"{ {name: np.shape(s) for name, s in spreads.items()} }"
        )
    classes, index = _classes("latent_panels", labels, n)
    colors = np.array(CLASSES if labels is not None else [BLUE])[index]
    figure, panels = new_panels(1, len(codes), 0.9 + 3.8 * len(codes), 4.5)
    for axes, (name, each) in zip(panels[0], codes.items(), strict=True):
        z = np.asarray(each, float)
        size = float(np.clip(4000 / n, 3, 20))
        axes.scatter(*z.T, s=size, c=colors, alpha=0.75, lw=0, rasterized=n > 3000)
        for mean, std, color in zip(z[:ellipses], spreads.get(name, ()), colors, strict=False):
            axes.add_patch(ellipse(mean, np.diag(std**2), 1, ec=color, lw=0.8, alpha=0.8))
        _draw_circles(axes, np.zeros(2), np.ones(2))
        axes.set_aspect("equal", adjustable="box" if same_scale else "datalim")
        axes.locator_params(nbins=6)
        axes.set(xlabel="$z_1$")
        axes.set_title(name)
    panels[0, 0].set_ylabel("$z_2$")
    if same_scale:
        everything = Bbox.union([axes.dataLim for axes in panels[0]])
        half = 0.54 * max(everything.width, everything.height)
        x, y = everything.x0 + everything.width / 2, everything.y0 + everything.height / 2
        for axes in panels[0]:
            axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half))
    if labels is not None:
        _legend(panels[0, -1], classes)
    return figure


def moments(q: Normal | MultivariateNormal) -> tuple[np.ndarray, np.ndarray]:
    """Return the means (..., d) and the covariances (..., d, d) of Gaussians."""
    if isinstance(q, MultivariateNormal):
        return q.mean.data, q.covariance.data
    return q.mean.data, q.std.data[..., None] ** 2 * np.eye(q.mean.shape[-1])


def _classes(figure: str, labels: np.ndarray | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes, and the index of each datum's among them."""
    if n == 0:
        raise ValueError(f"{figure}: there are no data; pass at least one")
    if labels is None:
        return np.zeros(1, int), np.zeros(n, int)
    if np.shape(labels) != (n,):
        raise ValueError(
            f"{figure}: every datum needs one label; there are {n} data and labels of shape "
            f"{np.shape(labels)}"
        )
    classes, index = np.unique(labels, return_inverse=True)
    if len(classes) > len(CLASSES):
        raise ValueError(
            f"{figure}: {len(CLASSES)} colours tell at most {len(CLASSES)} classes apart, these "
            f"are {len(classes)}; draw some of them"
        )
    return classes, index


def _most_telling(
    model: Model, codes: np.ndarray, *data: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Return the two dimensions to draw, and the labels of their axes."""
    if model.latent == 2:
        return np.arange(2), ["$z_1$", "$z_2$"]
    if isinstance(model, VAE) and isinstance(model.prior, Normal):
        with no_grad():
            share = model.encode(*data).kl_per_dim(model.prior).data.mean(axis=0)
        measure, unit = "KL", " nats"
    else:
        share, measure, unit = codes.var(axis=0), "variance", ""
    dims = np.argsort(-share, kind="stable")[:2]
    ranks = ["largest", "second"]
    return dims, [
        f"$z_{{{j + 1}}}$ ({measure} {share[j]:.2f}{unit}, {rank} of {model.latent})"
        for j, rank in zip(dims, ranks, strict=True)
    ]


def _mark_classes(axes: Axes, points: np.ndarray, classes: np.ndarray, index: np.ndarray) -> None:
    """Write each class at the median of its points, and all of them into the legend."""
    medians = [np.median(points[index == k], axis=0) for k in range(len(classes))]
    places = _apart(np.array(medians), 0.06 * max(axes.dataLim.width, axes.dataLim.height))
    halo = [withStroke(linewidth=5, foreground="white"), withStroke(linewidth=1, foreground=INK)]
    for name, color, (x, y) in zip(classes, CLASSES, places, strict=False):
        digit = axes.text(x, y, str(name), color=color, size=20, weight="bold", zorder=4)
        digit.set(ha="center", va="center", path_effects=halo)
    _legend(axes, classes)


def _legend(axes: Axes, classes: np.ndarray) -> None:
    """List the classes with their colours to the right."""
    dots = [
        Line2D([], [], ls="", marker="o", ms=8, color=color, label=str(name))
        for name, color in zip(classes, CLASSES, strict=False)
    ]
    axes.legend(
        handles=dots, title="class", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5)
    )


def _apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Push places (k, 2) apart that are nearer to each other than ``distance``."""
    if distance == 0:
        return places
    angle = np.arange(len(places))  # equal places start in different directions
    places = places + 1e-6 * distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for _ in range(100):
        difference = places[:, None] - places
        length = np.hypot(difference[..., 0], difference[..., 1])
        np.fill_diagonal(length, np.inf)
        if length.min() >= 0.99 * distance:
            break
        push = np.maximum(distance - length, 0) / 2
        neighbours = np.maximum(np.sum(push > 0, axis=1), 1)[:, None]
        places += np.sum((push / length)[..., None] * difference, axis=1) / neighbours
    return places


def _draw_prior(axes: Axes, prior: Normal | MixturePrior | None, dims: np.ndarray) -> None:
    """Draw what is known of the prior in the plane of two of its dimensions."""
    if isinstance(prior, MixturePrior):
        parts = prior.distribution.components
        for mean, std in zip(parts.mean.data[:, dims], parts.std.data[:, dims], strict=True):
            axes.add_patch(ellipse(mean, np.diag(std**2), 1, ec=INK, lw=1, alpha=0.7, zorder=3))
            axes.plot(*mean, "+", color=INK, ms=7, zorder=3)
    elif prior is not None:
        _draw_circles(axes, prior.mean.data[dims], prior.std.data[dims])


def _draw_circles(axes: Axes, mean: np.ndarray, std: np.ndarray) -> None:
    """Draw 1, 2 and 3 standard deviations of the prior."""
    for k in (1, 2, 3):
        axes.add_patch(ellipse(mean, np.diag(std**2), k, ec=PENCIL, lw=0.8, alpha=0.7))
        name = axes.text(mean[0], mean[1] + k * std[1], f"{k}σ", color=PENCIL, size=10, zorder=3)
        name.set(
            ha="center", va="center", path_effects=[withStroke(linewidth=3, foreground="white")]
        )
