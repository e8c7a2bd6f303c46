"""Curves over training: the loss and the two parts that it is made of."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minivae.training import History
from minivae.viz.style import BLUE, LINES, VERMILLION, new_figure, numeral, styled


@styled
def loss_split(history: History) -> Figure:
    """Draw the negative ELBO over the epochs, split into reconstruction loss and KL divergence.

    -ELBO = -E_q[log p(x|z)] + KL(q(z|x) ‖ p(z)): the upper line is the sum, the lower one the
    reconstruction loss, and the band between them the KL divergence, in nats. Solid lines are
    training, dashed ones data held out; the legend gives the values after the last epoch. An
    autoencoder has no KL divergence and only the lower line. Where training minimises something
    else, as with a weight on the KL divergence, with several samples or with a penalty, that is
    drawn too.

    Parameters
    ----------
    history : History
        With the columns ``epoch`` and ``reconstruction`` (E_q[log p(x|z)], a gain), for a VAE
        ``kl``, where it is known ``loss``, and if there was validation the same with
        ``validation_`` before the name. Epochs without validation hold NaN there.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If the history has no epochs.
    """
    epoch = np.asarray(history.column("epoch"))
    if len(epoch) == 0:
        raise ValueError("loss_split: the history is empty; train for at least one epoch")
    split = "kl" in history.columns
    figure, axes = new_figure(10, 4.5)
    for prefix, where, line in [("", "training", "-"), ("validation_", "held out", "--")]:
        if f"{prefix}reconstruction" not in history.columns:
            continue
        reconstruction_loss = -np.asarray(history.column(f"{prefix}reconstruction"))
        if split:
            negative_elbo = reconstruction_loss + np.asarray(history.column(f"{prefix}kl"))
            _curve(axes, epoch, negative_elbo, f"−ELBO, {where}", VERMILLION, line)
            if not prefix:
                band = axes.fill_between(epoch, reconstruction_loss, negative_elbo, lw=0)
                last = numeral(negative_elbo[-1] - reconstruction_loss[-1], 1)
                band.set(facecolor=VERMILLION, alpha=0.18, label=f"KL, training: {last}")
        _curve(axes, epoch, reconstruction_loss, f"reconstruction, {where}", BLUE, line)
        if f"{prefix}loss" in history.columns:
            loss = np.asarray(history.column(f"{prefix}loss"))
            parts = negative_elbo if split else reconstruction_loss
            if not np.allclose(loss, parts, rtol=1e-4, equal_nan=True):
                _curve(axes, epoch, loss, f"what is minimised, {where}", LINES[2], line)
    axes.set(xlabel="epoch", ylabel="loss (nats per datum)")
    if len(epoch) > 20:  # the steep first epochs would press all others flat
        later = [np.asarray(line.get_ydata())[len(epoch) // 50 + 1 :] for line in axes.lines]
        low, high = min(map(np.min, later)), max(map(np.max, later))
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    axes.set_title("Negative ELBO = reconstruction loss + KL" if split else "Reconstruction loss")
    if len(epoch) == 1:
        axes.set_xlim(epoch[0] - 1, epoch[0] + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(
        title="after the last epoch, in nats",
        frameon=False,
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
    )
    return figure


def _curve(
    axes: Axes, epoch: np.ndarray, value: np.ndarray, name: str, color: str, line: str
) -> None:
    """Draw one curve through its finite entries, with a mark on each if they are few."""
    known = np.isfinite(value)
    marker = "o" if known.sum() <= 12 else ""
    last = f": {numeral(value[known][-1], 1)}" if known.any() else ""
    width = 2 if known.sum() <= 100 else 1
    axes.plot(
        epoch[known], value[known], line, color=color, lw=width, marker=marker, label=name + last
    )
