"""Files that appear whole, and with the same bytes every time."""

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from minivae import viz


def saved(figure, path):
    return [file.read_bytes() for file in viz.save(figure, path)]


def test_both_files_appear_and_nothing_else(history, tmp_path):
    files = viz.save(viz.loss_split(history), tmp_path / "run.v1")
    assert files == (tmp_path / "run.v1.png", tmp_path / "run.v1.svg")
    assert sorted(tmp_path.iterdir()) == sorted(files)
    png, svg = (file.read_bytes() for file in files)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width = int.from_bytes(png[16:20], "big")  # the header's first entry
    assert width == 200 * viz.loss_split(history).get_figwidth()
    assert b"<svg" in svg


def test_the_same_figure_gives_the_same_bytes(vae, x, labels, rng, history, shape, tmp_path):
    model = vae()
    for draw in (
        lambda: viz.loss_split(history),
        lambda: viz.manifold(model, shape, n=4),
        lambda: viz.latent_scatter(model, x, labels),
    ):
        figure = draw()
        once = saved(figure, tmp_path / "once")
        assert saved(figure, tmp_path / "again") == once
        assert saved(draw(), tmp_path / "drawn again") == once


def test_no_date_and_no_version_are_written(history, tmp_path):
    png, svg = saved(viz.loss_split(history), tmp_path / "loss")
    for mark in (b"Software", b"dc:date", b"Matplotlib v"):
        assert mark not in png
        assert mark not in svg


def test_the_users_settings_neither_matter_nor_change(history, tmp_path):
    plain = saved(viz.loss_split(history), tmp_path / "plain")
    theirs = {"font.size": 30, "axes.facecolor": "black", "savefig.bbox": "tight"}
    with mpl.rc_context(theirs):
        assert saved(viz.loss_split(history), tmp_path / "theirs") == plain
        assert {name: mpl.rcParams[name] for name in theirs} == theirs


def test_a_path_with_a_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"without the suffix '\.png'"):
        viz.save(Figure(), tmp_path / "loss.png")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        viz.save(Figure(), tmp_path / "missing" / "loss")
