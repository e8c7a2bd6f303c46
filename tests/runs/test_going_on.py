"""Runs that go on, after a break or for longer, end with the weights of those without one."""

import numpy as np
import pytest

from minivae.runs import Settings, load_data, open_run
from minivae.runs.job import fit_run
from minivae.training import TrainingInterrupted

QUICK = {"hidden": (8,), "batch_size": 300}


def same_weights(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("name", "own"), [("cvae", {}), ("gan", {}), ("sequence-vae", {"annealing": 1.0})]
)
def test_an_interrupted_run_ends_with_the_same_weights(name, own, tmp_path, monkeypatch):
    settings = Settings.of(name, epochs=2, **QUICK, **own)
    prepared, before = load_data(settings), []

    def interrupted(_, table):
        before.append(table)
        raise KeyboardInterrupt

    run = open_run(tmp_path / "broken", settings, prepared)
    with monkeypatch.context() as patch:
        patch.setattr("minivae.runs.job.write_atomically", interrupted)  # after the first epoch
        with pytest.raises(TrainingInterrupted):
            fit_run(run, prepared)
    assert not run.weights.exists()
    model, history = fit_run(open_run(tmp_path / "broken", settings, prepared), prepared)
    whole, _ = fit_run(open_run(tmp_path / "whole", settings, prepared), prepared)
    assert len(history) == 2
    assert history.to_csv().startswith(before[0])  # its seconds too: no epoch was repeated
    assert same_weights(model, whole)


def test_a_run_that_is_made_longer_ends_with_the_weights_of_a_long_one(tmp_path):
    settings = Settings.of("cvae", epochs=1, **QUICK)
    prepared = load_data(settings)
    _, before = fit_run(open_run(tmp_path / "a", settings, prepared), prepared)
    longer = settings.lengthened({"epochs": 2})
    model, history = fit_run(open_run(tmp_path / "a", longer, prepared), prepared)
    whole, _ = fit_run(open_run(tmp_path / "b", longer, prepared), prepared)
    assert len(history) == 2
    assert history.to_csv().startswith(before.to_csv())
    assert same_weights(model, whole)
