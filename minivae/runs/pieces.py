"""From settings to the pieces of a run: its data, its model, its random streams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minivae import data
from minivae.data import Dataset
from minivae.models import VAE, Autoencoder, Model
from minivae.runs.settings import Settings
from minivae.training.fit import Transform

# Binarised sets are the same in every run, so that runs can be compared.
_TRAIN_SEED, _TEST_SEED = 1, 2


@dataclass(frozen=True)
class RunData:
    """The data as a run uses them.

    Attributes
    ----------
    dataset : Dataset
        The grey images with their labels, for figures.
    train, test : ndarray
        What the model is trained and tested on.
    transform : callable or None
        What is done to each minibatch.
    """

    dataset: Dataset
    train: np.ndarray
    test: np.ndarray
    transform: Transform | None


def stream(seed: int, name: str) -> np.random.Generator:
    """Return a random generator that is independent for each purpose of a seed.

    Raises
    ------
    ValueError
        If the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, it is {seed}")
    return np.random.default_rng([seed, *name.encode()])


def load_data(settings: Settings) -> RunData:
    """Load a run's data and binarize them as its settings say."""
    dataset = data.load(settings.data)
    train, test = dataset.train, dataset.test
    if settings.binarize != "none":
        test = data.binarize(test, np.random.default_rng(_TEST_SEED))
    if settings.binarize == "static":
        train = data.binarize(train, np.random.default_rng(_TRAIN_SEED))
    transform = data.binarize if settings.binarize == "dynamic" else None
    return RunData(dataset, train, test, transform)


def build_model(settings: Settings, data_dim: int) -> Model:
    """Build a run's model with its initial weights."""
    make = VAE.mlp if settings.recipe == "vae" else Autoencoder.mlp
    return make(
        data_dim=data_dim,
        hidden=settings.hidden,
        latent=settings.latent,
        activation=settings.activation,
        likelihood=settings.likelihood,
        sigma=settings.sigma,
        rng=stream(settings.seed, "weights"),
    )
