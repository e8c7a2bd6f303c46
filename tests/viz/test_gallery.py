"""What holds for every figure: one look, nothing cut off, the same bytes, no trace left behind."""

import io

import matplotlib as mpl
import pytest

from minivae import viz
from minivae.viz.style import NotebookFigure, house_style

from .gallery import drawings

NAMES = sorted(set(viz.__all__) - {"save"})


@pytest.fixture
def draw_all(vae, autoencoder, x, labels, history, shape):
    return drawings(vae, autoencoder, x, labels, history, shape)


def test_the_gallery_holds_every_figure(draw_all):
    assert sorted(draw_all) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_whole_and_repeats_and_leaves_the_users_settings_alone(draw_all, name):
    before = dict(mpl.rcParams)
    for draw in draw_all[name]:
        figure = draw()
        assert isinstance(figure, NotebookFigure)
        with house_style():
            drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert drawn.x0 >= 0
        assert drawn.y0 >= 0
        assert drawn.x1 <= width
        assert drawn.y1 <= height
    assert dict(mpl.rcParams) == before
    assert vectors(draw()) == vectors(figure)


def vectors(figure):
    """The bytes of the figure as an .svg."""
    picture = io.BytesIO()
    with house_style():
        figure.savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()
