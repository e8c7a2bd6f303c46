"""Recipes of autoencoders: a code for each datum, and no distribution over codes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.data import Dataset
from minivae.models import Autoencoder
from minivae.runs.recipes.networks import convolutional, mlp
from minivae.runs.recipes.recipe import IMAGES, PATCHES, POINTS, WAVES, Option, Recipe

if TYPE_CHECKING:
    from minivae.runs.settings import Settings

_VECTORS = (*IMAGES, *PATCHES, *POINTS, *WAVES)
_PLAIN = ("reconstructions", "latent", "sweep")
_GREY: dict[str, Any] = {"likelihood": "gaussian", "sigma": 1.0}
_RHO = Option(0.05, "ρ, the share of the data for which a unit is to be active")
_WALL: dict[str, Any] = {**_GREY, "hidden": (), "activation": "sigmoid", "latent": 49, "lr": 3e-3}


_mlp = partial(mlp, Autoencoder)


def _units(
    settings: Settings, dataset: Dataset, rng: np.random.Generator, *, tied: bool
) -> Autoencoder:
    """Build sigmoid units; the constructor takes the recipe's options by their names."""
    own = dict(settings.options)
    if own.get("penalty") == "l1" and own["rho"] == _RHO.default:
        del own["rho"]  # l1 has none, and refuses one that was chosen
    return _mlp(settings, dataset, rng, code_activation="sigmoid", tied=tied, **own)


AUTOENCODERS = (
    Recipe(
        name="linear-ae",
        line="linear autoencoder: it finds the principal subspace",
        equation="min ‖x - W'(W x + b) - b'‖²",
        source="Baldi & Hornik 1989",
        build=_mlp,
        data=_VECTORS,
        defaults={**_GREY, "hidden": (), "latent": 2},
        without=("hidden", "activation"),
        figures=_PLAIN,
    ),
    Recipe(
        name="ae",
        line="deep autoencoder",
        equation="max log p(x|z), z = f(x)",
        source="Hinton & Salakhutdinov 2006",
        build=_mlp,
        data=_VECTORS,
        figures=_PLAIN,
    ),
    Recipe(
        name="tied-ae",
        line="autoencoder whose decoder has the encoder's weights, transposed",
        equation="max log p(x|z), z = f(x; W), x' = g(z; Wᵀ)",
        source="Vincent et al. 2010, section 2.2",
        build=partial(_mlp, tied=True),
        data=_VECTORS,
        figures=_PLAIN,
    ),
    Recipe(
        name="sparse-ae",
        line="each hidden unit is active for few of the data; tied weights",
        equation="min -log p(x|z) + β Σ_i KL(ρ ‖ mean of z_i)",
        source="Ng 2011, CS294A lecture notes, sparse autoencoder",
        build=partial(_units, tied=True),
        data=(*IMAGES, *PATCHES),
        defaults=_WALL,
        on={
            "patches": {"latent": 100, "lr": 1e-2, "penalty_weight": 20.0, "weight_decay": 1e-3},
            **{name: {"latent": 100} for name in IMAGES[1:]},
        },
        options={
            "penalty": Option(
                "kl_sparsity", "on the activations of the hidden units", ("kl_sparsity", "l1")
            ),
            "penalty_weight": Option(1.0, "β, nats of loss for a unit of penalty"),
            "rho": _RHO,
            "weight_decay": Option(2e-3, "λ of λ/2 ‖W‖²"),
        },
        figures=("reconstructions", "filters", "activating"),
    ),
    Recipe(
        name="denoising-ae",
        line="reconstructs the clean datum from a corrupted one",
        equation="max log p(x|z), z = f(x̃), x̃ ~ corruption(x)",
        source="Vincent et al. 2008",
        build=partial(_units, tied=False),
        data=(*IMAGES, *PATCHES),
        defaults=_WALL,
        options={
            "corruption": Option(
                "masking",
                "what the encoder's input suffers",
                ("masking", "gaussian", "salt_and_pepper"),
            ),
            "corruption_level": Option(0.3, "fraction of the pixels, or standard deviation"),
            "weight_decay": Option(1e-3, "λ of λ/2 ‖W‖²"),
        },
        figures=("corrupted", "filters", "activating"),
    ),
    Recipe(
        name="contractive-ae",
        line="the code changes little where the data lie; tied weights",
        equation="min -log p(x|z) + λ ‖∂z/∂x‖²_F",
        source="Rifai et al. 2011",
        build=partial(_units, tied=True),
        data=(*IMAGES, *PATCHES),
        defaults=_WALL,
        options={
            "penalty": Option(
                "contraction",
                "closed form for one layer, exact, or by random directions",
                ("contraction", "contraction_exact", "contraction_hutchinson"),
            ),
            "penalty_weight": Option(0.1, "λ"),
        },
        figures=("reconstructions", "filters", "jacobian"),
    ),
    Recipe(
        name="conv-ae",
        line="convolutions down to the code, transposed convolutions back",
        equation="max log p(x|z), z = f(x), f = affine ∘ (conv, stride 2)ⁿ",
        source="Masci et al. 2011",
        build=partial(convolutional, Autoencoder),
        defaults={"hidden": (16, 32)},
        figures=_PLAIN,
    ),
)
