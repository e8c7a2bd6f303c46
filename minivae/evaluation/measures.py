"""The measures of a diagnosis: rows of its table, one function for each kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from minivae.evaluation.baseline import ignorant_log_prob
from minivae.evaluation.bound import evaluate
from minivae.evaluation.classifier import Classifier
from minivae.evaluation.clusters import cluster_accuracy, kmeans_clusters, mixture_clusters
from minivae.evaluation.decomposition import split_elbo
from minivae.evaluation.diagnosis import Measure
from minivae.evaluation.disentanglement import mutual_information_gap, separated_attributes
from minivae.evaluation.frechet import frechet_between
from minivae.evaluation.importance import importance_estimate
from minivae.evaluation.information import elbo_surgery
from minivae.evaluation.latent_space import completeness, continuity, prior_means
from minivae.evaluation.probe import linear_probe
from minivae.evaluation.rows import Rows
from minivae.evaluation.units import active_units
from minivae.models import VAE, Model

_DRAWS = 100  # of the importance-weighted bound


def of_bound(model: Model, sample: Rows, rng: np.random.Generator) -> Iterator[Measure]:
    """Measure the bound, its parts and what it lacks."""
    x, y = sample.x, sample.y
    if not isinstance(model, VAE):
        score = evaluate(model, x, rng=rng)
        yield Measure("log p(x|z)", score.reconstruction, "nats", "at the code of each datum")
        return
    split = split_elbo(model, x, y, rng=rng)
    yield Measure("ELBO", split.elbo, "nats", "≤ log p(x), mean over data", split.elbo_error)
    if sample.test is not None and y is None:
        other = split_elbo(model, sample.test, rng=rng)
        remark = f"{split.elbo - other.elbo:.2f} nats less than in training"
        yield Measure("ELBO of test data", other.elbo, "nats", remark, other.elbo_error)
    with suppress(TypeError):
        constant = ignorant_log_prob(model.likelihood, x, x)
        yield Measure("without a code", constant, "nats", "log p(x) of independent entries")
    weighted = importance_estimate(model, x[:200], _DRAWS, None if y is None else y[:200], rng=rng)
    gap = weighted.mean - float(weighted.bounds[0].mean())
    remark = f"log p(x) by {_DRAWS} draws, less the ELBO"
    yield Measure("gap", gap, "nats", remark, weighted.mean_error)
    yield Measure("reconstruction", split.reconstruction, "nats", "E log p(x|z)")
    yield Measure("KL", split.kl, "nats", "mean of KL(q(z|x) ‖ p(z))")
    if split.kl_per_dim is not None:
        small = int(np.sum(split.kl_per_dim < 0.01))
        remark = f"the largest; {small} below 0.01"
        yield Measure("KL per dimension", split.kl_per_dim, "nats", remark)
    parts = elbo_surgery(model, x, y, rng=rng)
    for name, remark in (
        ("mutual information", f"I(x; z), at most log n = {parts.cap:.2f}"),
        ("aggregate KL", "KL(q(z) ‖ p(z)): how q(z) misses the prior"),
        ("total correlation", "of the dimensions of q(z)"),
    ):
        key = name.replace(" ", "_").replace("KL", "kl")
        yield Measure(name, getattr(parts, key), "nats", remark, float(parts.errors[key]))
    if parts.dimension_kl is not None:
        wide = float(parts.dimension_kl.sum())
        yield Measure("dimension-wise KL", wide, "nats", "Σ KL(q(z_j) ‖ p(z_j))")


def of_codes(model: Model, sample: Rows, rng: np.random.Generator) -> Iterator[Measure]:
    """Measure the codes and how the decoder moves with them."""
    units = active_units(model, sample.x, sample.y)
    yield Measure("active units", units.count, "", f"of {model.latent}: Var E[z|x] > 0.01")
    if isinstance(model, VAE):
        std = model.encode(sample.x, sample.y).std.data
        yield Measure("posterior deviation", float(np.median(std)), "", "median σ(x)")
    if not _has_mean(model, sample):
        return
    smooth = continuity(model, sample.x, sample.y, rng=rng)
    yield Measure("decoder Jacobian", smooth.jacobian, "", "change of x by one deviation of each z")
    yield Measure("Lipschitz", smooth.lipschitz, "", "largest slope on paths between codes")
    remark = f"of a path in its longest step of {smooth.steps}"
    yield Measure("jump", smooth.jump, "%", remark)


def of_classes(
    model: Model, sample: Rows, labels: np.ndarray, rng: np.random.Generator
) -> Iterator[Measure]:
    """Measure what codes and samples have to do with known classes."""
    x, y = sample.x, sample.y
    codes, most = model.codes(x, y), len(x) * 4 // 5
    if len(np.unique(labels[:most])) < 2:
        return
    probe = linear_probe(codes[:most], labels[:most], codes[most:], labels[most:])
    yield Measure("linear probe", probe.test, "%", f"right; {100 * probe.chance:.0f} % by chance")
    with suppress(TypeError):
        named = cluster_accuracy(mixture_clusters(model, x, y), labels)
        remark = f"right by component; purity {100 * named.purity:.0f} %"
        yield Measure("clusters of the prior", named.accuracy, "%", remark)
    k = len(np.unique(labels))
    named = cluster_accuracy(kmeans_clusters(codes, k, rng=rng), labels)
    yield Measure("clusters of the codes", named.accuracy, "%", f"right by {k}-means")
    if not _has_mean(model, sample):
        return
    judge = Classifier.fitted(x, labels, rng=rng)
    shuffled = None if y is None else y[rng.permutation(len(x))]
    sure = completeness(model, judge, shuffled, rng=rng, samples=len(x), data=x)
    remark = f"sure of samples; {100 * (sure.of_data or 0):.0f} % of data"
    yield Measure("completeness", sure.confidence, "%", remark)
    yield Measure("classes in samples", sure.classes, "", f"of {k}, in effect")
    samples = judge.features(prior_means(model, len(x), shuffled, rng=rng))
    real = judge.features(x)
    found, best = (frechet_between(half, real[1::2]) for half in (samples[::2], real[::2]))
    remark = f"of samples' features from half of the data's; of the other half {best:.3g}"
    yield Measure("Frechet distance", found, "", remark)


def _has_mean(model: Model, sample: Rows) -> bool:
    """Tell whether E[x|z] can be had: a distribution over sequences has none in closed form."""
    codes = model.codes(sample.x[:1], None if sample.y is None else sample.y[:1])
    try:
        _ = model.decode(codes, None if sample.y is None else sample.y[:1]).mean
    except TypeError:
        return False
    return True


def of_factors(model: Model, sample: Rows) -> Iterator[Measure]:
    """Measure whether known factors have dimensions of their own."""
    codes = model.codes(sample.x, sample.y)
    gap = mutual_information_gap(codes, sample.factors, discrete=sample.discrete)
    yield Measure("mutual information gap", gap.score, "", "1: a dimension for each factor")
    attributes = separated_attributes(codes, sample.factors, discrete=sample.discrete)
    yield Measure("separated attributes", attributes.score, "", "the same, by linear prediction")
