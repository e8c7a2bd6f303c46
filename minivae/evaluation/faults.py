"""Faults of data, decoder and network: each function finds one, or returns None.

A function takes a model, data, their condition (or None) and a generator. Its docstring says from
which number on it speaks, and why from that number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import entr

from minivae.distributions import Bernoulli, Normal
from minivae.engine import Tensor, no_grad, vjp
from minivae.evaluation.finding import Finding
from minivae.models import VAE, BernoulliLikelihood, Model
from minivae.nn import ACTIVATIONS, Module

_GREY = 0.1  # nats a datum
_SIGMA = 3.0  # a factor
_SURE = 2.0  # a factor
_FLAT = 1e-3  # slope of a nonlinearity
_DEAD, _TOO_DEAD = 0.5, 0.9  # shares of a layer


def wrong_scale(model: Model, x: np.ndarray) -> Finding | None:
    """Find data that the likelihood refuses: NaN, infinity, grey levels from 0 to 255."""
    try:
        model.likelihood.check(x)
    except ValueError as refusal:
        return Finding(
            "data of the wrong scale",
            f"entries between {np.min(x):.4g} and {np.max(x):.4g}",
            str(refusal),
            "bring the data into the range that the likelihood is made for, as x / 255 for bytes",
        )
    return None


def misfit_sigma(model: Model, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find a Gaussian decoder whose σ is not the size of its errors.

    With errors of root mean square r, a wrong σ costs log(σ / r) + r² / 2σ² - ½ nats an entry.
    It speaks from a factor of 3 on, either way: 0.65 nats an entry or more, so that on any image
    the wrong σ costs more than everything that a code could tell. Of an autoencoder it says
    nothing: without a KL divergence σ only scales the loss.
    """
    if not isinstance(model, VAE):
        return None
    with no_grad():
        p = _reconstruction(model, x, y, rng)
        if not isinstance(p, Normal):
            return None
        residual = float(np.sqrt(np.mean((x - p.mean.data) ** 2, dtype=np.float64)))
        sigma = float(np.sqrt(np.mean(p.std.data**2, dtype=np.float64)))
    if residual == 0 or 1 / _SIGMA <= sigma / residual <= _SIGMA:
        return None
    cost = np.log(sigma / residual) + residual**2 / (2 * sigma**2) - 0.5
    wide = sigma > residual
    return Finding(
        "data of the wrong scale",
        f"the decoder's σ is {sigma:.3g}, its errors have the root mean square {residual:.3g}; "
        f"the data's deviation is {x.std():.3g}; that costs {cost:.3g} nats an entry",
        "squared errors weigh too little against the KL divergence: blur, or collapse"
        if wide
        else "squared errors weigh so much that the KL divergence hardly counts",
        f"scale the data, or take sigma={residual:.2g}, sigma='optimal' or sigma='learned'",
    )


def non_binary(model: Model, x: np.ndarray) -> Finding | None:
    """Find grey levels under a Bernoulli likelihood.

    Their cross-entropy cannot fall below Σ_j H(x_j), which no log-likelihood has. It speaks from
    0.1 nats a datum on: the precision with which bounds on images are quoted.
    """
    if not isinstance(model.likelihood, BernoulliLikelihood):
        return None
    x = x.astype(np.float64)
    floor = float((entr(x) + entr(1 - x)).sum(axis=1).mean())
    if floor < _GREY:
        return None
    share = float(np.mean((x > 0) & (x < 1)))
    return Finding(
        "non-binary data",
        f"{100 * share:.0f} % of the entries lie between 0 and 1; even a perfect decoder pays "
        f"{floor:.1f} nats a datum",
        "the Bernoulli cross-entropy of grey levels is no log-likelihood: the bound is none on "
        "log p(x), and compares with no other model's",
        "binarize (minivae.data.binarize; with fit, transform=binarize), or choose "
        "likelihood='continuous_bernoulli' or 'gaussian'",
    )


def overflow(model: Model, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find numbers that are not finite, or that soon will not be.

    exp(h) overflows from log(largest float) on, 88.7 in single precision: that is the bound for
    logits. The KL divergence's gradient holds σ² = exp(logvar) and the density's 1 / σ², and Adam
    squares them: half of that is the bound for |log σ²|.
    """
    for name, parameter in model.named_parameters():
        bad = int(np.size(parameter.data) - np.isfinite(parameter.data).sum())
        if bad:
            return _overflow(f"{bad} of {parameter.data.size} entries of {name} are not finite")
    limit = float(np.log(np.finfo(model.dtype).max))
    with no_grad(), np.errstate(all="ignore"):
        code = _posterior(model, x, y)
        numbers = {"the encoder's means": (code if _is_code(code) else code.mean).data}
        if isinstance(code, Normal):
            numbers["log σ² of the posterior"] = code.logvar.data
        elif not _is_code(code):
            numbers["log σ² of the posterior"] = 2 * np.log(code.std.data)
        if all(np.isfinite(a).all() for a in numbers.values()):
            p = _reconstruction(model, x, y, rng)
            if isinstance(p, Bernoulli):
                numbers["the decoder's logits"] = p.logits.data
            numbers["log p(x|z)"] = p.log_prob(x).data
    for name, a in numbers.items():
        if not np.isfinite(a).all():
            return _overflow(f"{name} are not finite for {100 * np.mean(~np.isfinite(a)):.0f} %")
        largest = float(np.abs(a).max())
        if "logits" in name and largest > limit:
            return _overflow(f"{name} reach {largest:.4g}; exp overflows at {limit:.4g}")
        if "σ" in name and largest > limit / 2:
            return _overflow(
                f"{name} reaches {largest:.4g} in size; the square of its exponential overflows "
                f"at {limit / 2:.4g}"
            )
    return None


def _overflow(seen: str) -> Finding:
    return Finding(
        "overflow",
        seen,
        "exponentials of such numbers leave the range of floating point; gradients become NaN",
        "lower the learning rate, scale the data to about 1, and begin again from fresh weights; "
        "keep logits as logits (no log of a sigmoid) and variances as their logarithms",
    )


def swapped_arguments(
    model: Model, x: np.ndarray, y: Any, rng: np.random.Generator
) -> Finding | None:
    """Find a Bernoulli decoder that is far surer of its pixels than it is right.

    Where the logits a are at an optimum of E log p(x|z) along their own scale, Σ (x - p) a = 0,
    and then the cross-entropy of the data equals the entropy of the decoder's p. With the
    arguments of the cross-entropy swapped the loss is linear in p, and drives every p to 0 or 1:
    the entropy vanishes, and every wrong pixel costs dearly. It speaks when the decoder pays
    twice what it expects to pay.
    """
    with no_grad():
        p = _reconstruction(model, x, y, rng)
        if not isinstance(p, Bernoulli):
            return None
        mean = p.mean.data.astype(np.float64)
        paid = -float(np.mean(p.log_prob(x).data, dtype=np.float64))
        expected = float((entr(mean) + entr(1 - mean)).sum(axis=-1).mean())
    right = float(np.mean((mean > 0.5) == (x > 0.5)))
    if paid < _SURE * expected or paid < _GREY:
        return None
    return Finding(
        "swapped arguments",
        f"the decoder expects to pay {expected:.3g} nats a datum and pays {paid:.3g}; "
        f"{100 * right:.0f} % of its pixels are on the right side of ½",
        "a decoder trained on log p(x|z) pays what it expects; one trained on the cross-entropy "
        "with p and x exchanged is sure of every pixel, also of the wrong ones",
        "the cross-entropy is -Σ x log p + (1 - x) log(1 - p), the data before the logarithm: "
        "take p(x|z).log_prob(x)",
    )


def dead_units(model: Model, x: np.ndarray, y: Any, rng: np.random.Generator) -> Finding | None:
    """Find hidden layers most of whose units pass no gradient, whatever the datum.

    A unit is dead if the slope of its nonlinearity is below 1/1000 at every datum. It speaks if
    half of a layer is dead (a fresh layer of rectifiers has next to none, since each datum halves
    the chance), and gives alarm if not even a tenth lives: rectifiers that a model can spare die
    in training, as latent dimensions do.
    """
    with no_grad():
        code = _posterior(model, x, y)
        z = code.data if _is_code(code) else code.sample(rng)
    beside = [a if y is None else np.concatenate([a, y], axis=1) for a in (x, z)]
    counted = []
    for part, inputs in (("encoder", beside[0]), ("decoder", beside[1])):
        for i, slopes in enumerate(_slopes(getattr(model, part), inputs.astype(model.dtype))):
            axes = tuple(a for a in range(slopes.ndim) if a != 1)
            counted.append((np.mean(slopes.max(axis=axes) < _FLAT), f"the {part}'s layer {i + 1}"))
    dead = [f"{100 * share:.0f} % of {layer}" for share, layer in counted if share >= _DEAD]
    if not dead:
        return None
    return Finding(
        "dead units",
        ", ".join(dead) + " have no slope at any datum",
        "no gradient passes through such units, and nothing will revive them",
        "begin again with a smaller learning rate or fresh biases; elu or tanh die less easily "
        "than relu, and data of scale 1 saturate less",
        alarm=max(share for share, _ in counted) > _TOO_DEAD,
    )


def _slopes(network: Module, h: Any) -> Iterator[np.ndarray]:
    """Yield |f'(h)| of each nonlinearity f of a sequence of layers, (n, units, ...)."""
    for layer in getattr(network, "layers", []):
        if any(layer is f for f in ACTIVATIONS.values()):
            out, pull = vjp(layer, h)
            yield np.abs(pull(np.ones_like(out.data))[0].data)
            h = out.data
        else:
            with no_grad():
                h = _values(layer(h))


def _reconstruction(model: Model, x: np.ndarray, y: Any, rng: np.random.Generator) -> Any:
    """Return p(x|z) at one draw of z for each datum (at the code of an autoencoder)."""
    code = _posterior(model, x, y)
    return model.decode(code if _is_code(code) else code.sample(rng), y)


def _posterior(model: Any, x: np.ndarray, y: Any) -> Any:
    """Return q(z|x), or the code of an autoencoder."""
    return model.encode(x) if y is None else model.encode(x, y)


def _is_code(code: Any) -> bool:
    """Tell the code of an autoencoder from a posterior distribution."""
    return isinstance(code, Tensor)


def _values(a: Any) -> np.ndarray:
    return a.data if isinstance(a, Tensor) else a
