"""A run folder never exists without its settings, and says what it lacks."""

import numpy as np
import pytest

import minivae as mv
from minivae import runs
from minivae.cli.main import main
from minivae.runs import RunFolder, Settings
from minivae.runs.pieces import stream

QUICK = ["train", "--hidden", "16", "--epochs", "2", "--out", "r"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_folder_whose_settings_cannot_be_written_does_not_appear(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        RunFolder.open(tmp_path / "r", Settings.of())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_behind_is_swept_away(tmp_path):
    run = RunFolder.open(tmp_path / "r", Settings.of())
    for place in (run.path, run.figures):
        (place / ".loss.png.77.tmp").write_bytes(b"half")
    RunFolder.open(tmp_path / "r", Settings.of())
    assert not list(tmp_path.rglob("*.tmp"))


def test_the_newest_run_is_none_that_is_hidden(tmp_path):
    RunFolder.open(tmp_path / "runs" / "a", Settings.of())
    (tmp_path / "runs" / ".b.x7").mkdir()
    (tmp_path / "runs" / ".b.x7" / "settings.json").write_text(Settings.of().to_json())
    assert runs.newest_run(tmp_path / "runs") == tmp_path / "runs" / "a"


def test_a_run_that_is_made_longer_is_not_complete_until_it_is():
    assert main(QUICK) == 0
    settings = RunFolder("r").settings.lengthened({"epochs": 9})
    run = runs.open_run(RunFolder("r").path, settings, runs.load_data(settings))
    with pytest.raises(ValueError, match="not complete.*minivae train --resume r"):
        run.model()


def test_likelihoods_are_those_of_the_test_images():
    assert main(QUICK) == 0
    run, reports = RunFolder("r"), []
    estimates = runs.log_probs(run, 7, 23, 4, lambda *done: reports.append(done))
    test, rng = runs.load_data(run.settings).test, stream(4, "importance")
    model = run.model()
    expected = [model.log_prob(part, 7, rng=rng) for part in (test[:20], test[20:23])]
    np.testing.assert_array_equal(estimates, np.concatenate(expected))
    assert reports == [(20, 23), (23, 23)]


def test_the_bound_is_that_of_the_test_images():
    assert main(QUICK) == 0
    run = RunFolder("r")
    test = runs.load_data(run.settings).test
    expected = mv.evaluation.evaluate(run.model(), test, rng=stream(0, "evaluation"))
    assert runs.bound(run, 0) == expected


def test_grey_pixels_under_a_bernoulli_likelihood_are_called_by_their_name(capsys):
    assert main([*QUICK, "--binarize", "none"]) == 0
    assert "grey pixels: these are cross-entropies" in capsys.readouterr().out
