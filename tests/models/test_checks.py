"""What is no size is refused under its own name, by every constructor alike."""

import numpy as np
import pytest

import minivae as mv
from minivae.models import GAN, VAE, Autoencoder, Seq2Seq, SequenceVAE

SEQUENCE = {"data_dim": 3, "hidden": 4, "symbols": 3, "end": 1}
CONSTRUCTORS = {
    "VAE.mlp": (
        VAE.mlp,
        {"data_dim": 16, "hidden": (4,), "latent": 2, "components": 3, "levels": 3, "condition": 1},
    ),
    "VAE.convolutional": (
        VAE.convolutional,
        {"image_shape": (4, 4), "channels": (2,), "latent": 2, "components": 3, "levels": 3},
    ),
    "VAE.linear": (VAE.linear, {"data_dim": 16, "latent": 2}),
    "Autoencoder.mlp": (
        Autoencoder.mlp,
        {"data_dim": 16, "hidden": (4,), "latent": 2, "levels": 3},
    ),
    "Autoencoder.convolutional": (
        Autoencoder.convolutional,
        {"image_shape": (4, 4), "channels": (2,), "latent": 2, "levels": 3},
    ),
    "GAN.mlp": (GAN.mlp, {"data_dim": 16, "hidden": (4,), "latent": 2}),
    "SequenceVAE.gru": (
        SequenceVAE.gru,
        SEQUENCE | {"latent": 2, "components": 3, "condition": 1},
    ),
    "Seq2Seq.gru": (Seq2Seq.gru, SEQUENCE | {"condition": 1}),
}
SIZES = [(name, size) for name, (_, sizes) in CONSTRUCTORS.items() for size in sizes]


def build(name, **changed):
    make, sizes = CONSTRUCTORS[name]
    return make(**(sizes | changed), rng=np.random.default_rng(0))


def in_place_of_the_last(size, value):
    return (*size[:-1], value) if isinstance(size, tuple) else value


@pytest.mark.parametrize(("name", "size"), SIZES)
@pytest.mark.parametrize("bad", [2.5, 2.0, "2"])
def test_a_size_that_is_no_whole_number_is_refused_under_its_name(name, size, bad):
    chosen = in_place_of_the_last(CONSTRUCTORS[name][1][size], bad)
    with pytest.raises(TypeError, match=f"^{size} must be an integer, it is {bad!r}"):
        build(name, **{size: chosen})


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_a_size_that_is_too_small_is_refused_under_its_name(name, size):
    least = 0 if size == "end" or (size == "condition" and name != "Seq2Seq.gru") else 1
    chosen = in_place_of_the_last(CONSTRUCTORS[name][1][size], least - 1)
    with pytest.raises(ValueError, match=f"^{size} must be at least {least}, it is {least - 1}"):
        build(name, **{size: chosen})


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_sizes_that_are_numbers_of_numpy_are_kept_as_plain_ones(name, tmp_path):
    """So that the recipe can be written to a file."""
    sizes = {
        size: tuple(map(np.int64, value)) if isinstance(value, tuple) else np.int64(value)
        for size, value in CONSTRUCTORS[name][1].items()
    }
    model = build(name, **sizes)
    assert model.recipe == build(name).recipe
    mv.save(model, tmp_path / "m")
    assert mv.load(tmp_path / "m").recipe == model.recipe


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_a_type_that_no_parameter_has_is_refused(name):
    with pytest.raises(ValueError, match="dtype 'float16' is unknown; choose one of float32, flo"):
        build(name, dtype="float16")
