"""Recipes of VAEs: one class, and another part each time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.data import Dataset
from minivae.models import VAE, ImportanceWeightedBound, ScoreFunctionBound, VariationalBound
from minivae.nn import Linear, Sequential
from minivae.optim import Schedule, cyclical, staircase, warm_up
from minivae.runs.recipes.networks import convolutional, mlp
from minivae.runs.recipes.recipe import (
    IMAGES,
    LABELLED,
    NOTHING,
    PATCHES,
    POINTS,
    WAVES,
    Option,
    Recipe,
)

if TYPE_CHECKING:
    from minivae.runs.settings import Settings

_VECTORS = (*IMAGES, *PATCHES, *POINTS, *WAVES)
_PLAIN = ("reconstructions", "latent", "samples", "sweep")
_FEW: dict[str, Any] = {"digits": {"epochs": 150}}  # grey levels that are not drawn anew: enough
_EVIDENCE = "log p(x) ≥ E_q[log p(x|z)] - KL(q(z|x) ‖ p(z))"


_mlp = partial(mlp, VAE)


def _with_options(
    settings: Settings, dataset: Dataset, rng: np.random.Generator, **own: Any
) -> VAE:
    """Build a VAE whose constructor takes the recipe's options by their names."""
    return _mlp(settings, dataset, rng, **own, **settings.options)


def _conditional(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> VAE:
    assert dataset.labels is not None
    return _mlp(settings, dataset, rng, condition=int(dataset.labels.train.max()) + 1)


def _linear(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> VAE:
    sizes = dataset.train.shape[1], settings.latent
    return VAE.linear(*sizes, sigma=settings.sigma, dtype="float32", rng=rng)


def _beta(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> VAE:
    model = _mlp(settings, dataset, rng)
    model.objective = VariationalBound(
        float(settings.options["beta"]), float(settings.options["free_bits"])
    )
    return model


def _beta_schedule(settings: Settings, steps: int) -> Mapping[str, Schedule]:
    beta, kind = float(settings.options["beta"]), settings.options["schedule"]
    if kind == "warm_up":
        return {"beta": warm_up(max(1, steps // 4), end=beta)}
    if kind == "cyclical":
        return {"beta": cyclical(max(1, steps // 5), high=beta)}
    return NOTHING


def _importance(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> VAE:
    """Build it with the pixels' log odds as the decoder's first offsets, as in the paper's code."""
    model = _mlp(settings, dataset, rng)
    if settings.likelihood == "bernoulli" and isinstance(model.decoder, Sequential):
        last = model.decoder.layers[-1]
        assert isinstance(last, Linear)
        last.bias.data[...] = model.likelihood.constant(dataset.train)
    own = settings.options
    model.objective = ImportanceWeightedBound(int(own["samples"]), str(own["gradient"]))
    return model


def _importance_schedule(settings: Settings, steps: int) -> Mapping[str, Schedule]:
    return {"lr": staircase(steps, settings.lr, settings.lr / 10)}


def _score(settings: Settings, dataset: Dataset, rng: np.random.Generator) -> VAE:
    model = _mlp(settings, dataset, rng)
    own = settings.options
    model.objective = ScoreFunctionBound(int(own["samples"]), str(own["control_variate"]))
    return model


VARIATIONAL = (
    Recipe(
        name="vae",
        line="variational autoencoder",
        equation=_EVIDENCE,
        source="Kingma & Welling 2014, equation 3",
        build=_mlp,
        data=_VECTORS,
        figures=_PLAIN,
    ),
    Recipe(
        name="isotropic-vae",
        line="VAE whose posterior has one variance for all dimensions",
        equation="q(z|x) = N(μ(x), k(x) I)",
        source="Doersch 2016",
        build=partial(_mlp, posterior="isotropic"),
        data=_VECTORS,
        figures=_PLAIN,
    ),
    Recipe(
        name="full-vae",
        line="VAE whose posterior has a full covariance",
        equation="q(z|x) = N(μ(x), L Lᵀ), z = μ + L ε",
        source="Kingma & Welling 2019, section 2.5.1",
        build=partial(_mlp, posterior="full"),
        data=_VECTORS,
        figures=_PLAIN,
    ),
    Recipe(
        name="sigma-vae",
        line="VAE with a Gaussian likelihood whose σ is the best for each batch",
        equation="p(x|z) = N(f(z), σ² I), σ² = mean of (x - f(z))²",
        source="Rybkin, Daniilidis & Levine 2021, equation 7",
        build=_mlp,
        data=_VECTORS,
        defaults={"likelihood": "gaussian", "sigma": "optimal"},
        likelihoods=dict.fromkeys(_VECTORS, ("gaussian",)),
        on=_FEW,
        figures=_PLAIN,
    ),
    Recipe(
        name="continuous-vae",
        line="VAE with a continuous Bernoulli likelihood, for grey levels",
        equation="p(x|z) = Π_j C(λ_j) λ_j^x_j (1 - λ_j)^(1 - x_j)",
        source="Loaiza-Ganem & Cunningham 2019",
        build=_mlp,
        defaults={"likelihood": "continuous_bernoulli"},
        likelihoods=dict.fromkeys(IMAGES, ("continuous_bernoulli",)),
        on=_FEW,
        figures=_PLAIN,
    ),
    Recipe(
        name="categorical-vae",
        line="VAE with a probability for each grey level of each pixel",
        equation="p(x|z) = Π_j softmax(h_j)[x_j]",
        source="van den Oord, Kalchbrenner & Kavukcuoglu 2016, for the likelihood",
        build=_with_options,
        data=("digits",),
        defaults={"likelihood": "categorical", "binarize": "none"},
        likelihoods={"digits": ("categorical",)},
        on=_FEW,
        options={"levels": Option(17, "grey levels from 0 to 1: 17 in the embedded digits")},
        figures=_PLAIN,
    ),
    Recipe(
        name="beta-vae",
        line="VAE that weighs the KL divergence, with warm-up, cycles or free bits",
        equation="max E_q[log p(x|z)] - β Σ_j max(λ, KL_j)",
        source="Higgins et al. 2017, equation 4; Kingma et al. 2016, equation 15",
        build=_beta,
        data=_VECTORS,
        defaults={"latent": 10},
        on={"digits": {"beta": 2.0}},
        options={
            "beta": Option(4.0, "β, what a nat of KL divergence counts"),
            "free_bits": Option(0.0, "λ, nats of each dimension that cost as much as more"),
            "schedule": Option(
                "constant",
                "how β gets there: at once, by warm-up in the first quarter, in cycles",
                ("constant", "warm_up", "cyclical"),
            ),
        },
        figures=_PLAIN,
        schedule=_beta_schedule,
    ),
    Recipe(
        name="iwae",
        line="importance weighted autoencoder: a bound of k samples",
        equation="log p(x) ≥ E[log (1/k) Σ_i p(x, z_i) / q(z_i|x)]",
        source="Burda, Grosse & Salakhutdinov 2016, equation 8",
        build=_importance,
        on={
            "digits": {"epochs": 300},
            "mnist": {
                "hidden": (200, 200),
                "latent": 50,
                "activation": "tanh",
                "batch_size": 20,
                "epochs": 40,
                "adam_eps": 1e-4,
            },
        },
        options={
            "samples": Option(5, "k, draws of z for each datum"),
            "gradient": Option(
                "pathwise", "the form of the gradient", ("pathwise", "weighted", "doubly")
            ),
        },
        figures=_PLAIN,
        schedule=_importance_schedule,
    ),
    Recipe(
        name="score-vae",
        line="VAE trained by the score function, for comparison: noisy gradients",
        equation="∇ ELBO = E_q[(f(z) - b) ∇ log q(z|x)], f = log p(x, z) - log q(z|x)",
        source="Paisley, Blei & Jordan 2012; Mnih & Rezende 2016",
        build=_score,
        on={"digits": {"epochs": 200}},
        options={
            "samples": Option(10, "draws of z for each datum"),
            "control_variate": Option(
                "leave_one_out",
                "b: the mean of f over the other draws, or 0",
                ("leave_one_out", "none"),
            ),
        },
        figures=_PLAIN,
    ),
    Recipe(
        name="gmvae",
        line="VAE whose prior is a learned mixture of Gaussians",
        equation="p(z) = (1/k) Σ_c N(μ_c, diag σ_c²), KL by one draw of z",
        source="CS236 notes; Tomczak & Welling 2018 for the family",
        build=partial(_with_options, prior="mixture"),
        data=_VECTORS,
        on={
            "digits": {"latent": 6, "epochs": 300},
            "mnist": {
                "components": 500,
                "latent": 10,
                "activation": "elu",
                "epochs": None,
                "steps": 20_000,
            },
        },
        options={"components": Option(10, "k")},
        figures=("reconstructions", "latent", "samples", "clusters"),
    ),
    Recipe(
        name="cvae",
        line="conditional VAE: it is told the class",
        equation="log p(x|y) ≥ E_q[log p(x|z,y)] - KL(q(z|x,y) ‖ p(z))",
        source="Sohn, Lee & Yan 2015, equation 4",
        build=_conditional,
        data=LABELLED,
        figures=("reconstructions", "latent", "swaps"),
        conditional=True,
    ),
    Recipe(
        name="conv-vae",
        line="VAE of convolutions and transposed convolutions",
        equation=_EVIDENCE,
        source="Kulkarni et al. 2015, for the networks",
        build=partial(convolutional, VAE),
        defaults={"hidden": (16, 32)},
        figures=_PLAIN,
    ),
    Recipe(
        name="linear-vae",
        line="linear-Gaussian VAE: its evidence is known in closed form",
        equation="p(x) = N(b, W Wᵀ + σ² I)",
        source="Tipping & Bishop 1999; Lucas et al. 2019",
        build=_linear,
        data=_VECTORS,
        defaults={"hidden": (), "likelihood": "gaussian", "sigma": "learned"},
        without=("hidden", "activation", "likelihood"),
        figures=_PLAIN,
    ),
)
