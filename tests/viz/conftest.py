"""Models with random weights, whose figures differ from tile to tile, and a history to plot."""

import numpy as np
import pytest

import minivae as mv

SHAPE = (3, 4)  # height and width differ, so that a swap of the two shows


class History:
    """Named columns, as training writes them down."""

    def __init__(self, **columns):
        self.values = {name: np.asarray(column, float) for name, column in columns.items()}
        self.columns = list(self.values)

    def column(self, name):
        return self.values[name]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def shape():
    return SHAPE


@pytest.fixture
def vae(rng):
    """Build a VAE with strong weights, so that z changes the picture."""

    def build(latent=2, **choices):
        model = mv.models.VAE.mlp(data_dim=12, hidden=(8,), latent=latent, rng=rng, **choices)
        return strengthened(model)

    return build


@pytest.fixture
def autoencoder(rng):
    def build(latent=2):
        return strengthened(
            mv.models.Autoencoder.mlp(data_dim=12, hidden=(8,), latent=latent, rng=rng)
        )

    return build


def strengthened(model):
    for parameter in model.parameters():
        parameter.data *= 2
    return model


@pytest.fixture
def x(rng):
    return rng.random((40, 12), dtype=np.float32)


@pytest.fixture
def labels():
    return np.arange(40) % 10


@pytest.fixture
def history():
    return History(
        epoch=[1, 2, 3],
        step=[10, 20, 30],
        loss=[30, 25, 23],
        reconstruction=[-29, -21, -17],
        kl=[1, 4, 6],
        validation_loss=[31, 26, 24],
        validation_reconstruction=[-30, -22, -18],
        validation_kl=[1, 4, 6],
    )


def decoder_mean(model, z):
    """E[x|z] of one code, as an image."""
    with mv.no_grad():
        return model.decode(np.asarray(z)[None]).mean.data.reshape(SHAPE)


def picture(figure):
    """The one image of a figure."""
    (image,) = figure.axes[0].images
    return image.get_array().filled(np.nan)


def rim(ellipse):
    """Points of an ellipse, in the units of its axes: it is the image of the unit circle."""
    angle = np.linspace(0, 2 * np.pi, 721)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ellipse.get_patch_transform().transform(circle)
