"""Diagrams drawn in code: the graphical model on its plate, and the path that a gradient takes."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from minivae.viz.style import BLUE, INK, PAPER, VERMILLION, new_figure, new_panels, styled

_RADIUS = 0.42

Place = tuple[float, float]


@styled
def graphical_model(inference: bool = False) -> Figure:
    """Draw the model p_theta(x|z) p(z) of N data: z is hidden, x observed, theta shared.

    Parameters
    ----------
    inference : bool
        Whether the encoder q_phi(z|x) is drawn too, dashed: it is no part of the model, but what
        approximates its posterior.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.

    References
    ----------
    Kingma and Welling (2014), figure 1.
    """
    figure, axes = new_figure(6.4 if inference else 5, 4)
    z, x = (0.0, 2.4), (0.0, 0.4)
    theta, phi = (2.4, 1.4), (-2.4, 1.4)
    plate = FancyBboxPatch(
        (-1.25, -0.55), 2.5, 3.55, "round,pad=0,rounding_size=0.2", fill=False, ec=INK, lw=1.2
    )
    axes.add_patch(plate)
    axes.text(1.1, -0.42, "$N$", ha="right", va="bottom", size=15)
    _node(axes, z, "$z$", observed=False)
    _node(axes, x, "$x$", observed=True)
    axes.text(*theta, "$\\theta$", ha="center", va="center", size=18)
    _arrow(axes, z, x, bend=0.0)
    _arrow(axes, theta, x, start=0.22)
    axes.text(2.4, 0.55, "$p_\\theta(x|z)\\,p(z)$", ha="center", va="center", size=14)
    if inference:
        axes.text(*phi, "$\\phi$", ha="center", va="center", size=18, color=BLUE)
        _arrow(axes, x, z, bend=-0.55, color=BLUE, line="--")
        _arrow(axes, phi, z, start=0.22, color=BLUE, line="--")
        axes.text(-2.4, 0.55, "$q_\\phi(z|x)$", ha="center", va="center", size=14, color=BLUE)
    axes.set(xlim=(-3.4 if inference else -1.5, 3.4), ylim=(-0.75, 3.2), aspect="equal")
    axes.axis("off")
    title = "The model (solid) and the encoder (dashed)" if inference else "The generative model"
    axes.set_title(title)
    return figure


@styled
def gradient_paths() -> Figure:
    """Draw why a draw is reparameterized: where the gradient of phi is blocked, and where open.

    Left, z is drawn from q_phi(z|x): the draw has no derivative, and the gradient ends at z. Right,
    z = μ + σ ε with ε ~ N(0, I): the randomness comes in from the side, and the gradient reaches
    phi through μ and σ.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels: the blocked path and the open one.

    References
    ----------
    Kingma and Welling (2014), section 2.4.
    """
    figure, panels = new_panels(1, 2, 10.5, 5.6, sharex=True, sharey=True)
    for axes, is_open in zip(panels[0], (False, True), strict=True):
        _paths(axes, is_open)
        axes.set(xlim=(-2.7, 2.9), ylim=(-0.7, 5.6), aspect="equal")
        axes.axis("off")
    panels[0, 0].set_title("Drawn: the gradient of φ is blocked")
    panels[0, 1].set_title("Reparameterized: the path is open")
    return figure


def _paths(axes: Axes, is_open: bool) -> None:
    """Draw phi -> (μ, σ) -> z -> f, and what comes back along it."""
    phi, mu, sigma, z, f = (0.0, 0.0), (-0.9, 1.55), (0.9, 1.55), (0.0, 3.3), (0.0, 5.0)
    eps = (2.3, 3.3)
    for source, target in [(phi, mu), (phi, sigma), (mu, z), (sigma, z), (z, f)]:
        _arrow(axes, source, target)
    flows = [(f, z), *([(z, mu), (z, sigma), (mu, phi), (sigma, phi)] if is_open else [])]
    for source, target in flows:
        side = -0.35 if target[0] >= source[0] and source != mu else 0.35
        if source == sigma:
            side = -0.35
        _arrow(axes, source, target, bend=-side, color=BLUE, width=2)
    _node(axes, phi, "$\\phi$", observed=False)
    _node(axes, mu, "$\\mu$", observed=False)
    _node(axes, sigma, "$\\sigma$", observed=False)
    _node(axes, f, "$f$", observed=False)
    _node(axes, z, "$z$", observed=False, random=not is_open)
    if is_open:
        _arrow(axes, eps, z)
        _node(axes, eps, "$\\epsilon$", observed=False, random=True)
        axes.text(2.3, 2.6, "$N(0, I)$", ha="center", va="center", color=VERMILLION, size=13)
        axes.text(-0.62, 3.3, "$\\mu + \\sigma\\epsilon$", ha="right", va="center", size=14)
    else:
        axes.text(-0.62, 3.3, "$\\sim q_\\phi(z|x)$", ha="right", va="center", size=14).set(
            color=VERMILLION
        )
        axes.plot([0], [2.42], "x", color=VERMILLION, ms=17, mew=4, zorder=5)
    axes.text(0.75, 4.15, "$\\partial f/\\partial z$", color=BLUE, va="center", size=14)
    if is_open:
        axes.text(1.3, 0.65, "$\\partial f/\\partial \\phi$", color=BLUE, va="center", size=14)


def _node(axes: Axes, at: Place, name: str, *, observed: bool, random: bool = False) -> None:
    """Draw a node: grey if observed, vermillion if it is drawn at random."""
    edge = VERMILLION if random else INK
    face = PAPER if observed else "white"
    axes.add_patch(Circle(at, _RADIUS, fc=face, ec=edge, lw=1.8 if random else 1.4, zorder=3))
    axes.text(*at, name, ha="center", va="center", size=17, color=edge, zorder=4)


def _arrow(
    axes: Axes,
    source: Place,
    target: Place,
    *,
    bend: float = 0.0,
    start: float = _RADIUS,
    color: str = INK,
    line: str = "-",
    width: float = 1.4,
) -> None:
    """Draw an arrow between the rims of two nodes; it bends to its left for a positive bend."""
    arrow = FancyArrowPatch(
        _on_rim(source, target, start, bend),
        _on_rim(target, source, _RADIUS + 0.05, -bend),
        connectionstyle=f"arc3,rad={-bend}",
        arrowstyle="-|>,head_length=7,head_width=3.5",
        shrinkA=0,
        shrinkB=0,
        color=color,
        ls=line,
        lw=width,
        zorder=2,
    )
    axes.add_patch(arrow)


def _on_rim(centre: Place, towards: Place, radius: float, bend: float) -> Place:
    """Return where the arc from one centre towards the other leaves the rim of a node."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    length = (dx**2 + dy**2) ** 0.5
    ux, uy = dx / length - bend * dy / length, dy / length + bend * dx / length
    norm = (ux**2 + uy**2) ** 0.5
    return centre[0] + radius * ux / norm, centre[1] + radius * uy / norm
