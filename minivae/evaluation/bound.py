"""The ELBO over a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.engine import no_grad
from minivae.models import ELBO, GAN, VAE, Model, Seq2Seq

_BATCH = 1000
_INSTEAD = {
    GAN: "it has no density; compare its samples with data, as by minivae.evaluation.mode_coverage",
    Seq2Seq: "it has no code; its log p(x|y) is exact, take model.log_prob(x, y).mean()",
}


@dataclass(frozen=True)
class Score:
    """Means over a data set, in nats: elbo = reconstruction - kl.

    An autoencoder has no bound: its ``kl`` and ``elbo`` are None, and ``reconstruction`` is
    log p(x|f(x)).
    """

    reconstruction: float
    kl: float | None
    elbo: float | None


def evaluate(
    model: Model,
    x: np.ndarray,
    y: np.ndarray | None = None,
    *,
    rng: np.random.Generator,
    draws: int = 10,
) -> Score:
    """Return the terms of the ELBO as means over data, each with ``draws`` draws of z.

    Parameters
    ----------
    model : Model
        A trained model.
    x : ndarray
        Data, (n, data_dim).
    y : ndarray, optional
        The condition of each datum, (n, c), for a conditional model.
    rng : numpy.random.Generator
        Draws the noise.
    draws : int
        How often the expectation over z is sampled; more draws, less noise in the estimate.

    Raises
    ------
    ValueError
        If there are no data, or no draws.
    TypeError
        If the model has neither a bound nor a code; the message says what it has instead.
    """
    for kind, instead in _INSTEAD.items():
        if isinstance(model, kind):
            raise TypeError(f"evaluate: there is no such score of a {kind.__name__}: {instead}")
    if len(x) == 0 or draws < 1:
        raise ValueError(
            f"evaluate: a mean needs at least one datum and one draw, not {len(x)} and {draws}"
        )
    with no_grad():
        if not isinstance(model, VAE):
            reconstruction = _over_batches(x, y, lambda x, y: [_reconstruction(model, x, y)])[0]
            return Score(reconstruction, None, None)
        rounds = [
            _over_batches(x, y, lambda x, y: _terms(model.elbo(x, y, rng=rng)))
            for _ in range(draws)
        ]
    reconstruction, kl = np.mean(rounds, axis=0)
    return Score(float(reconstruction), float(kl), float(reconstruction - kl))


def _terms(elbo: ELBO) -> list[float]:
    return [elbo.reconstruction.item(), elbo.kl.item()]


def _reconstruction(model: Model, x: np.ndarray, y: np.ndarray | None) -> float:
    """Return the mean of log p(x|f(x)), of a clean x: nothing is drawn."""
    return float(model.decode(model.codes(x, y), y).log_prob(x).data.mean())


def _over_batches(x: Any, y: Any, terms: Callable[[Any, Any], list[float]]) -> np.ndarray:
    """Return the means over all data of terms that are means over a batch."""
    total = np.zeros(())
    for i in range(0, len(x), _BATCH):
        batch = x[i : i + _BATCH], None if y is None else y[i : i + _BATCH]
        total = total + np.array(terms(*batch)) * (len(batch[0]) / len(x))
    return total
