"""A run does what its settings say: every one of them matters, and none does something else."""

from dataclasses import replace

import numpy as np
import pytest

import minivae as mv
from minivae.runs import RunFolder, Settings, load_data
from minivae.runs.job import fit_run

BASE = Settings.of(hidden=(8,), epochs=2)


def weights(tmp_path, settings):
    """The trained weights, as one array."""
    run = RunFolder.open(tmp_path / str(len(list(tmp_path.iterdir()))), settings)
    model, _ = fit_run(run, load_data(settings))
    state = model.state_dict()
    return np.concatenate([state[name].ravel() for name in sorted(state)])


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "ae"},
        {"hidden": (9,)},
        {"hidden": (8, 8)},
        {"latent": 3},
        {"activation": "tanh"},
        {"likelihood": "gaussian"},
        {"epochs": 3},
        {"epochs": None, "steps": 7},
        {"batch_size": 50},
        {"lr": 2e-3},
        {"binarize": "none"},
        {"binarize": "static"},
        {"seed": 1},
    ],
)
def test_every_setting_matters(tmp_path, change):
    assert not np.array_equal(weights(tmp_path, BASE), weights(tmp_path, replace(BASE, **change)))


def test_sigma_matters_to_a_gaussian_likelihood(tmp_path):
    gaussian = replace(BASE, likelihood="gaussian")
    wider = replace(gaussian, sigma=0.4)
    assert not np.array_equal(weights(tmp_path, gaussian), weights(tmp_path, wider))


def test_the_same_settings_give_the_same_bits(tmp_path):
    np.testing.assert_array_equal(weights(tmp_path, BASE), weights(tmp_path, BASE))


def test_dynamic_binarization_draws_every_minibatch_anew():
    prepared = load_data(BASE)
    assert prepared.transform is mv.data.binarize
    np.testing.assert_array_equal(prepared.train, prepared.dataset.train)  # grey until drawn


def test_static_binarization_draws_once_and_for_every_run():
    prepared = load_data(replace(BASE, binarize="static"))
    other = load_data(replace(BASE, binarize="static", seed=5))
    assert prepared.transform is None
    assert set(np.unique(prepared.train)) == {0, 1}
    np.testing.assert_array_equal(prepared.train, other.train)


def test_without_binarization_all_is_grey():
    prepared = load_data(replace(BASE, binarize="none"))
    assert prepared.transform is None
    np.testing.assert_array_equal(prepared.train, prepared.dataset.train)
    np.testing.assert_array_equal(prepared.test, prepared.dataset.test)


def test_runs_are_measured_on_the_same_binary_images():
    static, dynamic = (load_data(replace(BASE, binarize=m)) for m in ("static", "dynamic"))
    assert set(np.unique(static.test)) == {0, 1}
    np.testing.assert_array_equal(static.test, dynamic.test)
