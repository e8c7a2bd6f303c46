"""Continuity and completeness of a latent space, as numbers.

Continuity: codes that are close decode alike. Completeness: any code drawn from the prior decodes
to something meaningful.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

from minivae.distributions import Normal
from minivae.engine import jvp, no_grad
from minivae.evaluation.classifier import Classifier
from minivae.evaluation.finite import refuse_nan
from minivae.models import Model


@dataclass(frozen=True)
class Continuity:
    """How smoothly a decoder maps codes to data.

    Attributes
    ----------
    jacobian : float
        Root mean square over codes of ‖∂E[x|z]/∂z · diag s‖ (Frobenius), s the standard deviation
        of the codes: by how much x changes when each latent moves by as much as codes differ.
        In units of the data.
    lipschitz : float
        The largest ‖x' - x‖ / ‖z' - z‖ of neighbours on the paths: a lower bound of the decoder's
        Lipschitz constant.
    jump : float
        Mean over paths of the longest step's share of a path's length in data space: 1 / steps
        where x moves evenly, 1 where it moves in one jump.
    steps : int
        Steps in a path.
    """

    jacobian: float
    lipschitz: float
    jump: float
    steps: int


@dataclass(frozen=True)
class Completeness:
    """What a classifier says of samples.

    Attributes
    ----------
    confidence : float
        Mean probability of the most probable class of a sample.
    of_data : float or None
        The same for real data, what samples can hope for.
    classes : float
        exp H(mean class distribution of the samples): how many classes they cover, in effect.
        A decoder that ignores its code is confident of one class.
    """

    confidence: float
    of_data: float | None
    classes: float


def decoder_jacobian(model: Model, z: np.ndarray, y: Any = None) -> np.ndarray:
    """Return ∂E[x|z]/∂z at codes (n, latent), (n, data_dim, latent), by forward mode."""
    z = np.asarray(model.as_codes(z))
    columns = []
    with no_grad():
        for direction in np.eye(z.shape[1], dtype=z.dtype):
            tangent = np.broadcast_to(direction, z.shape).copy()
            _, dx = jvp(lambda codes: model.decode(codes, y).mean, (z,), (tangent,))
            columns.append(dx.data)
    return np.stack(columns, axis=-1)


def continuity(
    model: Model,
    x: np.ndarray,
    y: Any = None,
    *,
    rng: np.random.Generator,
    pairs: int = 100,
    steps: int = 50,
) -> Continuity:
    """Measure how evenly the decoder moves along straight paths between codes of data.

    Parameters
    ----------
    model : Model
        A VAE or an autoencoder.
    x : ndarray
        Data, (n, data_dim), at least two.
    y : array_like, optional
        The condition of a conditional model, (n, c); a path keeps the one of its beginning.
    rng : numpy.random.Generator
        Chooses the pairs of data whose codes the paths join.
    pairs, steps : int
        How many paths, and steps in each.

    Raises
    ------
    ValueError
        If there are fewer than two data, no pair or step, or codes or what they decode to are NaN
        or infinite.
    """
    if len(x) < 2 or pairs < 1 or steps < 1:
        raise ValueError(
            f"continuity: two data, a pair and a step are needed, not {len(x)}, {pairs}, {steps}"
        )
    first = rng.integers(len(x), size=pairs)
    second = (first + rng.integers(1, len(x), size=pairs)) % len(x)
    condition = None if y is None else np.asarray(y)[first]
    codes = model.codes(x, y)
    refuse_nan("continuity", codes=codes)
    t = np.linspace(0, 1, steps + 1, dtype=codes.dtype)[:, None, None]
    z = (1 - t) * codes[first] + t * codes[second]  # (steps + 1, pairs, latent)
    with no_grad():
        path = model.decode(z, condition).mean.data
    refuse_nan("continuity", decodes=path)
    moved = np.linalg.norm(np.diff(path.astype(np.float64), axis=0), axis=-1)
    length = np.linalg.norm(np.diff(z.astype(np.float64), axis=0), axis=-1)
    total = moved.sum(axis=0)
    jumps = np.divide(moved.max(axis=0), total, out=np.full(pairs, 1 / steps), where=total > 0)
    slopes = np.divide(moved, length, out=np.zeros_like(moved), where=length > 0)
    j = decoder_jacobian(model, codes[first], condition) * codes.std(axis=0)
    return Continuity(
        jacobian=float(np.sqrt(np.mean(np.sum(j.astype(np.float64) ** 2, axis=(1, 2))))),
        lipschitz=float(slopes.max()),
        jump=float(jumps.mean()),
        steps=steps,
    )


def prior_means(
    model: Model, samples: int, y: Any = None, *, rng: np.random.Generator
) -> np.ndarray:
    """Return E[x|z] at codes drawn from the prior (from N(0, I) where a model has none)."""
    prior = model.prior if model.prior is not None else Normal.standard(model.latent, model.dtype)
    with no_grad():
        return model.decode(prior.sample(rng, samples), y).mean.data


def completeness(
    model: Model,
    classifier: Classifier,
    y: Any = None,
    *,
    rng: np.random.Generator,
    samples: int = 1000,
    data: np.ndarray | None = None,
) -> Completeness:
    """Ask a classifier how sure it is of what codes from the prior decode to.

    A classifier can be sure of nonsense: read the number beside the Frechet distance.

    Parameters
    ----------
    model : Model
        A VAE; or an autoencoder, whose codes are then drawn from N(0, I), for want of a prior.
    classifier : Classifier
        Trained on real data of the same kind.
    y : array_like, optional
        The condition of each sample of a conditional model, (samples, c).
    rng : numpy.random.Generator
        Draws the codes.
    samples : int
        How many.
    data : ndarray, optional
        Real data, for comparison.
    """
    x = prior_means(model, samples, y, rng=rng)
    p = classifier.probabilities(x).astype(np.float64)
    return Completeness(
        confidence=float(p.max(axis=1).mean()),
        of_data=None if data is None else float(classifier.probabilities(data).max(axis=1).mean()),
        classes=float(np.exp(entr(p.mean(axis=0)).sum())),
    )
