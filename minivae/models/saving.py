"""Saving and loading models: weights as safetensors, with the recipe that rebuilds the model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from minivae.files import to_json, write_atomically
from minivae.models.autoencoder import Autoencoder
from minivae.models.gan import GAN
from minivae.models.model import Model
from minivae.models.objectives import OBJECTIVES
from minivae.models.seq2seq import Seq2Seq
from minivae.models.sequence import SequenceVAE
from minivae.models.vae import VAE

RECIPES: dict[str, Callable[..., Model]] = {
    "VAE.mlp": VAE.mlp,
    "VAE.convolutional": VAE.convolutional,
    "SequenceVAE.gru": SequenceVAE.gru,
    "Seq2Seq.gru": Seq2Seq.gru,
    "Autoencoder.mlp": Autoencoder.mlp,
    "Autoencoder.convolutional": Autoencoder.convolutional,
    "GAN.mlp": GAN.mlp,
}


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to one safetensors file, atomically.

    Parameters
    ----------
    model : Model
        Built by a recipe such as ``VAE.mlp``, so that :func:`load` can build it again.
    path : path-like
        The file. Other programs that read safetensors find the weights in it by their names.

    Raises
    ------
    ValueError
        If the model was composed by hand, or is of a class or has an objective that is not
        minivae's: keep its ``state_dict()`` instead.
    """
    kind, mend = type(model).__name__, "save its state_dict() with safetensors.numpy.save_file"
    if model.recipe is None:
        raise ValueError(
            f"save: this {kind} was composed by hand, so that load could not rebuild it; {mend}"
        )
    recipe = dict(model.recipe)
    if recipe["model"] not in RECIPES:
        raise ValueError(f"save: load cannot rebuild a {recipe['model']}, it is not known; {mend}")
    if isinstance(model, VAE):
        name = type(model.objective).__name__
        if OBJECTIVES.get(name) is not type(model.objective):
            raise ValueError(
                f"save: load cannot rebuild the objective {name}, only {', '.join(OBJECTIVES)}; "
                f"set model.objective to one of these, or {mend}"
            )
        recipe["objective"] = {"name": name, **asdict(cast(Any, model.objective))}
    write_atomically(path, to_bytes(model.state_dict(), {"minivae": to_json(recipe)}))


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that :func:`save` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, or no model of minivae.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"load: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        recipe = json.loads(metadata["minivae"])
        model = RECIPES[recipe["model"]](**recipe["arguments"], rng=np.random.default_rng(0))
        if "objective" in recipe:
            objective = dict(recipe["objective"])
            model.objective = OBJECTIVES[objective.pop("name")](**objective)
        model.load_state_dict(state)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(
            f"load: {path} is damaged, or no model that minivae saved ({error})"
        ) from error
    return model
