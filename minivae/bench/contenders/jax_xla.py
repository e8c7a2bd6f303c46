"""JAX: every step one compiled program that reuses the memory of its arguments; Adam of optax."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from minivae.bench import workloads
from minivae.bench.networks import (
    KERNEL,
    PADDING,
    STRIDE,
    Activation,
    Convolution,
    Layer,
    Linear,
    Network,
    Reshape,
    Weights,
)
from minivae.bench.workloads import LEARNING_RATE, Workload

_ORDER = ("NCHW", "OIHW", "NCHW")  # of the axes of images, weights and results


def _apply(layers: tuple[Layer, ...], side: str, p: dict[str, Any], x: Any) -> Any:
    """Run the encoder or the decoder on (..., features)."""
    for i, layer in enumerate(layers):
        if isinstance(layer, Activation):
            x = {"relu": jax.nn.relu, "tanh": jnp.tanh}[layer.name](x)
        elif isinstance(layer, Reshape):
            x = x.reshape(len(x), *layer.shape)
        else:
            name = f"{side}.layers.{i}"
            x = _affine(layer, p[f"{name}.weight"], p[f"{name}.bias"], x)
    return x


def _affine(layer: Layer, w: Any, b: Any, x: Any) -> Any:
    if isinstance(layer, Linear):
        return x @ w.T + b
    if isinstance(layer, Convolution):
        around = [(PADDING, PADDING)] * 2
        y = lax.conv_general_dilated(x, w, (STRIDE, STRIDE), around, dimension_numbers=_ORDER)
    else:
        around = [(KERNEL - 1 - PADDING,) * 2] * 2
        y = lax.conv_transpose(
            x, w, (STRIDE, STRIDE), around, dimension_numbers=_ORDER, transpose_kernel=True
        )
    return y + b[:, None, None]


def _negative_elbo(network: Network, p: dict[str, Any], x: Any, eps: Any) -> Any:
    """Return -ELBO, the mean over the batch, with the KL divergence in closed form."""
    mu, logvar = jnp.split(_apply(network.encoder, "encoder", p, x), 2, axis=-1)
    logits = _apply(network.decoder, "decoder", p, mu + jnp.exp(0.5 * logvar) * eps)
    nll = optax.sigmoid_binary_cross_entropy(logits, x).sum()
    kl = -0.5 * jnp.sum(1 + logvar - jnp.square(mu) - jnp.exp(logvar))
    return (nll + kl) / len(x)


def _negative_bound(network: Network, p: dict[str, Any], x: Any, eps: Any) -> Any:
    """Return the negative importance-weighted bound, the mean over the batch.

    The constants of log p(z) and log q(z|x) cancel.
    """
    mu, logvar = jnp.split(_apply(network.encoder, "encoder", p, x), 2, axis=-1)
    z = mu + jnp.exp(0.5 * logvar) * eps
    logits = _apply(network.decoder, "decoder", p, z)
    log_likelihood = -optax.sigmoid_binary_cross_entropy(logits, x).sum(-1)
    log_prior = -0.5 * jnp.square(z).sum(-1)
    log_posterior = -0.5 * (jnp.square(eps) + logvar).sum(-1)
    log_w = log_likelihood + log_prior - log_posterior
    return -jnp.mean(jax.nn.logsumexp(log_w, axis=0) - jnp.log(len(eps)))


def _objective(workload: Workload) -> Callable[..., Any]:
    """Return loss(p, x, eps) of a workload."""
    assert workload.network is not None
    elbo = workload.task in ("step", "epoch")
    return partial(_negative_elbo if elbo else _negative_bound, workload.network)


def _noise_shape(workload: Workload) -> tuple[int, ...]:
    assert workload.network is not None
    shape = workload.size, workload.network.latent
    return shape if workload.task in ("step", "epoch") else (workload.samples, *shape)


def loss(workload: Workload, weights: Weights, x: np.ndarray, eps: np.ndarray) -> float:
    """Return the loss of a batch with given noise (samples, n, latent)."""
    noise = eps[0] if workload.task in ("step", "epoch") else eps
    p = {name: jnp.asarray(w) for name, w in weights.items()}
    return float(jax.jit(_objective(workload))(p, x, noise))


def prepare(workload: Workload) -> Callable[[int], float]:
    """Return the function that runs a workload so many times."""
    if workload.network is None:
        return _products(workload)
    p = {name: jnp.asarray(w) for name, w in workload.network.weights().items()}
    if workload.task == "likelihood":
        return _likelihood(workload, p)
    if workload.task == "epoch":
        return _epochs(workload, p)
    return _steps(workload, p)


def _trainer(workload: Workload, p: Any, batch: Callable[..., Any]) -> Callable[..., float]:
    """Return a step on the data that ``batch(key, *of)`` makes of the step's arguments."""
    adam, objective = optax.adam(LEARNING_RATE), _objective(workload)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(p: Any, state: Any, key: Any, *of: Any) -> Any:
        key, for_noise, for_batch = jax.random.split(key, 3)
        eps = jax.random.normal(for_noise, _noise_shape(workload))
        value, g = jax.value_and_grad(objective)(p, batch(for_batch, *of), eps)
        updates, state = adam.update(g, state)
        return optax.apply_updates(p, updates), state, key, value

    now = p, adam.init(p), jax.random.key(0)

    def train(*of: Any) -> float:
        nonlocal now
        *now, value = step(*now, *of)
        return float(value)

    return train


def _steps(workload: Workload, p: Any) -> Callable[[int], float]:
    batches = cycle([jnp.asarray(x) for x in workloads.batches(workload)])
    train = _trainer(workload, p, lambda key, x: x)

    def run(count: int) -> float:
        for _ in range(count):
            value = train(next(batches))
        return value

    return run


def _epochs(workload: Workload, p: Any) -> Callable[[int], float]:
    images = jnp.asarray(workloads.training_images(workload))
    rng = np.random.default_rng(0)

    def batch(key: Any, images: Any, index: Any) -> Any:
        return jax.random.bernoulli(key, images[index]).astype(jnp.float32)

    train = _trainer(workload, p, batch)

    def run(count: int) -> float:
        total = 0.0
        order = rng.permutation(len(images))
        for i in range(count):
            total += train(images, order[i * workload.size : (i + 1) * workload.size])
        return total / count

    return run


def _likelihood(workload: Workload, p: Any) -> Callable[[int], float]:
    x, keys = jnp.asarray(workloads.images(workload.times)), jax.random.key(0)
    objective = _objective(workload)

    @jax.jit
    def estimate(p: Any, x: Any, i: Any) -> Any:
        eps = jax.random.normal(jax.random.fold_in(keys, i), _noise_shape(workload))
        return objective(p, lax.dynamic_slice_in_dim(x, i, 1), eps)

    def run(count: int) -> float:
        return float(jnp.stack([estimate(p, x, i) for i in range(count)]).mean())

    return run


def _products(workload: Workload) -> Callable[[int], float]:
    a, b = map(jnp.asarray, workloads.matrices(workload.size))
    product = jax.jit(jnp.matmul)

    def run(count: int) -> float:
        for _ in range(count):
            c = product(a, b).block_until_ready()
        return float(c[0, 0])

    return run
