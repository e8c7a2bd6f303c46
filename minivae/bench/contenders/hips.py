"""HIPS autograd, with an Adam written by hand in NumPy, as its users do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.scipy.special import logsumexp

from minivae.bench import workloads
from minivae.bench.networks import Activation, Layer, Linear, Network, Weights
from minivae.bench.workloads import LEARNING_RATE, Workload


def _relu(x: Any) -> Any:
    return x * (x > 0)


def _softplus(x: Any) -> Any:
    return anp.maximum(x, 0) + anp.log1p(anp.exp(-anp.abs(x)))


def _apply(layers: tuple[Layer, ...], side: str, p: dict[str, Any], x: Any) -> Any:
    """Run the encoder or the decoder on (..., features)."""
    for i, layer in enumerate(layers):
        if isinstance(layer, Activation):
            x = {"relu": _relu, "tanh": anp.tanh}[layer.name](x)
        elif isinstance(layer, Linear):
            x = x @ p[f"{side}.layers.{i}.weight"].T + p[f"{side}.layers.{i}.bias"]
        else:
            raise NotImplementedError("autograd has no convolution with strides")
    return x


def _negative_elbo(network: Network, p: dict[str, Any], x: Any, eps: Any) -> Any:
    """Return -ELBO, the mean over the batch, with the KL divergence in closed form."""
    code = _apply(network.encoder, "encoder", p, x)
    mu, logvar = code[:, : network.latent], code[:, network.latent :]
    logits = _apply(network.decoder, "decoder", p, mu + anp.exp(0.5 * logvar) * eps)
    nll = anp.sum(_softplus(logits) - x * logits)
    kl = -0.5 * anp.sum(1 + logvar - mu**2 - anp.exp(logvar))
    return (nll + kl) / len(x)


def _negative_bound(network: Network, p: dict[str, Any], x: Any, eps: Any) -> Any:
    """Return the negative importance-weighted bound, the mean over the batch.

    The constants of log p(z) and log q(z|x) cancel.
    """
    code = _apply(network.encoder, "encoder", p, x)
    mu, logvar = code[:, : network.latent], code[:, network.latent :]
    z = mu + anp.exp(0.5 * logvar) * eps
    logits = _apply(network.decoder, "decoder", p, z)
    log_likelihood = anp.sum(x * logits - _softplus(logits), axis=-1)
    log_prior = -0.5 * anp.sum(z**2, axis=-1)
    log_posterior = -0.5 * anp.sum(eps**2 + logvar, axis=-1)
    log_w = log_likelihood + log_prior - log_posterior
    return -anp.mean(logsumexp(log_w, axis=0) - float(np.log(len(eps))))


def loss(workload: Workload, weights: Weights, x: np.ndarray, eps: np.ndarray) -> float:
    """Return the loss of a batch with given noise (samples, n, latent)."""
    assert workload.network is not None
    if workload.task in ("step", "epoch"):
        return float(_negative_elbo(workload.network, weights, x, eps[0]))
    return float(_negative_bound(workload.network, weights, x, eps))


class Adam:
    """p ← p - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + 1e-8), in place."""

    def __init__(self, p: Weights) -> None:
        self.m = {name: np.zeros_like(w) for name, w in p.items()}
        self.v = {name: np.zeros_like(w) for name, w in p.items()}
        self.t = 0

    def step(self, p: Weights, gradient: Weights) -> None:
        """Adjust all weights."""
        self.t += 1
        for name, g in gradient.items():
            m, v = self.m[name], self.v[name]
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            scale = LEARNING_RATE / (1 - 0.9**self.t)
            p[name] -= scale * m / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)


def prepare(workload: Workload) -> Callable[[int], float]:
    """Return the function that runs a workload so many times."""
    network = workload.network
    assert network is not None
    p, rng = network.weights(), np.random.default_rng(0)
    if workload.task == "likelihood":
        return _likelihood(workload, p, rng)
    elbo = workload.task in ("step", "epoch")
    codes = (workload.size, network.latent)
    shape = codes if elbo else (workload.samples, *codes)
    objective = value_and_grad(_negative_elbo if elbo else _negative_bound, 1)
    adam = Adam(p)

    def step(x: np.ndarray) -> float:
        value, g = objective(network, p, x, rng.standard_normal(shape, np.float32))
        adam.step(p, g)
        return float(value)

    return _epochs(workload, step, rng) if workload.task == "epoch" else _steps(workload, step)


def _steps(workload: Workload, step: Callable[[np.ndarray], float]) -> Callable[[int], float]:
    batches = cycle(workloads.batches(workload))

    def run(count: int) -> float:
        for _ in range(count):
            value = step(next(batches))
        return value

    return run


def _epochs(
    workload: Workload, step: Callable[[np.ndarray], float], rng: np.random.Generator
) -> Callable[[int], float]:
    images = workloads.training_images(workload)

    def run(count: int) -> float:
        total = 0.0
        order = rng.permutation(len(images))
        for i in range(count):
            x = images[order[i * workload.size : (i + 1) * workload.size]]
            total += step((rng.random(x.shape, np.float32) < x).astype(np.float32))
        return total / count

    return run


def _likelihood(workload: Workload, p: Weights, rng: np.random.Generator) -> Callable[[int], float]:
    network, images = workload.network, workloads.images(workload.times)
    assert network is not None

    def run(count: int) -> float:
        shape = workload.samples, 1, network.latent
        values = [
            _negative_bound(network, p, x[None], rng.standard_normal(shape, np.float32))
            for x in images[:count]
        ]
        return float(np.mean(values))

    return run
