"""What a run's summary says is what the measures say of its model."""

import numpy as np

from minivae import data
from minivae.evaluation.clusters import cluster_accuracy, mixture_clusters
from minivae.models import GAN
from minivae.runs import Settings, load_data
from minivae.runs.pieces import build_model, train_model
from minivae.runs.summary import summarize


def test_samples_as_good_as_data_are_no_farther_than_two_halves_of_the_data(monkeypatch):
    settings = Settings.of(hidden=(4,))
    prepared = load_data(settings)
    test = prepared.dataset.test
    monkeypatch.setattr("minivae.runs.summary.prior_means", lambda *_, **__: test)
    found = summarize(settings, build_model(settings, prepared.dataset), prepared).others
    assert found["Frechet distance"] == found["between halves of the data"] > 0


def test_the_cluster_accuracy_of_a_summary_is_that_of_the_mixture():
    settings = Settings.of("gmvae", hidden=(32,), steps=30)
    prepared = load_data(settings)
    model, _ = train_model(settings, prepared, progress=False)
    clusters = mixture_clusters(model, prepared.test)
    found = summarize(settings, model, prepared).others["cluster accuracy"]
    assert found == cluster_accuracy(clusters, prepared.dataset.labels.test).accuracy
    assert found > 0.1  # what guessing gives: the assignment is to the labels of the test images


def test_the_modes_of_a_summary_are_those_that_samples_reach(monkeypatch):
    settings = Settings.of("gan")
    prepared = load_data(settings)
    centres = data.gaussian_ring().centres[:3]
    points = np.concatenate([np.repeat(centres, 500, axis=0), np.zeros((500, 2))])
    monkeypatch.setattr(GAN, "sample", lambda *_, **__: points)  # a quarter between the modes
    found = summarize(settings, build_model(settings, prepared.dataset), prepared).others
    assert found == {"modes covered": 3, "modes": 8, "good samples": 0.75}
