"""From settings to the pieces of a run: its data, its model, its random streams."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minivae import data
from minivae.data import Dataset
from minivae.models import Model
from minivae.runs.recipes import RECIPES
from minivae.runs.settings import Settings
from minivae.runs.streams import stream
from minivae.training import History, fit, total_steps
from minivae.training.loop import Transform

# Binarised sets are the same in every run, so that runs can be compared.
_TRAIN_SEED, _TEST_SEED = 1, 2

MODES = {"gaussians": data.gaussian_grid(), "gaussian_ring": data.gaussian_ring()}


@dataclass(frozen=True)
class RunData:
    """The data as a run uses them.

    Attributes
    ----------
    dataset : Dataset
        The data as they are, with their labels, for figures.
    train, test : ndarray
        What the model is trained and tested on.
    transform : callable or None
        What is done to each minibatch.
    train_y, test_y : ndarray or None
        Their labels, one-hot, for a conditional model.
    """

    dataset: Dataset
    train: np.ndarray
    test: np.ndarray
    transform: Transform | None
    train_y: np.ndarray | None = None
    test_y: np.ndarray | None = None


def load_data(settings: Settings) -> RunData:
    """Load a run's data and binarize them as its settings say."""
    dataset = data.load(settings.data)
    train, test = dataset.train, dataset.test
    if settings.binarize != "none":
        if dataset.image_shape is None or settings.data == "patches":
            raise ValueError(
                f"{settings.data} are no grey images that could be binarized; leave out --binarize"
                ", and --likelihood bernoulli"
            )
        test = data.binarize(test, np.random.default_rng(_TEST_SEED))
    if settings.binarize == "static":
        train = data.binarize(train, np.random.default_rng(_TRAIN_SEED))
    transform = data.binarize if settings.binarize == "dynamic" else None
    prepared = RunData(dataset, train, test, transform)
    if not RECIPES[settings.recipe].conditional or dataset.labels is None:
        return prepared
    classes = int(dataset.labels.train.max()) + 1
    y = [data.one_hot(labels, classes).astype(train.dtype) for labels in dataset.labels]
    return replace(prepared, train_y=y[0], test_y=y[1])


def build_model(settings: Settings, dataset: Dataset) -> Model:
    """Build a run's model with its initial weights."""
    recipe = RECIPES[settings.recipe]
    return recipe.build(settings, dataset, stream(settings.seed, "weights"))


def train_model(settings: Settings, prepared: RunData, **kept: Any) -> tuple[Model, History]:
    """Train a run's model as its settings say.

    ``kept`` says what is watched and kept on the way, by arguments of :func:`minivae.fit`.
    """
    recipe = RECIPES[settings.recipe]
    model = build_model(settings, prepared.dataset)
    length: dict[str, Any] = {"epochs": settings.epochs, "steps": settings.steps}
    total = total_steps(len(prepared.train), settings.batch_size, **length)
    history = fit(
        model,
        prepared.train,
        rng=stream(settings.seed, "training"),
        **length,
        batch_size=settings.batch_size,
        optimizer=recipe.optimizer(settings, model),
        transform=prepared.transform,
        schedule=recipe.schedule(settings, total),
        y=prepared.train_y,
        **kept,
    )
    return model, history
