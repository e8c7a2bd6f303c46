"""Measuring and sampling a run that is complete."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minivae import data, viz
from minivae.engine import no_grad
from minivae.evaluation import Score, evaluate
from minivae.files import write_atomically
from minivae.models import VAE
from minivae.runs.folder import RunFolder
from minivae.runs.pieces import load_data, stream

_BLOCK = 20  # images between two reports of progress


def bound(run: RunFolder, seed: int) -> Score:
    """Return the terms of the ELBO over all test images of the run."""
    return evaluate(run.model(), load_data(run.settings).test, rng=stream(seed, "evaluation"))


def log_probs(
    run: RunFolder,
    samples: int,
    limit: int,
    seed: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Estimate log p(x) of the first ``limit`` test images by importance sampling, in nats.

    ``report(done, total)`` is called with the number of images after each block of them.

    Raises
    ------
    ValueError
        If the run's model has no p(x), or a number is less than 1.
    """
    model = run.model()
    if not isinstance(model, VAE):
        raise ValueError(f"{run.path} is an autoencoder: it has no p(x) to estimate")
    for name, value in (("samples", samples), ("limit", limit)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, it is {value}")
    test, rng = load_data(run.settings).test[:limit], stream(seed, "importance")
    estimates = []
    for start in range(0, len(test), _BLOCK):
        estimates.append(model.log_prob(test[start : start + _BLOCK], samples, rng=rng))
        report(min(start + _BLOCK, len(test)), len(test))
    return np.concatenate(estimates)


def sample(run: RunFolder, n: int, seed: int) -> Path:
    """Write ``n`` samples of the run's model, as a figure and as an array; return the figure.

    They are the decoder's means at z ~ p(z): images without the likelihood's noise.
    """
    model = run.model()
    if not isinstance(model, VAE):
        raise ValueError(f"{run.path} is an autoencoder: it has no prior to sample from")
    if n < 1:
        raise ValueError(f"n must be at least 1, it is {n}")
    (shape,) = (e.image_shape for e in data.available() if e.name == run.settings.data)
    with no_grad():
        images = model.decode(model.prior.sample(stream(seed, "samples"), n)).mean.data
    content = io.BytesIO()
    np.save(content, images.reshape(n, *shape))
    place = run.figures / f"samples-seed{seed}"
    write_atomically(place.with_suffix(".npy"), content.getvalue())
    viz.save(viz.samples(model, shape, rng=stream(seed, "samples"), n=n), place)
    return place.with_suffix(".png")
