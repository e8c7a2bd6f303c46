"""minivae itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

from minivae import data, nn, training
from minivae.bench import workloads
from minivae.bench.networks import (
    DATA_DIM,
    KERNEL,
    PADDING,
    STRIDE,
    Activation,
    Layer,
    Linear,
    Network,
    Reshape,
    TransposedConvolution,
    Weights,
)
from minivae.bench.workloads import LEARNING_RATE, Workload
from minivae.distributions import Normal
from minivae.engine import Tensor, no_grad
from minivae.engine.ops import matmul, reshape
from minivae.models import VAE, BernoulliLikelihood, DiagonalPosterior
from minivae.optim import Adam


class Rows(nn.Module):
    """Each row of numbers as an array of a shape, or the other way round."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        """Reshape what is behind the first axis."""
        return reshape(x, (len(x), *self.shape))


def build(network: Network, weights: Weights) -> VAE:
    """Build the model of a network."""
    rng = np.random.default_rng(0)
    hidden = [layer for layer in network.encoder[:-1] if not isinstance(layer, Activation)]
    if all(isinstance(layer, Linear) for layer in hidden):
        model = VAE.mlp(
            data_dim=DATA_DIM,
            hidden=[layer.outputs for layer in hidden if isinstance(layer, Linear)],
            latent=network.latent,
            activation=next(a.name for a in network.encoder if isinstance(a, Activation)),
            likelihood="bernoulli",
            dtype="float32",
            rng=rng,
        )
    else:
        model = VAE(
            encoder=nn.Sequential(*(_layer(layer, rng) for layer in network.encoder)),
            posterior=DiagonalPosterior(network.latent),
            prior=Normal.standard(network.latent, "float32"),
            decoder=nn.Sequential(*(_layer(layer, rng) for layer in network.decoder)),
            likelihood=BernoulliLikelihood(),
            data_dim=DATA_DIM,
        )
    model.load_state_dict(weights)
    return model


def _layer(layer: Layer, rng: np.random.Generator) -> Callable[[Any], Any]:
    if isinstance(layer, Activation):
        return nn.activation_named(layer.name)
    if isinstance(layer, Reshape):
        return Rows(layer.shape)
    if isinstance(layer, Linear):
        return nn.Linear(layer.inputs, layer.outputs, rng=rng, dtype="float32")
    transposed = isinstance(layer, TransposedConvolution)
    make = nn.ConvTranspose2d if transposed else nn.Conv2d
    return make(
        layer.inputs,
        layer.outputs,
        KERNEL,
        stride=STRIDE,
        padding=PADDING,
        rng=rng,
        dtype="float32",
    )


def loss(workload: Workload, weights: Weights, x: np.ndarray, eps: np.ndarray) -> float:
    """Return the loss of a batch with given noise (samples, n, latent)."""
    assert workload.network is not None
    model = build(workload.network, weights)
    if workload.task in ("step", "epoch"):
        return -model.elbo(x, eps=eps[0]).value.item()
    return -model.importance_weighted_bound(x, workload.samples, eps=eps).item()


def prepare(workload: Workload) -> Callable[[int], float]:
    """Return the function that runs a workload so many times."""
    if workload.network is None:
        return _products(workload)
    model = build(workload.network, workload.network.weights())
    if workload.task == "likelihood":
        return _likelihood(workload, model)
    optimizer = Adam(model.parameters(), lr=LEARNING_RATE)
    if workload.task == "epoch":
        return _fit(workload, model, optimizer)
    return _steps(workload, model, optimizer)


def _steps(workload: Workload, model: VAE, optimizer: Adam) -> Callable[[int], float]:
    rng, batches = np.random.default_rng(0), cycle(workloads.batches(workload))

    def objective(x: np.ndarray) -> Tensor:
        if workload.task == "bound":
            return -model.importance_weighted_bound(x, workload.samples, rng=rng)
        return model.loss(x, rng=rng)

    def run(count: int) -> float:
        for _ in range(count):
            loss = objective(next(batches))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            value = loss.item()
        return value

    return run


def _fit(workload: Workload, model: VAE, optimizer: Adam) -> Callable[[int], float]:
    rng, images = np.random.default_rng(0), workloads.training_images(workload)

    def run(count: int) -> float:
        history = training.fit(
            model,
            images,
            rng=rng,
            steps=count,
            batch_size=workload.size,
            optimizer=optimizer,
            transform=data.binarize,
        )
        return history.rows[-1]["loss"]

    return run


def _likelihood(workload: Workload, model: VAE) -> Callable[[int], float]:
    rng, x = np.random.default_rng(0), workloads.images(workload.times)

    def run(count: int) -> float:
        return -float(model.log_prob(x[:count], workload.samples, rng=rng).mean())

    return run


def _products(workload: Workload) -> Callable[[int], float]:
    a, b = workloads.matrices(workload.size)

    def run(count: int) -> float:
        with no_grad():
            for _ in range(count):
                c = matmul(a, b)
        return float(np.asarray(c)[0, 0])

    return run
