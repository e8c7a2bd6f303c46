"""PyTorch, eager, with its fused Adam; images of the convolutional model in channels-last order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import numpy as np
import torch
from torch import Tensor, nn

from minivae.bench import workloads
from minivae.bench.networks import (
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


class VAE(nn.Module):
    """Encoder, decoder, and the two objectives."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*(_layer(layer) for layer in network.encoder))
        self.decoder = nn.Sequential(*(_layer(layer) for layer in network.decoder))

    def negative_elbo(self, x: Tensor, eps: Tensor | None = None) -> Tensor:
        """Return -ELBO, the mean over the batch, with the KL divergence in closed form."""
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        eps = torch.randn_like(mu) if eps is None else eps
        logits = self.decoder(mu + torch.exp(0.5 * logvar) * eps)
        nll = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mu.square() - logvar.exp())
        return (nll + kl) / len(x)

    def negative_bound(self, x: Tensor, samples: int, eps: Tensor | None = None) -> Tensor:
        """Return the negative importance-weighted bound, the mean over the batch.

        The constants of log p(z) and log q(z|x) cancel.
        """
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        eps = torch.randn(samples, *mu.shape) if eps is None else eps
        z = mu + torch.exp(0.5 * logvar) * eps
        logits = self.decoder(z)
        x = x.expand_as(logits)
        log_likelihood = -nn.functional.binary_cross_entropy_with_logits(
            logits, x, reduction="none"
        ).sum(-1)
        log_prior = -0.5 * z.square().sum(-1)
        log_posterior = -0.5 * (eps.square() + logvar).sum(-1)
        log_w = log_likelihood + log_prior - log_posterior
        return -(torch.logsumexp(log_w, dim=0) - np.log(samples)).mean()


def _layer(layer: Layer) -> nn.Module:
    if isinstance(layer, Activation):
        return {"relu": nn.ReLU, "tanh": nn.Tanh}[layer.name]()
    if isinstance(layer, Reshape):
        return nn.Unflatten(1, layer.shape) if len(layer.shape) > 1 else nn.Flatten()
    if isinstance(layer, Linear):
        return nn.Linear(layer.inputs, layer.outputs)
    transposed = isinstance(layer, TransposedConvolution)
    make = nn.ConvTranspose2d if transposed else nn.Conv2d
    return make(layer.inputs, layer.outputs, KERNEL, stride=STRIDE, padding=PADDING)


def build(network: Network, weights: Weights) -> VAE:
    """Build the model of a network."""
    model = VAE(network)
    state = {name.replace(".layers", ""): torch.from_numpy(w) for name, w in weights.items()}
    model.load_state_dict(state)
    return model.to(memory_format=torch.channels_last)


def loss(workload: Workload, weights: Weights, x: np.ndarray, eps: np.ndarray) -> float:
    """Return the loss of a batch with given noise (samples, n, latent)."""
    assert workload.network is not None
    model = build(workload.network, weights)
    if workload.task in ("step", "epoch"):
        return model.negative_elbo(torch.from_numpy(x), torch.from_numpy(eps[0])).item()
    noise = torch.from_numpy(eps)
    return model.negative_bound(torch.from_numpy(x), workload.samples, noise).item()


def prepare(workload: Workload) -> Callable[[int], float]:
    """Return the function that runs a workload so many times."""
    torch.manual_seed(0)
    if workload.network is None:
        return _products(workload)
    model = build(workload.network, workload.network.weights())
    if workload.task == "likelihood":
        return _likelihood(workload, model)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

    def step(x: Tensor) -> float:
        bound = workload.task == "bound"
        loss = model.negative_bound(x, workload.samples) if bound else model.negative_elbo(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return _epochs(workload, step) if workload.task == "epoch" else _steps(workload, step)


def _steps(workload: Workload, step: Callable[[Tensor], float]) -> Callable[[int], float]:
    batches = cycle([torch.from_numpy(x) for x in workloads.batches(workload)])

    def run(count: int) -> float:
        for _ in range(count):
            value = step(next(batches))
        return value

    return run


def _epochs(workload: Workload, step: Callable[[Tensor], float]) -> Callable[[int], float]:
    images = torch.from_numpy(workloads.training_images(workload))

    def run(count: int) -> float:
        total = 0.0
        order = torch.randperm(len(images))
        for index in order.split(workload.size)[:count]:
            total += step(torch.bernoulli(images[index]))
        return total / count

    return run


def _likelihood(workload: Workload, model: VAE) -> Callable[[int], float]:
    x = torch.from_numpy(workloads.images(workload.times))

    @torch.inference_mode()
    def run(count: int) -> float:
        values = [model.negative_bound(x[i : i + 1], workload.samples) for i in range(count)]
        return torch.stack(values).mean().item()

    return run


def _products(workload: Workload) -> Callable[[int], float]:
    a, b = map(torch.from_numpy, workloads.matrices(workload.size))

    def run(count: int) -> float:
        for _ in range(count):
            c = a @ b
        return c[0, 0].item()

    return run
