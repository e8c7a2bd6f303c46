"""From settings to networks: what VAEs and autoencoders are built of in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from minivae.data import Dataset
from minivae.models import VAE, Autoencoder

if TYPE_CHECKING:
    from minivae.runs.settings import Settings

Kind = TypeVar("Kind", VAE, Autoencoder)


def mlp(
    kind: type[Kind], settings: Settings, dataset: Dataset, rng: np.random.Generator, **own: Any
) -> Kind:
    """Build a model of perceptrons; ``own`` are the arguments that not all such models have."""
    return kind.mlp(
        data_dim=dataset.train.shape[1],
        hidden=settings.hidden,
        **_common(settings),
        rng=rng,
        **own,
    )


def convolutional(
    kind: type[Kind], settings: Settings, dataset: Dataset, rng: np.random.Generator
) -> Kind:
    """Build a model of convolutions and transposed convolutions."""
    assert dataset.image_shape is not None
    return kind.convolutional(
        image_shape=dataset.image_shape, channels=settings.hidden, **_common(settings), rng=rng
    )


def _common(settings: Settings) -> dict[str, Any]:
    names = ("latent", "activation", "likelihood", "sigma")
    return {name: getattr(settings, name) for name in names}
