"""Mirrored networks: any size there and back, nothing left out, and transposes that are shared."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.models.networks import mirrored_convolutions, mirrored_mlps, tied_decoder
from minivae.nn import Conv2d, ConvTranspose2d, Linear, Sequential, TiedLinear

OPTIONS = {"activation": "softplus", "dtype": "float64"}


def rng():
    return np.random.default_rng(0)


@st.composite
def pictures(draw):
    """The shape of an image, and channels of convolutions that can halve it so often."""
    channels = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    sides = st.integers(2 ** len(channels), 17)
    shape = (draw(sides), draw(sides))
    if draw(st.booleans()):
        shape = (draw(st.integers(1, 3)), *shape)
    return shape, channels


@settings(max_examples=40)
@given(pictures())
def test_an_image_of_any_size_comes_back_in_its_size(picture):
    shape, channels = picture
    pixels = int(np.prod(shape))
    encoder, decoder = mirrored_convolutions(shape, channels, 2, 5, **OPTIONS, rng=rng())
    x = rng().random((3, pixels))
    assert encoder(x).shape == (3, 5)
    assert decoder(np.ones((3, 2))).shape == (3, pixels)
    assert decoder(np.ones((4, 3, 2))).shape == (4, 3, pixels)
    there = [layer for layer in encoder.layers if isinstance(layer, Conv2d)]
    back = [layer for layer in decoder.layers if isinstance(layer, ConvTranspose2d)]
    for one, other in zip(there, reversed(back), strict=True):
        assert one.weight.shape == other.weight.shape


@settings(max_examples=40)
@given(pictures())
def test_every_pixel_reaches_the_code_and_is_reached_by_it(picture):
    """Also the last row and column of an odd image, which halving rounds away."""
    shape, channels = picture
    encoder, decoder = mirrored_convolutions(shape, channels, 2, 2, **OPTIONS, rng=rng())
    for parameter in (*encoder.parameters(), *decoder.parameters()):
        parameter.data[...] = rng().uniform(0.1, 0.2, parameter.shape)  # positive: nothing cancels
    x = rng().random((1, int(np.prod(shape))))
    _, pull = mv.vjp(encoder, x)
    assert (pull(np.ones((1, 2)))[0].data > 0).all()
    _, change = mv.jvp(decoder, (np.ones((1, 2)),), (np.ones((1, 2)),))
    assert (change.data > 0).all()


@settings(max_examples=15)
@given(pictures(), st.integers(2, 3))
def test_several_numbers_of_an_entry_stand_side_by_side(picture, levels):
    """With no weights in the last layer each entry has its channel's biases, in their order."""
    shape, channels = picture
    _, decoder = mirrored_convolutions(
        shape, channels, 2, 2, **OPTIONS, per_entry=levels, rng=rng()
    )
    last = [layer for layer in decoder.layers if isinstance(layer, ConvTranspose2d)][-1]
    last.weight.data[...] = 0.0
    colours = shape[0] if len(shape) == 3 else 1
    last.bias.data[...] = np.arange(colours * levels)
    h = decoder(np.ones((3, 2))).data.reshape(3, colours, -1, levels)
    for colour in range(colours):
        expected = colour * levels + np.arange(levels)
        np.testing.assert_array_equal(h[:, colour], np.broadcast_to(expected, h[:, colour].shape))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mirrored_networks_keep_their_type(dtype):
    options = {"activation": "relu", "dtype": dtype, "rng": rng()}
    pairs = [
        mirrored_mlps(16, (5,), 2, 3, **options),
        mirrored_convolutions((4, 4), (2, 3), 2, 3, **options),
    ]
    for encoder, decoder in pairs:
        assert encoder(np.ones((3, 16), dtype)).dtype == dtype
        assert decoder(np.ones((3, 2), dtype)).dtype == dtype


def test_perceptrons_mirror_each_other():
    encoder, decoder = mirrored_mlps(7, (6, 5), 2, 4, **OPTIONS, rng=rng())
    sizes = [layer.weight.shape for layer in encoder.layers if isinstance(layer, Linear)]
    assert sizes == [(6, 7), (5, 6), (4, 5)]
    sizes = [layer.weight.shape for layer in decoder.layers if isinstance(layer, Linear)]
    assert sizes == [(5, 2), (6, 5), (7, 6)]


def test_a_condition_stands_beside_the_datum_and_beside_the_code():
    encoder, decoder = mirrored_mlps(7, (6,), 2, 4, **OPTIONS, per_entry=3, condition=10, rng=rng())
    assert encoder(np.ones((3, 17))).shape == (3, 4)
    assert decoder(np.ones((3, 12))).shape == (3, 21)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_tied_decoder_has_the_encoders_weights_in_reverse_order(count):
    sizes = (7, 6, 5, 4)[: count + 1]
    layers = [Linear(a, b, rng=rng()) for a, b in pairwise(sizes)]
    decoder = tied_decoder(Sequential(*layers), "tanh")
    tied = [layer for layer in decoder.layers if isinstance(layer, TiedLinear)]
    assert [layer.shared for layer in tied] == [layer.weight for layer in reversed(layers)]
    assert decoder.layers[1::2] == [mv.tanh] * (count - 1)
    assert decoder(np.ones((3, sizes[-1]))).shape == (3, 7)


def test_weights_that_have_no_transpose_cannot_be_tied():
    encoder, _ = mirrored_convolutions((4, 4), (2,), 2, 2, **OPTIONS, rng=rng())
    with pytest.raises(ValueError, match="consists of Reshape, Conv2d, Reshape, Linear. Take tied"):
        tied_decoder(encoder, "tanh")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_shape": (16,)}, r"image_shape must be \(height, width\) or .* it is \(16,\)"),
        ({"image_shape": (4, 0)}, r"sizes of at least 1; it is \(4, 0\)"),
        ({"channels": ()}, "must name at least one convolution"),
        ({"channels": (2, 0)}, "each with at least 1"),
        ({"channels": (2, 2, 2)}, "images of 4 x 7 pixels cannot be halved 3 times; name fewer"),
        ({"activation": "gelu"}, "activation 'gelu' is unknown"),
        ({"dtype": "float16"}, "dtype 'float16' is unknown; choose one of float32, float64"),
    ],
)
def test_convolutions_that_make_no_network_are_refused(changed, message):
    arguments = {"image_shape": (4, 7), "channels": (2, 3), "latent": 2, "code_outputs": 2}
    with pytest.raises(ValueError, match=message):
        mirrored_convolutions(**(arguments | OPTIONS | changed), rng=rng())


def test_a_tied_autoencoder_draws_its_own_weights_and_no_others():
    """After it the generator goes on where an encoder alone leaves it."""
    ours, theirs = rng(), rng()
    model = mv.models.Autoencoder.mlp(7, (6,), 2, tied=True, rng=ours)
    encoder = mv.nn.MLP((7, 6, 2), activation="tanh", rng=theirs, dtype="float32")
    np.testing.assert_array_equal(
        model.encoder.layers[0].weight.data, encoder.layers[0].weight.data
    )
    assert ours.random() == theirs.random()
