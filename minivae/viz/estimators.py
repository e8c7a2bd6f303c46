"""Figures of gradient estimators: how much they scatter, and where one overtakes the other."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minivae.viz.lines import as_lines, draw_lines, name_ends, tick_at
from minivae.viz.style import PENCIL, new_figure, numeral, styled


@styled
def gradient_variance(
    dims: ArrayLike,
    variances: Mapping[str, ArrayLike],
    closed_forms: Mapping[str, ArrayLike] | None = None,
    standard_errors: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw the variance of gradient estimators against the dimension of the latent space.

    Both axes are logarithmic. Dots are estimates, with two standard errors where these are given;
    lines without them are closed forms.

    Parameters
    ----------
    dims : array_like, shape (m,)
        Numbers of dimensions, ascending.
    variances : mapping of str to array_like, shape (m,)
        The variance of one coordinate of the gradient, for each estimator by its name.
    closed_forms : mapping of str to array_like, shape (m,), optional
        The exact variances, under the same names.
    standard_errors : mapping of str to array_like, shape (m,), optional
        Those of the variances, under the same names.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one variance for each dimension.
    """
    d, lines = as_lines("gradient_variance", dims, variances)
    figure, axes = new_figure(8.5, 4.5)
    draw_lines(axes, d, lines, standard_errors, closed_forms)
    axes.set(xscale="log", yscale="log")
    tick_at(axes.xaxis, d)
    axes.set(xlabel="latent dimensions", ylabel="variance of one coordinate")
    axes.set_title("How gradient estimators scatter as the dimension grows")
    name_ends(axes, lines)
    axes.grid(alpha=0.3)
    return figure


@styled
def variance_crossing(
    omegas: ArrayLike,
    variances: Mapping[str, ArrayLike],
    closed_forms: Mapping[str, ArrayLike] | None = None,
    crossing: float | None = None,
) -> Figure:
    """Draw the variance of gradient estimators for f(z) = cos(ωz) against ω.

    The pathwise estimator is the better one for smooth functions only: from the crossing on, at
    ω = 0.851, the score function scatters less.

    Parameters
    ----------
    omegas : array_like, shape (m,)
        Frequencies ω, ascending.
    variances : mapping of str to array_like, shape (m,)
        Variances for each estimator by its name.
    closed_forms : mapping of str to array_like, shape (m,), optional
        The exact variances, under the same names.
    crossing : float, optional
        Where the two cross; marked.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    Raises
    ------
    ValueError
        If there is not one variance for each frequency.
    """
    w, lines = as_lines("variance_crossing", omegas, variances)
    figure, axes = new_figure(8.5, 4.5)
    draw_lines(axes, w, lines, None, closed_forms)
    axes.set(xlabel="frequency ω", ylabel="variance of the gradient estimate")
    axes.set_title("Estimators of $d/d\\mu\\; E[\\cos(\\omega z)]$: neither is always the better")
    axes.set_ylim(bottom=0)
    if crossing is not None:
        axes.axvline(crossing, color=PENCIL, ls="--", lw=1.2)
        note = f" they cross at ω = {numeral(crossing, 3)}"
        axes.text(crossing, axes.get_ylim()[1], note, color=PENCIL, va="top")
    name_ends(axes, lines)
    return figure


@styled
def signal_to_noise(
    ks: ArrayLike,
    ratios: Mapping[str, ArrayLike],
    standard_errors: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw the signal-to-noise ratio |mean| / std of gradients against the samples of the bound.

    Parameters
    ----------
    ks : array_like, shape (m,)
        Numbers of samples k, ascending.
    ratios : mapping of str to array_like, shape (m,)
        Ratios for each estimator, or group of parameters, by its name.
    standard_errors : mapping of str to array_like, shape (m,), optional
        Those of the ratios, under the same names.

    Returns
    -------
    matplotlib.figure.Figure
        One panel, both axes logarithmic: k^½ and k^-½ are straight lines.

    Raises
    ------
    ValueError
        If there is not one ratio for each k.

    References
    ----------
    Rainforth et al. (2018), Tighter variational bounds are not necessarily better.
    """
    k, lines = as_lines("signal_to_noise", ks, ratios)
    figure, axes = new_figure(8.5, 4.5)
    draw_lines(axes, k, lines, standard_errors)
    axes.set(xscale="log", yscale="log")
    tick_at(axes.xaxis, k)
    axes.set(xlabel="samples $k$ of the bound", ylabel="signal-to-noise ratio |mean| / std")
    axes.set_title("Signal and noise of one gradient")
    name_ends(axes, lines)
    axes.grid(alpha=0.3)
    return figure
