"""The diagnosis of a model: all measures that apply in one table, and the faults they point to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from rich.console import Console

from minivae.data import Dataset
from minivae.evaluation import faults, inference_faults, kl_weight
from minivae.evaluation.baseline import ignorant_log_prob
from minivae.evaluation.bound import evaluate
from minivae.evaluation.classifier import Classifier
from minivae.evaluation.clusters import cluster_accuracy, kmeans_clusters, mixture_clusters
from minivae.evaluation.decomposition import split_elbo
from minivae.evaluation.diagnosis import Diagnosis, Measure
from minivae.evaluation.disentanglement import mutual_information_gap, separated_attributes
from minivae.evaluation.finding import Finding
from minivae.evaluation.frechet import frechet_between
from minivae.evaluation.importance import importance_estimate
from minivae.evaluation.information import elbo_surgery
from minivae.evaluation.latent_space import completeness, continuity, prior_means
from minivae.evaluation.probe import linear_probe
from minivae.evaluation.units import active_units
from minivae.models import VAE, Model

_DRAWS = 100  # of the importance-weighted bound

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def diagnose(
    model: Model,
    data: Dataset | np.ndarray,
    y: Any = None,
    *,
    rng: np.random.Generator,
    labels: Any = None,
    transform: Transform | None = None,
    rows: int = 1000,
    show: bool = True,
) -> Diagnosis:
    """Measure a trained model in every way that applies, and name likely faults.

    The faults are those that people meet most: posterior collapse, a KL divergence or a
    reconstruction that is a mean where the other is a sum, grey levels under a Bernoulli
    likelihood, exchanged arguments of the cross-entropy, overflow, a decoder that ignores z, an
    encoder that ignores x, draws that cut the gradient, data of another scale than the likelihood,
    dead units, a log-variance read as a standard deviation. Each finding says what was seen, what
    it means and what to do. The functions of :mod:`minivae.evaluation.faults` and
    :mod:`minivae.evaluation.inference_faults` say from which number on they speak, and why.

    Parameters
    ----------
    model : Model
        A VAE or an autoencoder, trained.
    data : Dataset or ndarray
        What it was trained on, (n, data_dim); of a data set its ``train``, with its labels and
        factors, and its ``test`` for the bound on data never seen.
    y : array_like, optional
        The condition of each training datum, for a conditional model. For a data set with as many
        classes as the condition has entries it is by default the label, one-hot.
    rng : numpy.random.Generator
        Chooses the rows and draws the noise.
    labels : array_like of int, optional
        The class of each datum, for the measures that need one.
    transform : callable, optional
        ``transform(x, rng)`` gives what the model saw in training, as for :func:`minivae.fit`.
    rows : int
        At most so many data are looked at. The mutual information cannot exceed log rows.
    show : bool
        Print the table.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=64, hidden=(16,), latent=2, rng=rng)
    >>> found = mv.evaluation.diagnose(model, mv.data.load("digits"), rng=rng, show=False)
    >>> "non-binary data" in found.faults
    True
    """
    sample = _Rows(model, data, y, labels, transform, rows, rng)
    findings = list(_first(model, sample, rng))
    measures: list[Measure] = []
    if not findings:
        findings = list(_later(model, sample, rng, measures))
        bound = list(_bound(model, sample, rng))
        findings += _worse_than_nothing(bound)
        measures = [*bound, *measures, *_codes(model, sample, rng)]
        if sample.labels is not None:
            measures += _classes(model, sample, sample.labels, rng)
        if sample.factors is not None and model.latent > 1:
            measures += _factors(model, sample)
    title = f"{type(model).__name__} of {model.latent} dimensions on {len(sample.x)} data"
    diagnosis = Diagnosis(title, tuple(measures), tuple(findings))
    if show:
        Console().print(diagnosis)
    return diagnosis


class _Rows:
    """The rows that are looked at, with what is known of them."""

    def __init__(
        self,
        model: Model,
        data: Dataset | np.ndarray,
        y: Any,
        labels: Any,
        transform: Transform | None,
        rows: int,
        rng: np.random.Generator,
    ) -> None:
        whole = data.train if isinstance(data, Dataset) else np.asarray(data)
        if len(whole) < 2 or rows < 2:
            raise ValueError(f"diagnose: needs two data or more, not {min(len(whole), rows)}")
        chosen = rng.permutation(len(whole))[:rows]
        self.test = self.labels = self.factors = self.discrete = None
        if isinstance(data, Dataset):
            self.test = data.test[:rows]
            if labels is None and data.labels is not None:
                labels = data.labels.train
            if data.factors is not None:
                changing = data.factors.train.std(axis=0) > 0
                self.factors = data.factors.train[chosen][:, changing]
                self.discrete = [
                    d for d, c in zip(data.factors.discrete, changing, strict=True) if c
                ]
        condition = getattr(model, "condition", 0)
        if y is None and condition and labels is not None:
            y = np.eye(condition)[labels] if np.max(labels) < condition else None
        self.x = model.as_data(whole[chosen])
        if transform is not None:
            self.x = model.as_data(transform(self.x, rng))
            self.test = None if self.test is None else transform(self.test, rng)
        self.y = None if y is None else np.asarray(y, model.dtype)[chosen]
        self.labels = None if labels is None else np.asarray(labels)[chosen]


def _first(model: Model, sample: _Rows, rng: np.random.Generator) -> Iterator[Finding]:
    """Find what makes all other numbers meaningless."""
    scale = faults.wrong_scale(model, sample.x)
    if scale is None:
        scale = faults.overflow(model, sample.x, sample.y, rng)
    if scale is not None:
        yield scale


def _later(
    model: Model, sample: _Rows, rng: np.random.Generator, measures: list[Measure]
) -> Iterator[Finding]:
    """Find the others, causes before consequences; add the weights of KL to ``measures``."""
    x, y = sample.x, sample.y
    swapped = faults.swapped_arguments(model, x, y, rng)
    found = [
        faults.non_binary(model, x),
        faults.misfit_sigma(model, x, y, rng),
        swapped,
        faults.dead_units(model, x, y, rng),
    ]
    if isinstance(model, VAE):
        draws = inference_faults.wrong_draws(model, x, y, rng)
        by_weights = by_loss = None
        if kl_weight.declared_beta(model) is not None:
            by_loss = kl_weight.loss_beta(model, x, y, rng)
            if swapped is None and draws is None:  # these upset the balance in ways of their own
                by_weights = kl_weight.balance(model, x, y, rng)
        if by_weights is not None:
            remark = f"where gradients balance; from the means {by_weights.means.beta:.3g}"
            widths = by_weights.widths
            measures.append(Measure("β by the weights", widths.beta, "", remark, widths.error))
        if by_loss is not None:
            measures.append(Measure("β by the loss", by_loss.beta, "", "of the values of loss()"))
        unread = inference_faults.ignored_code(model, x, y, rng)
        found += [
            unread,
            inference_faults.ignored_data(model, x, y, rng),
            inference_faults.blocked_gradient(model, x, y, rng) if unread is None else None,
            draws,
            kl_weight.misread_deviation(model, by_weights, x, y, rng),
            kl_weight.wrong_weight(model, by_weights, by_loss),
            inference_faults.collapse(model, x, y, rng),
        ]
    yield from (finding for finding in found if finding is not None)


def _bound(model: Model, sample: _Rows, rng: np.random.Generator) -> Iterator[Measure]:
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


def _worse_than_nothing(bound: list[Measure]) -> Iterator[Finding]:
    """Find a bound below the log likelihood of independent entries, by five standard errors."""
    of = {measure.name: measure for measure in bound}
    if "ELBO" not in of or "without a code" not in of:
        return
    elbo, constant = of["ELBO"], of["without a code"]
    if float(elbo.value) + 5 * (elbo.error or 0.0) < float(constant.value):
        yield Finding(
            "worse than no code",
            f"the ELBO is {elbo}, and independent entries have log p(x) = {constant}",
            "the model says less of the data than the frequencies of their entries do",
            "train longer, or with another learning rate; then look at the other findings",
            alarm=False,
        )


def _codes(model: Model, sample: _Rows, rng: np.random.Generator) -> Iterator[Measure]:
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


def _classes(
    model: Model, sample: _Rows, labels: np.ndarray, rng: np.random.Generator
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
    half = frechet_between(real[::2], real[1::2])
    remark = f"of samples' features; of two halves of the data {half:.3g}"
    yield Measure("Frechet distance", frechet_between(samples, real), "", remark)


def _has_mean(model: Model, sample: _Rows) -> bool:
    """Tell whether E[x|z] can be had: a distribution over sequences has none in closed form."""
    codes = model.codes(sample.x[:1], None if sample.y is None else sample.y[:1])
    try:
        _ = model.decode(codes, None if sample.y is None else sample.y[:1]).mean
    except TypeError:
        return False
    return True


def _factors(model: Model, sample: _Rows) -> Iterator[Measure]:
    """Measure whether known factors have dimensions of their own."""
    codes = model.codes(sample.x, sample.y)
    gap = mutual_information_gap(codes, sample.factors, discrete=sample.discrete)
    yield Measure("mutual information gap", gap.score, "", "1: a dimension for each factor")
    attributes = separated_attributes(codes, sample.factors, discrete=sample.discrete)
    yield Measure("separated attributes", attributes.score, "", "the same, by linear prediction")
