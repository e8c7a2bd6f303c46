"""Convolutional layers against the sums that define them, and the law of how weights begin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.nn import Conv2d, ConvTranspose2d

LAYERS = pytest.mark.parametrize("layer", [Conv2d, ConvTranspose2d])


def rng():
    return np.random.default_rng(0)


@st.composite
def settings(draw):
    """Channels in and out, kernel, stride and padding, with a kernel that padding leaves whole."""
    channels = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = tuple(draw(st.integers(0, (k - 1) // 2)) for k in kernel)
    return channels, kernel, stride, padding


@given(settings(), st.integers(0, 2**32))
def test_a_convolution_is_the_sum_over_channels_and_the_kernel_plus_the_bias(setting, seed):
    (c, o), kernel, stride, padding = setting
    numbers = np.random.default_rng(seed)
    layer = Conv2d(c, o, kernel, stride=stride, padding=padding, rng=numbers)
    assert layer.weight.shape == (o, c, *kernel)
    np.testing.assert_array_equal(layer.bias.data, np.zeros(o))
    layer.bias.data[...] = numbers.standard_normal(o)
    x = numbers.standard_normal((2, c, kernel[0] + 2, kernel[1] + 3))
    z = layer(x).data
    padded = np.pad(x, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    for n, k, a, b in np.ndindex(*z.shape):
        u, v = stride[0] * a, stride[1] * b
        window = padded[n, :, u : u + kernel[0], v : v + kernel[1]]
        expected = np.sum(window * layer.weight.data[k]) + layer.bias.data[k]
        assert z[n, k, a, b] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(settings(), st.data())
def test_a_transposed_convolution_is_the_adjoint_of_the_convolution(setting, data):
    """⟨Conv2d(x), y⟩ = ⟨x, ConvTranspose2d(y)⟩ for layers of one weight and no bias."""
    (c, o), kernel, stride, padding = setting
    extra = tuple(data.draw(st.integers(0, s - 1)) for s in stride)
    grid = {"stride": stride, "padding": padding, "rng": rng()}
    there = Conv2d(c, o, kernel, **grid)
    back = ConvTranspose2d(o, c, kernel, output_padding=extra, **grid)
    assert back.weight.shape == there.weight.shape
    back.weight.data[...] = there.weight.data
    y = rng().standard_normal((2, o, 3, 2))
    image = back(y).data
    small = zip((3, 2), kernel, stride, padding, extra, strict=True)
    assert image.shape == (2, c, *((m - 1) * s - 2 * p + k + e for m, k, s, p, e in small))
    x = rng().standard_normal(image.shape)
    assert np.sum(there(x).data * y) == pytest.approx(np.sum(x * image), rel=1e-10, abs=1e-10)
    back.bias.data[...] = np.arange(1.0, c + 1)
    raised = image + np.arange(1.0, c + 1)[:, None, None]
    np.testing.assert_allclose(back(y).data, raised, rtol=1e-14)


@LAYERS
def test_weights_begin_with_the_variance_of_glorot_over_the_pixels_of_a_kernel(layer):
    """Var = 2 / ((in + out) i j): equation 12 of Glorot & Bengio 2010; all below the bound."""
    weight = layer(40, 60, (3, 5), rng=rng()).weight.data
    variance = 2 / ((40 + 60) * 15)
    assert np.var(weight) == pytest.approx(variance, rel=0.02)
    assert 0.99 * np.sqrt(3 * variance) < np.abs(weight).max() <= np.sqrt(3 * variance)
    assert abs(weight.mean()) < 4 * np.sqrt(variance / weight.size)


@LAYERS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_keeps_its_type_in_values_and_gradients(layer, dtype):
    net = layer(2, 3, 2, rng=rng(), dtype=dtype)
    z = net(np.ones((2, 2, 4, 4), dtype))
    z.sum().backward()
    assert {z.dtype, *(p.dtype for p in net.parameters())} == {np.dtype(dtype)}
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype(dtype)}


def test_down_and_up_again_has_the_size_of_the_digits():
    down = Conv2d(1, 4, 4, stride=2, padding=1, rng=rng())
    up = ConvTranspose2d(4, 1, 4, stride=2, padding=1, rng=rng())
    assert down(np.ones((2, 1, 28, 28))).shape == (2, 4, 14, 14)
    assert up(down(np.ones((2, 1, 28, 28)))).shape == (2, 1, 28, 28)


@LAYERS
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"in_channels": 0}, "at least 1 channel, there are 0 and 3"),
        ({"out_channels": -1}, "at least 1 channel, there are 2 and -1"),
        ({"kernel_size": 0}, "kernel_size must be a positive integer"),
        ({"kernel_size": (3, 3, 3)}, "kernel_size must be a positive integer, or two"),
        ({"kernel_size": (3, 1.5)}, r"it is \(3, 1.5\)"),
        ({"kernel_size": 2.5}, "it is 2.5"),
        ({"stride": 0}, "steps must be at least 1"),
        ({"padding": -1}, "padding at least 0"),
        ({"stride": "two"}, "stride must be an integer, or two"),
    ],
)
def test_sizes_that_make_no_layer_are_refused(layer, changed, message):
    sizes = {"in_channels": 2, "out_channels": 3, "kernel_size": 3, **changed}
    with pytest.raises(ValueError, match=message):
        layer(**sizes, rng=rng())


def test_output_padding_that_reaches_the_stride_is_refused():
    with pytest.raises(ValueError, match="output_padding 2 must be at least 0 and less than"):
        ConvTranspose2d(2, 3, 4, stride=2, padding=1, output_padding=2, rng=rng())


@LAYERS
def test_images_of_other_channels_are_refused(layer):
    net = layer(2, 3, 2, rng=rng())
    with pytest.raises(ValueError, match=r"images \(1, 4, 5, 5\)"):
        net(mv.tensor(np.ones((1, 4, 5, 5))))
