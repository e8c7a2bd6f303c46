"""The networks that are timed, as lists of layers, and the arithmetic that they cost.

Every contender builds its network from the same list, with the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

DATA_DIM = 784
KERNEL, STRIDE, PADDING = 4, 2, 1  # of every convolution: halves the sides of an image
Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Linear:
    """z = x Wᵀ + b, W of shape (outputs, inputs)."""

    inputs: int
    outputs: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The weight's."""
        return self.outputs, self.inputs

    @property
    def products(self) -> int:
        """Multiplications for one datum."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Convolution:
    """Images of ``2 side`` pixels a side to images of ``side``; W is (outputs, inputs, 4, 4)."""

    inputs: int
    outputs: int
    side: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The weight's."""
        return self.outputs, self.inputs, KERNEL, KERNEL

    @property
    def products(self) -> int:
        """Multiplications for one datum: every entry of W at every place of the smaller image."""
        return prod(self.shape) * self.side**2


@dataclass(frozen=True)
class TransposedConvolution:
    """Images of ``side`` pixels a side to images of ``2 side``; W is (inputs, outputs, 4, 4)."""

    inputs: int
    outputs: int
    side: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The weight's."""
        return self.inputs, self.outputs, KERNEL, KERNEL

    @property
    def products(self) -> int:
        """Multiplications for one datum: every entry of W at every place of the smaller image."""
        return prod(self.shape) * self.side**2


@dataclass(frozen=True)
class Activation:
    """A nonlinearity, "relu" or "tanh"."""

    name: str


@dataclass(frozen=True)
class Reshape:
    """Each row of numbers as an array of this shape, or the other way round."""

    shape: tuple[int, ...]


Layer = Linear | Convolution | TransposedConvolution | Activation | Reshape
_WITH_WEIGHTS = (Linear, Convolution, TransposedConvolution)


@dataclass(frozen=True)
class Network:
    """The encoder, to μ and log σ² of the code side by side, and the decoder, to logits."""

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    latent: int

    @classmethod
    def mlp(cls, hidden: tuple[int, ...], latent: int, activation: str) -> Network:
        """Return the network of ``VAE.mlp``."""
        sizes = (DATA_DIM, *hidden)
        encoder = _perceptron((*sizes, 2 * latent), activation)
        return cls(encoder, _perceptron((latent, *sizes[::-1]), activation), latent)

    @classmethod
    def convolutional(cls) -> Network:
        """Return 1 → 32 → 64 channels, 28 → 14 → 7 pixels a side, a code of 16; and back."""
        relu, flat = Activation("relu"), 64 * 7 * 7
        encoder = (
            *(Reshape((1, 28, 28)), Convolution(1, 32, 14), relu, Convolution(32, 64, 7), relu),
            *(Reshape((flat,)), Linear(flat, 32)),
        )
        decoder = (
            *(Linear(16, flat), relu, Reshape((64, 7, 7)), TransposedConvolution(64, 32, 7), relu),
            *(TransposedConvolution(32, 1, 14), Reshape((DATA_DIM,))),
        )
        return cls(encoder, decoder, latent=16)

    def weights(self, seed: int = 0) -> Weights:
        """Draw the weights of all contenders, float32, by their names in ``state_dict()``."""
        rng, weights = np.random.default_rng(seed), {}
        for name, layer in self.named_layers():
            spread = np.float32(prod(layer.shape[1:]) ** -0.5)
            weights[f"{name}.weight"] = spread * rng.standard_normal(layer.shape, np.float32)
            weights[f"{name}.bias"] = np.full(layer.outputs, 0.01, np.float32)
        return weights

    def named_layers(self) -> Iterator[tuple[str, Linear | Convolution | TransposedConvolution]]:
        """Yield (name, layer) of the layers that have weights."""
        for side, layers in (("encoder", self.encoder), ("decoder", self.decoder)):
            for i, layer in enumerate(layers):
                if isinstance(layer, _WITH_WEIGHTS):
                    yield f"{side}.layers.{i}", layer

    def forward_flops(self, rows: int, codes: int) -> int:
        """Count the products and sums of the encoder on ``rows`` and the decoder on ``codes``."""
        return 2 * (rows * _products(self.encoder) + codes * _products(self.decoder))

    def step_flops(self, rows: int, codes: int) -> int:
        """Count those of a training step: forward, and backward twice as many.

        The gradient of the weights costs as much as going forward, and so does that of the input,
        which the first layer does not need.
        """
        _, first = next(self.named_layers())
        return 3 * self.forward_flops(rows, codes) - 2 * rows * first.products


def _perceptron(sizes: tuple[int, ...], activation: str) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs), Activation(activation)]
    return tuple(layers[:-1])


def _products(layers: tuple[Layer, ...]) -> int:
    return sum(layer.products for layer in layers if isinstance(layer, _WITH_WEIGHTS))
