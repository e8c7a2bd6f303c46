"""Models against each other: the same data, the same number of updates, the same measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minivae.models import Model
from minivae.optim import Schedule
from minivae.training import fit

Draw = Callable[[Any, int, np.random.Generator], np.ndarray]
Measure = Callable[[np.ndarray], Mapping[str, float]]
Row = dict[str, str | float]


def _sample(model: Any, n: int, rng: np.random.Generator) -> np.ndarray:
    return model.sample(n, rng=rng)


def versus(
    models: Mapping[str, Model],
    train: np.ndarray,
    test: np.ndarray,
    measure: Measure,
    *,
    steps: int,
    batch_size: int = 100,
    samples: int = 2500,
    schedule: Mapping[str, Schedule] | None = None,
    draw: Draw = _sample,
    seed: int = 0,
) -> list[Row]:
    """Train each model with the same budget, and measure samples of each in the same way.

    The budget is ``steps`` updates on batches of ``batch_size`` data. An update of one model may
    cost more than that of another (that of a GAN makes two sets of samples and judges both), so
    the seconds and the parameters stand beside the measures.

    Parameters
    ----------
    models : dict of Model
        The contenders by name, untrained; changed in place.
    train : ndarray
        Training data, (n, data_dim).
    test : ndarray
        Data that no model sees, measured as if they were samples: the best that can be expected.
    measure : callable
        Takes samples (n, data_dim), returns numbers by name.
    steps, batch_size : int
        Updates, and data in each.
    samples : int
        How many samples of each model are measured.
    schedule : dict, optional
        As for :func:`minivae.fit`; the same for each model.
    draw : callable
        ``draw(model, n, rng)`` returns samples, by default ``model.sample(n, rng=rng)``, the noise
        of p(x|z) included; pictures are often judged by their means without it.
    seed : int
        Decides everything random; the same for each model.

    Returns
    -------
    list of dict
        A row for the data and one for each model: ``model``, ``parameters``, ``seconds`` of
        training, then the measures.

    Raises
    ------
    TypeError
        If a model has no samples of its own, as an autoencoder, and there is no ``draw``.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng, ring = np.random.default_rng(0), mv.data.gaussian_ring()
    >>> x, _ = ring.sample(500, rng)
    >>> def modes(x):
    ...     return {"modes": mv.evaluation.mode_coverage(x, ring.centres, ring.std).covered}
    >>> models = {"GAN": mv.models.GAN.mlp(2, (16,), 2, output="identity", rng=rng)}
    >>> rows = versus(models, x[:400], x[400:], modes, steps=10, samples=100)
    >>> [row["model"] for row in rows], rows[0]["modes"]
    (['data', 'GAN'], 8)
    """
    silent = [name for name, model in models.items() if not hasattr(model, "sample")]
    if draw is _sample and silent:
        raise TypeError(
            f"versus: {', '.join(silent)} cannot be sampled, for want of a prior; pass "
            "draw=, a function of (model, n, rng) that returns samples"
        )
    rows: list[Row] = [{"model": "data", "parameters": 0, "seconds": 0.0, **measure(test)}]
    for name, model in models.items():
        start = time.perf_counter()
        fit(
            model,
            train,
            rng=np.random.default_rng([seed, 0]),
            steps=steps,
            batch_size=batch_size,
            schedule=schedule,
            progress=False,
        )
        seconds = time.perf_counter() - start
        found = measure(draw(model, samples, np.random.default_rng([seed, 1])))
        size = sum(parameter.size for parameter in model.parameters())
        rows.append({"model": name, "parameters": size, "seconds": seconds, **found})
    return rows
