"""Pairs of networks that mirror each other: an encoder, and the decoder that goes its way back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from minivae.models.checks import check_type
from minivae.nn import (
    MLP,
    Conv2d,
    ConvTranspose2d,
    Linear,
    Module,
    Permute,
    Reshape,
    Rowwise,
    Sequential,
    TiedLinear,
    activation_named,
)


def mirrored_mlps(
    data_dim: int,
    hidden: Sequence[int],
    latent: int,
    code_outputs: int,
    *,
    activation: str,
    per_entry: int = 1,
    condition: int = 0,
    rng: np.random.Generator,
    dtype: str,
) -> tuple[MLP, MLP]:
    """Return an encoder (data_dim to code_outputs) and a decoder (latent to data_dim).

    The decoder has the encoder's hidden layers in reverse order. It gives ``per_entry`` numbers for
    each entry of a datum, those of the first entry first. Both take ``condition`` entries more,
    beside the datum and beside the code.

    Raises
    ------
    ValueError
        If ``dtype`` is neither "float32" nor "float64".
    """
    check_type(dtype)
    down = data_dim + condition, *hidden, code_outputs
    encoder = MLP(down, activation=activation, rng=rng, dtype=dtype)
    back = latent + condition, *reversed(hidden), data_dim * per_entry
    return encoder, MLP(back, activation=activation, rng=rng, dtype=dtype)


def mirrored_convolutions(
    image_shape: Sequence[int],
    channels: Sequence[int],
    latent: int,
    code_outputs: int,
    *,
    activation: str,
    per_entry: int = 1,
    rng: np.random.Generator,
    dtype: str,
) -> tuple[Rowwise, Rowwise]:
    """Return a convolutional encoder and the decoder of transposed convolutions that mirrors it.

    Each convolution, 4 x 4 with stride 2, halves the image; an affine map leads from the last one
    to the code's outputs. Images are flat outside: the encoder maps (..., data_dim) to (...,
    code_outputs), the decoder (..., latent) to (..., data_dim). The kernel's size is a multiple of
    the stride, so that every pixel inside is laid down by equally many kernels and no checkerboard
    appears (Odena, Dumoulin & Olah 2016).

    Parameters
    ----------
    image_shape : sequence of int
        (height, width), or (channels, height, width) for images of several channels.
    channels : sequence of int
        Channels after each convolution, from the data inwards.
    latent, code_outputs : int
        Entries of a code, and of the encoder's output.
    per_entry : int
        Numbers that the decoder gives for each entry of a datum, those of the first entry first.

    Raises
    ------
    ValueError
        If the image is too small to be halved so often, or a size is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> encoder, decoder = mirrored_convolutions((28, 28), (8, 16), 2, 4, activation="relu",
    ...                                          rng=np.random.default_rng(0), dtype="float32")
    >>> encoder(np.ones((5, 784), "float32")).shape, decoder(np.ones((5, 2), "float32")).shape
    ((5, 4), (5, 784))
    """
    check_type(dtype)
    whole = (1, *image_shape) if len(image_shape) == 2 else tuple(image_shape)
    if len(whole) != 3 or min(whole) < 1:
        raise ValueError(
            "image_shape must be (height, width) or (channels, height, width), with sizes of at "
            f"least 1; it is {tuple(image_shape)}"
        )
    if not channels or min(channels) < 1:
        raise ValueError(
            f"channels must name at least one convolution, each with at least 1; it is {channels}"
        )
    if min(whole[1:]) >> len(channels) < 1:
        raise ValueError(
            f"images of {whole[1]} x {whole[2]} pixels cannot be halved {len(channels)} times; "
            "name fewer channels"
        )
    f = activation_named(activation)
    new: dict[str, Any] = {"rng": rng, "dtype": dtype}
    halving: dict[str, Any] = {"kernel_size": 4, "stride": 2, "padding": 1, **new}
    shapes = [(c, whole[1] >> i, whole[2] >> i) for i, c in enumerate((whole[0], *channels))]
    inner = prod(shapes[-1])
    down: list[Any] = []
    for c, o in pairwise((whole[0], *channels)):
        down += [Conv2d(c, o, **halving), f]
    encoder = Rowwise(Reshape(*whole), *down, Reshape(inner), Linear(inner, code_outputs, **new))
    up: list[Any] = [Linear(latent, inner, **new), f, Reshape(*shapes[-1])]
    c, h, w = whole
    for (o, _, _), (i, *size) in pairwise([*shapes[:0:-1], (c * per_entry, h, w)]):
        odd = (size[0] % 2, size[1] % 2)  # the row and the column that halving left over
        up += [ConvTranspose2d(o, i, **halving, output_padding=odd), f]
    arranged = [Reshape(c, per_entry, h, w), Permute(0, 2, 3, 1)] if per_entry > 1 else []
    return encoder, Rowwise(*up[:-1], *arranged, Reshape(prod(whole) * per_entry))


def tied_decoder(encoder: Sequential, activation: str) -> Sequential:
    """Return the decoder that goes back through the transposes of the encoder's weights.

    Layer by layer W' = Wᵀ, in reverse order, with biases of its own and ``activation`` between any
    two layers: the weights are the encoder's parameters themselves.

    Raises
    ------
    ValueError
        If the encoder is not made of Linear layers and nonlinearities.
    """
    layers = getattr(encoder, "layers", [encoder])
    modules = [layer for layer in layers if isinstance(layer, Module)]
    affine = [layer for layer in modules if isinstance(layer, Linear)]
    if affine != modules or not affine:
        kinds = ", ".join(type(layer).__name__ for layer in modules)
        raise ValueError(
            "tied weights: the decoder takes the transposes of an encoder of Linear layers; this "
            f"one consists of {kinds}. Take tied=False, or Linear layers"
        )
    back: list[Any] = []
    for layer in reversed(affine):
        back += [TiedLinear(layer), activation_named(activation)]
    return Sequential(*back[:-1])
