"""Recipes of models that are neither: sequences, and a game of two networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from minivae.data import Dataset
from minivae.models import GAN, SequenceVAE
from minivae.optim import Schedule, warm_up
from minivae.runs.recipes.recipe import IMAGES, NOTHING, POINTS, STRINGS, WAVES, Option, Recipe

if TYPE_CHECKING:
    from minivae.runs.settings import Settings


def _sequence(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> SequenceVAE:
    if len(settings.hidden) != 1:
        sizes = " ".join(map(str, settings.hidden)) or "none"
        raise ValueError(
            f"sequence-vae has one hidden size, that of its recurrent state, not {sizes}; give "
            "--hidden one number"
        )
    return SequenceVAE.gru(
        data_dim=dataset.train.shape[1],
        hidden=settings.hidden[0],
        latent=settings.latent,
        likelihood=settings.likelihood,
        symbols=None if dataset.alphabet is None else len(dataset.alphabet),
        sigma=settings.sigma,
        word_dropout=float(settings.options["word_dropout"]),
        rng=rng,
    )


def _annealing(settings: Settings, steps: int) -> Mapping[str, Schedule]:
    share = float(settings.options["annealing"])
    return {"beta": warm_up(max(1, round(share * steps)))} if share > 0 else NOTHING


def _gan(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> GAN:
    points = dataset.image_shape is None
    return GAN.mlp(
        data_dim=dataset.train.shape[1],
        hidden=settings.hidden,
        latent=settings.latent,
        activation=settings.activation,
        output="identity" if points else "sigmoid",
        scale=float(np.abs(dataset.train).max()) if points else 1.0,
        loss=str(settings.options["loss"]),
        rng=rng,
    )


def _falling(settings: Settings, steps: int) -> Mapping[str, Schedule]:
    """Let the learning rate fall to 0 in the second half: the two players come to rest."""
    return {"lr": lambda step: settings.lr * min(1.0, 2.0 * (1.0 - step / steps))}


_ON_WAVES = {"hidden": (64,), "latent": 6, "sigma": 0.05, "lr": 3e-3, "epochs": 18}

OTHERS = (
    Recipe(
        name="sequence-vae",
        line="VAE of strings or waves: recurrent encoder and decoder",
        equation="log p(x) ≥ E_q[Σ_t log p(x_t | x_<t, z)] - KL(q(z|x) ‖ p(z))",
        source="Bowman et al. 2016; Fabius & van Amersfoort 2015",
        build=_sequence,
        data=(*STRINGS, *WAVES),
        defaults={"hidden": (128,), "latent": 16, "activation": "tanh", "epochs": 25},
        on={"waves": _ON_WAVES | {"annealing": 0.0}},
        options={
            "word_dropout": Option(0.3, "share of the decoder's inputs that training hides"),
            "annealing": Option(
                0.4, "share of training during which β rises from 0 to 1", low=0.0, high=1.0
            ),
        },
        without=("activation",),
        likelihoods={
            **dict.fromkeys(STRINGS, ("categorical",)),
            **dict.fromkeys(WAVES, ("gaussian",)),
        },
        figures=("sequences", "latent"),
        schedule=_annealing,
    ),
    Recipe(
        name="gan",
        line="generative adversarial network: for comparison, no likelihood",
        equation="min_G max_D E[log D(x)] + E[log(1 - D(G(z)))]",
        source="Goodfellow et al. 2014, equation 1",
        build=_gan,
        data=("gaussian_ring", "gaussians", *[p for p in POINTS if "gauss" not in p], *IMAGES),
        defaults={"hidden": (128, 128), "latent": 2, "binarize": "none"},
        on={"gaussians": {"epochs": 120, "lr": 2e-3}} | {name: {"latent": 10} for name in IMAGES},
        options={
            "loss": Option(
                "non_saturating", "what the generator minimises", ("non_saturating", "minimax")
            )
        },
        without=("likelihood", "sigma", "adam_eps"),
        figures=("samples", "players"),
        schedule=_falling,
    ),
)
