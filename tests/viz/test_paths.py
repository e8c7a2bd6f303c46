"""Images along a path stand at their place on it; swapped classes keep their row's code."""

import numpy as np
import pytest

import minivae as mv
from minivae import viz

from .conftest import decoder_mean, picture
from .test_images import tile


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_an_interpolation_goes_in_equal_steps_from_one_code_to_the_other(vae, x, shape):
    model, n = vae(latent=3), 5
    figure = viz.interpolation(model, x[:2], x[2:4], shape, n=n)
    image = picture(figure)
    first, last = model.codes(x[:2]), model.codes(x[2:4])
    for i in range(2):
        np.testing.assert_array_equal(tile(image, i, 0, shape), x[i].reshape(shape))
        np.testing.assert_array_equal(tile(image, i, n + 3, shape), x[2 + i].reshape(shape))
        assert np.isnan(tile(image, i, 1, shape)).all()
        for step in range(n):
            t = step / (n - 1)
            expected = decoder_mean(model, (1 - t) * first[i] + t * last[i])
            close(tile(image, i, 2 + step, shape), expected)
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["start", "0", "0.5", "1", "end"]
    columns = (axes.get_xticks() - 1.5) / 5  # tiles of 4 pixels and a blank
    np.testing.assert_array_equal(columns, [0, 2, 4, 6, 8])


@pytest.fixture
def conditional(vae):
    return vae(latent=3, condition=4)


@pytest.fixture
def y(labels):
    return np.eye(4, dtype=np.float32)[labels % 4]


def decoded(model, z, y, shape):
    with mv.no_grad():
        return model.decode(z[None], y[None]).mean.data.reshape(shape)


def test_an_interpolation_of_a_conditional_model_keeps_the_condition_of_its_row(
    conditional, x, y, shape
):
    image = picture(viz.interpolation(conditional, x[:3], x[3:6], shape, n=3, y=y[:3]))
    first, last = conditional.codes(x[:3], y[:3]), conditional.codes(x[3:6], y[:3])
    for i in range(3):
        middle = decoded(conditional, (first[i] + last[i]) / 2, y[i], shape)
        close(tile(image, i, 3, shape), middle)


def test_a_row_of_label_swaps_has_one_code_and_a_column_one_class(conditional, x, y, shape):
    figure = viz.label_swaps(conditional, x[:5], y[:5], shape, names=list("abcd"))
    image, codes = picture(figure), conditional.codes(x[:5], y[:5])
    for i in range(5):
        np.testing.assert_array_equal(tile(image, i, 0, shape), x[i].reshape(shape))
        for c in range(4):
            expected = decoded(conditional, codes[i], np.eye(4)[c], shape)
            close(tile(image, i, 2 + c, shape), expected)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["original", "a", "b", "c", "d"]
    np.testing.assert_array_equal((figure.axes[0].get_xticks() - 1.5) / 5, [0, 2, 3, 4, 5])


def test_paths_that_cannot_be_drawn_are_refused(vae, conditional, x, y, shape):
    with pytest.raises(ValueError, match=r"\(2, 12\) and \(3, 12\)"):
        viz.interpolation(vae(), x[:2], x[:3], shape)
    with pytest.raises(ValueError, match="n is 1"):
        viz.interpolation(vae(), x[:2], x[:2], shape, n=1)
    with pytest.raises(ValueError, match="every image needs its condition"):
        viz.label_swaps(conditional, x[:5], y[:4], shape)
    with pytest.raises(ValueError, match="4 classes need as many names, not 2"):
        viz.label_swaps(conditional, x[:5], y[:5], shape, names=["a", "b"])
