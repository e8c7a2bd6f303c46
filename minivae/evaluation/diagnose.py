"""The diagnosis of a model: all measures that apply in one table, and the faults they point to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console

from minivae.data import Dataset
from minivae.evaluation import faults, inference_faults, kl_weight, measures
from minivae.evaluation.diagnosis import Diagnosis, Measure
from minivae.evaluation.finding import Finding
from minivae.evaluation.rows import Rows, Transform
from minivae.models import VAE, Model


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
    labels : array_like, optional
        The class of each datum, a number or a name, for the measures that need one.
    transform : callable, optional
        ``transform(x, rng)`` gives what the model saw in training, as for :func:`minivae.fit`.
    rows : int
        At most so many data are looked at. The mutual information cannot exceed log rows.
    show : bool
        Print the table.

    Raises
    ------
    TypeError
        If the model has no codes of data, as a GAN.
    ValueError
        If there are fewer than two data, or not as many conditions or labels as data.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=64, hidden=(16,), latent=2, rng=rng)
    >>> found = mv.evaluation.diagnose(model, mv.data.load("digits"), rng=rng, show=False)
    >>> "non-binary data" in found.faults
    True
    """
    if type(model).codes is Model.codes:
        raise TypeError(
            f"diagnose: a {type(model).__name__} has no codes of data; measure its samples, by "
            "mode_coverage, frechet_between or diversity"
        )
    sample = Rows(model, data, y, labels, transform, rows, rng)
    findings = list(_first(model, sample, rng))
    measured: list[Measure] = []
    if not findings:
        findings = list(_later(model, sample, rng, measured))
        bound = list(measures.of_bound(model, sample, rng))
        findings += _worse_than_nothing(bound)
        measured = [*bound, *measured, *measures.of_codes(model, sample, rng)]
        if sample.labels is not None:
            measured += measures.of_classes(model, sample, sample.labels, rng)
        if sample.factors is not None and model.latent > 1:
            measured += measures.of_factors(model, sample)
    title = f"{type(model).__name__} of {model.latent} dimensions on {len(sample.x)} data"
    diagnosis = Diagnosis(title, tuple(measured), tuple(findings))
    if show:
        Console().print(diagnosis)
    return diagnosis


def _first(model: Model, sample: Rows, rng: np.random.Generator) -> Iterator[Finding]:
    """Find what makes all other numbers meaningless."""
    scale = faults.wrong_scale(model, sample.x)
    if scale is None:
        scale = faults.overflow(model, sample.x, sample.y, rng)
    if scale is not None:
        yield scale


def _later(
    model: Model, sample: Rows, rng: np.random.Generator, measured: list[Measure]
) -> Iterator[Finding]:
    """Find the others, causes before consequences; add the weights of KL to ``measured``."""
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
            measured.append(Measure("β by the weights", widths.beta, "", remark, widths.error))
        if by_loss is not None:
            measured.append(Measure("β by the loss", by_loss.beta, "", "of the values of loss()"))
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
