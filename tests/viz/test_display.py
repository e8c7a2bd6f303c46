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


def test_importing_minivae_does_not_import_matplotlib():
    code = "import sys, minivae; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_viz_does_not_import_pyplot():
    code = "import sys, minivae.viz; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
