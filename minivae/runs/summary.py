"""The figures that a run ends with: what the test data say of its model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

import numpy as np

from minivae import data
from minivae.evaluation import evaluate, ignorant_log_prob, mode_coverage
from minivae.evaluation.classifier import Classifier
from minivae.evaluation.clusters import cluster_accuracy, mixture_clusters
from minivae.evaluation.frechet import frechet_between
from minivae.evaluation.latent_space import prior_means
from minivae.models import GAN, VAE, ImportanceWeightedBound, MixturePrior, Model, SequenceVAE
from minivae.runs.pieces import MODES, RunData
from minivae.runs.settings import Settings
from minivae.runs.streams import stream

_BOUNDED = 1000  # data on which a bound of several samples is taken
_JUDGED = 10_000  # images that the judge learns from, and that it judges


@dataclass(frozen=True)
class Summary:
    """Means over the test data, in nats, and what else suits the model.

    Attributes
    ----------
    reconstruction : float or None
        E_q[log p(x|z)], for an autoencoder log p(x|f(x)); None for a GAN.
    kl, elbo : float or None
        KL(q(z|x) ‖ p(z)) and their difference, the bound; None for a model without one.
    baseline : float or None
        log p(x) of a model whose entries are independent of each other and of z.
    others : dict of str to float
        Further measures by their names.
    """

    reconstruction: float | None = None
    kl: float | None = None
    elbo: float | None = None
    baseline: float | None = None
    others: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the summary as JSON, one figure to a line."""
        return json.dumps(asdict(self), indent=2) + "\n"


def summarize(settings: Settings, model: Model, prepared: RunData) -> Summary:
    """Measure a run's model on its test data, and what it makes up beside them."""
    rng = stream(settings.seed, "evaluation")
    if isinstance(model, GAN):
        return Summary(others=_of_samples(settings, model, prepared, rng))
    score = evaluate(model, prepared.test, prepared.test_y, rng=rng)
    baseline = ignorant_log_prob(model.likelihood, prepared.train, prepared.test)
    others = {}
    labels = prepared.dataset.labels
    if isinstance(model, VAE) and isinstance(model.prior, MixturePrior) and labels is not None:
        found = mixture_clusters(model, prepared.test)
        others["cluster accuracy"] = cluster_accuracy(found, labels.test).accuracy
    strings = prepared.dataset.alphabet is not None
    if isinstance(model, SequenceVAE) and strings and score.elbo is not None:
        symbols = float(model.likelihood.lengths(prepared.test).mean())
        others["-ELBO per symbol"] = -score.elbo / symbols
    if isinstance(model, VAE) and isinstance(model.objective, ImportanceWeightedBound):
        k = model.objective.samples
        bound = model.importance_weighted_bound(prepared.test[:_BOUNDED], k, rng=rng)
        others[f"bound of {k} samples"] = bound.item()
    if isinstance(model, VAE):
        others |= _of_samples(settings, model, prepared, rng)
    return Summary(score.reconstruction, score.kl, score.elbo, baseline, others)


def _of_samples(
    settings: Settings, model: VAE | GAN, prepared: RunData, rng: np.random.Generator
) -> dict[str, float]:
    """Measure what a model with a prior makes up, by what is known of its data."""
    dataset, modes = prepared.dataset, MODES.get(settings.data)
    if modes is not None:
        points = model.sample(len(dataset.test), rng=rng)
        found = mode_coverage(points, modes.centres, modes.std)
        return {
            "modes covered": found.covered,
            "modes": found.modes,
            "good samples": found.quality,
        }
    if settings.data == "strings":
        right = np.isfinite(data.words_log_prob(model.sample(len(dataset.test), rng=rng)))
        return {"words of the grammar": float(right.mean())}
    labels = dataset.labels
    if labels is None or dataset.image_shape is None:
        return {}
    rows = rng.permutation(len(dataset.train))[:_JUDGED]
    judge = Classifier.fitted(dataset.train[rows], labels.train[rows], rng=rng)
    test, y = dataset.test[:_JUDGED], prepared.test_y
    samples = prior_means(model, len(test), None if y is None else y[:_JUDGED], rng=rng)
    half, other = judge.features(test[::2]), judge.features(test[1::2])
    made = judge.features(samples)[::2]  # as many as there are in a half
    return {
        "Frechet distance": frechet_between(made, other),
        "between halves of the data": frechet_between(half, other),
        "classifier's confidence": float(judge.probabilities(samples).max(axis=1).mean()),
    }
