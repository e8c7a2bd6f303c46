"""Figures show themselves in notebooks; nothing else imports matplotlib."""

import subprocess
import sys

from minivae import viz


def test_ipython_displays_a_figure_as_a_picture_without_any_set_up(history):
    from IPython.core.formatters import DisplayFormatter

    figure = viz.loss_split(history)
    data, metadata = DisplayFormatter().format(figure)
    assert data["image/png"].startswith(b"\x89PNG")
    width, height = figure.get_size_inches() * 96
    assert metadata["image/png"] == {"width": width, "height": height}


def test_nothing_is_cut_off_at_the_edges(vae, x, labels, rng, history, shape):
    model = vae()
    for figure in (
        viz.loss_split(history),
        viz.reconstructions(model, x, shape, n=1),
        viz.reconstructions(model, x, shape, n=10),
        viz.samples(model, shape, rng=rng, n=1),
        viz.samples(model, shape, rng=rng),
        viz.manifold(model, shape),
        viz.traversals(model, shape, n=1),
        viz.traversals(vae(latent=25), shape),
        viz.latent_scatter(model, x, labels),
        viz.latent_scatter(vae(latent=25), x, labels),
    ):
        drawn, page = figure.axes[0].get_tightbbox(), figure.bbox
        assert drawn.x0 >= page.x0
        assert drawn.y0 >= page.y0
        assert drawn.x1 <= page.x1
        assert drawn.y1 <= page.y1


def test_importing_minivae_does_not_import_matplotlib():
    code = "import sys, minivae; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_viz_does_not_import_pyplot():
    code = "import sys, minivae.viz; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
