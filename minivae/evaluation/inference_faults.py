"""Faults of the inference: the encoder, its draws, and what of them reaches the decoder.

Each function finds one fault of a VAE, or returns None. It takes a model, data, their condition
(or None) and a generator. Its docstring says from which number on it speaks, and why.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from minivae.engine import no_grad
from minivae.evaluation.finding import Finding
from minivae.evaluation.twin import twin_of
from minivae.evaluation.units import active_units
from minivae.models import VAE

_STILL = 1e-5  # what rounding leaves of a spread, in single precision
_CHANCE = 5  # standard errors


def wrong_draws(model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find a posterior whose draws have not the standard deviation that its density has.

    E[((z - μ) / σ)²] = 1. It speaks if the mean over many draws is off by five standard errors
    and by a fiftieth.
    """
    with no_grad():
        q = model.encode(x, y)
        mu, std = (a.data.astype(np.float64) for a in (q.mean, q.std))
        with np.errstate(all="ignore"):
            squares = ((q.sample(rng, 64) - mu) / std) ** 2
    if not np.isfinite(squares).all():
        return None
    of_draws = squares.mean(axis=2)
    error = of_draws.std() / sqrt(of_draws.size)
    if abs(of_draws.mean() - 1) < max(_CHANCE * error, 0.02):
        return None
    deviations = 0.5 * np.log(squares.mean(axis=0)) + np.log(std)
    slope = np.polyfit(np.log(std).ravel(), deviations.ravel(), 1)[0] if np.ptp(std) else 1.0
    return Finding(
        "log-variance read as a deviation" if abs(slope - 1) > 0.25 else "draws of another width",
        f"draws have {sqrt(of_draws.mean()):.3g} times the standard deviation of their density; "
        f"it goes as that deviation to the power {slope:.2f}",
        "the draws and the KL divergence are of different distributions: the bound is none",
        "with logvar = log σ² draw z = μ + exp(½ logvar) ε",
    )


def blocked_gradient(model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find an encoder that the reconstruction cannot teach.

    At random weights of the same architecture, where nothing has collapsed: either the gradient
    of E_q[log p(x|z)] in the encoder's parameters is exactly 0, or that of the loss is a multiple
    of the KL divergence's alone, to one part in 10 000.
    """
    twin, seed = twin_of(model, rng), int(rng.integers(2**31))
    few = x[:50], None if y is None else y[:50]
    of = {
        name: _encoder_gradient(twin, name, *few, np.random.default_rng(seed))
        for name in ("reconstruction", "kl", "loss")
    }
    kl, loss = of["kl"], of["loss"]
    if not (np.isfinite(loss).all() and np.isfinite(kl).all() and kl.any()):
        return None
    apart = loss - (loss @ kl) / (kl @ kl) * kl
    if of["reconstruction"].any() and np.linalg.norm(apart) > 1e-4 * np.linalg.norm(loss):
        return None
    return Finding(
        "sampling without gradient",
        "no part of the reconstruction's gradient reaches the encoder's parameters",
        "the draw of z cuts the graph, so that the KL divergence alone trains the encoder: it "
        "learns the prior",
        "draw z = μ + σ ε with ε ~ N(0, I) from outside (rsample): sample gives an array",
    )


def ignored_code(model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find a decoder that gives the same whatever z is: to rounding, 1e-5 of its outputs."""
    one = None if y is None else y[:1].repeat(200, axis=0)
    with no_grad():
        p = model.decode(model.prior.sample(rng, 200), one)
        try:
            outputs = p.mean.data
        except TypeError:  # a distribution over sequences has no mean
            outputs = p.log_prob(x[:1].repeat(200, axis=0)).data
    spread = float(outputs.std(axis=0, dtype=np.float64).max())
    size = float(np.abs(outputs).max())
    if spread > _STILL * size:
        return None
    return Finding(
        "decoder ignores z",
        f"over 200 draws from the prior its outputs vary by {spread:.2g}, of {size:.2g}",
        "whatever the encoder says is lost, and the best it can do is to say nothing",
        "pass z to the decoder's first layer, and look for weights of 0 on its way",
    )


def ignored_data(model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find an encoder that gives one posterior for all data: to rounding, 1e-5 of the prior."""
    one = None if y is None else y[:1].repeat(len(x), axis=0)
    with no_grad():
        q = model.encode(x, one)
        scale = float(np.max(model.prior.std.data))
        spread = max(float(np.ptp(a.data, axis=0).max()) / scale for a in (q.mean, q.std))
    if spread > _STILL:
        return None
    return Finding(
        "encoder ignores x",
        f"over {len(x)} data means and deviations vary by {spread:.2g} of the prior's",
        "every datum has the same posterior, and codes tell nothing",
        "pass x to the encoder's first layer; look for constant inputs, zero weights, dead units",
    )


def collapse(model: VAE, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find dimensions that say nothing; an alarm if none says anything.

    A dimension is active if its posterior mean has a variance over 0.01 (Burda et al. 2016). That
    some are not is how a VAE prunes what its data do not need; that none is leaves no model of
    them.
    """
    units = active_units(model, x, y)
    idle = model.latent - units.count
    if idle == 0:
        return None
    if units.count:
        return Finding(
            "collapsed dimensions",
            f"{idle} of {model.latent} have Var E[z|x] ≤ 0.01",
            "the bound gains nothing by them: more dimensions than the data need, or a weight on "
            "KL that is too large",
            "nothing, if the bound is good; else warm β up from 0, or give dimensions free bits",
            alarm=False,
        )
    return Finding(
        "posterior collapse",
        f"none of {model.latent} dimensions is active: the largest Var E[z|x] is "
        f"{units.variances.max():.2g}",
        "q(z|x) is nearly the prior for all x: the decoder models the data without its code",
        "warm β up from 0, give each dimension free bits, weaken the decoder; and see that "
        "reconstruction and KL are both sums over entries",
    )


def _encoder_gradient(
    model: VAE, term: str, x: np.ndarray, y: Any, rng: np.random.Generator
) -> np.ndarray:
    """Return the gradient of a term in the encoder's parameters, as one vector."""
    for parameter in model.parameters():
        parameter.grad = None
    if term == "loss":
        model.loss(x, y, rng=rng).backward()
    else:
        getattr(model.elbo(x, y, rng=rng), term).backward()
    parts = [
        np.zeros(p.data.size) if p.grad is None else np.ravel(p.grad).astype(np.float64)
        for p in model.encoder.parameters()
    ]
    return np.concatenate(parts)
