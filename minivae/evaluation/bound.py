"""The ELBO over a data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minivae.engine import no_grad
from minivae.models import Model

_BATCH = 1000


@dataclass(frozen=True)
class Score:
    """Means over a data set, in nats: elbo = reconstruction - kl.

    An autoencoder has no bound: its ``kl`` and ``elbo`` are None, and ``reconstruction`` is
    log p(x|f(x)).
    """

    reconstruction: float
    kl: float | None
    elbo: float | None


def evaluate(model: Model, x: np.ndarray, *, rng: np.random.Generator, draws: int = 10) -> Score:
    """Return the terms of the ELBO as means over data, each with ``draws`` draws of z.

    Parameters
    ----------
    model : Model
        A trained model.
    x : ndarray
        Data, (n, data_dim).
    rng : numpy.random.Generator
        Draws the noise.
    draws : int
        How often the expectation over z is sampled; more draws, less noise in the estimate.

    Raises
    ------
    ValueError
        If there are no data, or no draws.
    """
    if len(x) == 0 or draws < 1:
        raise ValueError(
            f"evaluate: a mean needs at least one datum and one draw, not {len(x)} and {draws}"
        )
    repeats = draws if model.prior is not None else 1  # an autoencoder draws nothing
    totals = {"reconstruction": 0.0, "kl": 0.0}
    with no_grad():
        for batch in (x[i : i + _BATCH] for i in range(0, len(x), _BATCH)):
            for _ in range(repeats):
                terms = model.terms(batch, rng=rng)
                for name in totals.keys() & terms.keys():
                    totals[name] += terms[name].item() * len(batch) / (repeats * len(x))
    if model.prior is None:
        return Score(totals["reconstruction"], None, None)
    return Score(totals["reconstruction"], totals["kl"], totals["reconstruction"] - totals["kl"])
