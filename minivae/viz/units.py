"""How much each latent dimension says about the data."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.viz.style import BLUE, PENCIL, new_figure, numeral, styled


@styled
def active_units(kl_per_dim: ArrayLike, active: ArrayLike | None = None) -> Figure:
    """Draw the KL divergence of each latent dimension, the largest first.

    Dimensions that tell nothing about the data have a KL divergence of about zero; they are grey
    where ``active`` says which these are.

    Parameters
    ----------
    kl_per_dim : array_like, shape (latent,)
        Mean over the data, in nats.
    active : array_like of bool, shape (latent,), optional
        Which dimensions are in use, for example Var_x E_q[z] > 0.01.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the numbers of entries differ.

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), section 5.2.
    """
    kl = np.asarray(kl_per_dim, float)
    used = np.ones(len(kl), bool) if active is None else np.asarray(active, bool)
    if kl.ndim != 1 or len(kl) == 0 or used.shape != kl.shape:
        raise ValueError(
            "active_units: every latent dimension needs one KL divergence, and one entry of "
            f"active if that is given; the shapes are {kl.shape} and {used.shape}"
        )
    order = np.argsort(-kl, kind="stable")
    figure, axes = new_figure(max(7.5, min(12, 1.5 + 0.32 * len(kl))), 4)
    colors = np.where(used[order], BLUE, PENCIL).tolist()
    axes.bar(np.arange(len(kl)), kl[order], 0.8, color=colors)
    step = -(-len(kl) // 35)
    size = 11 if len(kl) <= 25 else 9
    shown = np.arange(len(kl))[::step]
    axes.set_xticks(shown, [f"$z_{{{j + 1}}}$" for j in order[shown]], size=size)
    axes.set(xlabel="latent dimension, sorted", ylabel="KL (nats per datum)")
    axes.set_xlim(-0.8, max(len(kl), 5) - 0.2)
    total = f"{numeral(kl.sum(), 1)} nats in all"
    count = "" if active is None else f", {used.sum()} of {len(kl)} dimensions active"
    axes.set_title(f"KL by dimension: {total}{count}")
    axes.grid(axis="y", alpha=0.3)
    return figure
