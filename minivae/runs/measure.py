"""Measuring and sampling a run that is complete."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minivae import viz
from minivae.engine import no_grad
from minivae.evaluation import Score, evaluate
from minivae.files import write_atomically
from minivae.models import GAN, VAE
from minivae.runs.figures import figure_of_samples
from minivae.runs.folder import RunFolder
from minivae.runs.pieces import load_data
from minivae.runs.streams import stream

_BLOCK = 20  # images between two reports of progress


def bound(run: RunFolder, seed: int) -> Score:
    """Return the terms of the ELBO over all test data of the run.

    Raises
    ------
    ValueError
        If the run's model has no likelihood.
    """
    model, prepared = run.model(), load_data(run.settings)
    if isinstance(model, GAN):
        raise ValueError(f"{run.path} is a GAN: it has no likelihood to evaluate")
    return evaluate(model, prepared.test, prepared.test_y, rng=stream(seed, "evaluation"))


def log_probs(
    run: RunFolder,
    samples: int,
    limit: int,
    seed: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Estimate log p(x) of the first ``limit`` test data by importance sampling, in nats.

    ``report(done, total)`` is called with the number of data after each block of them.

    Raises
    ------
    ValueError
        If the run's model has no p(x), or a number is less than 1.
    """
    model = run.model()
    if not isinstance(model, VAE):
        raise ValueError(f"{run.path} is no VAE: it has no p(x) to estimate")
    for name, value in (("samples", samples), ("limit", limit)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, it is {value}")
    prepared, rng = load_data(run.settings), stream(seed, "importance")
    test, y = prepared.test[:limit], prepared.test_y
    estimates = []
    for start in range(0, len(test), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(test)))
        condition = None if y is None else y[rows]
        estimates.append(model.log_prob(test[rows], samples, condition, rng=rng))
        report(rows.stop, len(test))
    return np.concatenate(estimates)


def sample(run: RunFolder, n: int, seed: int) -> Path:
    """Write ``n`` samples of the run's model, as a figure and as an array; return the figure.

    Images are the decoder's means at z ~ p(z), without the likelihood's noise; a conditional model
    takes its classes in turn. Points, waves and strings are drawn.

    Raises
    ------
    ValueError
        If the run's model has no prior, or there is nothing to draw.
    """
    model, prepared = run.model(), load_data(run.settings)
    if model.prior is None:
        raise ValueError(f"{run.path} is an autoencoder: it has no prior to sample from")
    if n < 1:
        raise ValueError(f"n must be at least 1, it is {n}")
    shape, y = prepared.dataset.image_shape, None
    if prepared.test_y is not None:
        classes = prepared.test_y.shape[1]
        y = np.eye(classes, dtype=prepared.test_y.dtype)[np.arange(n) % classes]
    rng = stream(seed, "samples")
    with no_grad():
        p = model.decode(model.prior.sample(rng, n), y)
        x = p.sample(rng) if shape is None else p.mean.data
    content = io.BytesIO()
    np.save(content, x if shape is None else x.reshape(n, *shape))
    place = run.figures / f"samples-seed{seed}"
    write_atomically(place.with_suffix(".npy"), content.getvalue())
    if shape is not None:
        figure = viz.samples(model, shape, rng=stream(seed, "samples"), n=n, y=y)
    else:
        figure = figure_of_samples(run.settings, prepared.dataset, x)
    viz.save(figure, place)
    return place.with_suffix(".png")
