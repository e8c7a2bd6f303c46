"""Saved models: the same bits after loading, whole files or none, and damage that is refused."""

import json
import os
import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import minivae as mv
from minivae.models import (
    VAE,
    Autoencoder,
    BernoulliLikelihood,
    ImportanceWeightedBound,
    Model,
    VariationalBound,
)

BUILDERS = {
    "VAE, Bernoulli": lambda rng: VAE.mlp(data_dim=5, hidden=(4, 3), latent=2, rng=rng),
    "VAE, Gaussian, float64": lambda rng: VAE.mlp(
        data_dim=5,
        hidden=(),
        latent=3,
        activation="elu",
        likelihood="gaussian",
        sigma=0.3,
        dtype="float64",
        rng=rng,
    ),
    "autoencoder": lambda rng: Autoencoder.mlp(
        data_dim=5,
        hidden=[4],
        latent=2,
        activation="relu",
        likelihood="gaussian",
        sigma=0.3,
        rng=rng,
    ),
}
EVERY = pytest.mark.parametrize("kind", BUILDERS)


def build(kind="VAE, Bernoulli", seed=0):
    rng = np.random.default_rng(seed)
    model = BUILDERS[kind](rng)
    for parameter in model.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    return model


def outputs(model):
    """All that a model says of some data, from a fixed seed."""
    x = np.random.default_rng(1).random((4, 5)).astype("float32")
    rng = np.random.default_rng(2)
    said = [model.loss(x, rng=rng).data, model.codes(x), model.reconstruct(x)]
    if isinstance(model, VAE):
        said += [model.sample(3, rng=rng), model.log_prob(x, samples=3, rng=rng)]
    return said


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    mv.save(build(), path)
    return path


@EVERY
def test_a_loaded_model_says_the_same_bit_for_bit(kind, tmp_path):
    model, path = build(kind), tmp_path / "model.safetensors"
    mv.save(model, path)
    loaded = mv.load(path)
    assert type(loaded) is type(model)
    assert loaded.recipe == model.recipe
    assert_same(outputs(loaded), outputs(model))
    mv.save(loaded, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


@EVERY
def test_a_loaded_model_can_be_trained_on(kind, tmp_path):
    mv.save(build(kind), tmp_path / "m")
    losses = []
    for model in (build(kind), mv.load(tmp_path / "m")):
        rng, opt = np.random.default_rng(3), mv.optim.Adam(model.parameters())
        for _ in range(3):
            loss = model.loss(np.ones((2, 5)), rng=rng)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
    assert losses[:3] == losses[3:]


def test_other_programs_find_the_weights_by_their_names(saved):
    weights, state = load_file(saved), build().state_dict()
    assert weights.keys() == state.keys()
    for name in state:
        np.testing.assert_array_equal(weights[name], state[name])


def test_a_model_is_saved_over_an_older_one(saved):
    mv.save(build(seed=5), saved)
    assert_same(outputs(mv.load(saved)), outputs(build(seed=5)))
    assert os.listdir(saved.parent) == [saved.name]


class Crash(BaseException):
    """Stands for a signal or a power cut."""


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, Crash])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_crash_while_saving_leaves_the_old_file_and_no_litter(saved, moment, error, monkeypatch):
    before = saved.read_bytes()

    def crash(*_):
        raise error("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(os, moment, crash)
        with pytest.raises(error):
            mv.save(build(seed=5), saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_the_content_is_on_the_disk_before_the_file_takes_its_name(saved, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("replace"), replace(a, b))[1])
    mv.save(build(), saved)
    assert order == ["fsync", "replace"]


def header_size(path):
    return 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]


@pytest.mark.parametrize(
    "where",
    [
        lambda header, size: 0,
        lambda header, size: 1,
        lambda header, size: 7,
        lambda header, size: 8,
        lambda header, size: header // 2,
        lambda header, size: header - 1,
        lambda header, size: header,
        lambda header, size: header + 1,
        lambda header, size: (header + size) // 2,
        lambda header, size: size - 1,
    ],
)
def test_a_truncated_file_is_refused_with_one_line(saved, where):
    content = saved.read_bytes()
    saved.write_bytes(content[: where(header_size(saved), len(content))])
    with pytest.raises(ValueError, match="is damaged, or no model that minivae saved") as caught:
        mv.load(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("extra", [b"\0", b"more"])
def test_an_oversized_file_is_refused(saved, extra):
    saved.write_bytes(saved.read_bytes() + extra)
    with pytest.raises(ValueError, match="is damaged, or no model that minivae saved"):
        mv.load(saved)


@pytest.mark.parametrize(
    "content",
    [b"hello, world", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000), b"\xff" * 1000, b"{}" * 50],
)
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ValueError, match=r"m is damaged, or no model that minivae saved"):
        mv.load(tmp_path / "m")


FOREIGN = {
    "no metadata": None,
    "other metadata": {"format": "pt"},
    "no JSON": {"minivae": "VAE"},
    "JSON of another kind": {"minivae": "[1, 2]"},
    "null": {"minivae": "null"},
    "unknown model": {"minivae": '{"model": "GAN.mlp", "arguments": {}}'},
    "missing arguments": {"minivae": '{"model": "VAE.mlp", "arguments": {}}'},
    "unknown arguments": {"minivae": '{"model": "VAE.mlp", "arguments": {"data_dim": 5, "x": 1}}'},
    "no arguments": {"minivae": '{"model": "VAE.mlp"}'},
    "impossible sizes": {"minivae": '{"model": "VAE.mlp", "arguments": {"data_dim": 0}}'},
    "sizes that are no numbers": {
        "minivae": '{"model": "VAE.mlp", "arguments": {"data_dim": "5"}}'
    },
    "model that is a list": {"minivae": '{"model": [], "arguments": {"data_dim": 5}}'},
    "arguments that are a list": {"minivae": '{"model": "VAE.mlp", "arguments": [5]}'},
    "other sizes than the weights": {
        "minivae": '{"model": "VAE.mlp", "arguments": {"data_dim": 5}}'
    },
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_safetensors_of_other_origin_are_refused(tmp_path, kind):
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": np.ones((2, 2), "float32")}, path, metadata=FOREIGN[kind])
    with pytest.raises(ValueError) as caught:
        mv.load(path)
    assert "\n" not in str(caught.value)


def test_weights_that_do_not_fit_their_recipe_are_refused(saved):
    state = load_file(saved)
    state["encoder.layers.0.weight"] = state["encoder.layers.0.weight"].T.copy()
    save_file(state, saved, metadata={"minivae": json.dumps(build().recipe)})
    with pytest.raises(ValueError, match=r"encoder.layers.0.weight has shape \(5, 4\)"):
        mv.load(saved)


@given(where=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(tmp_path_factory, where, byte):
    """Whatever byte of the header changes, load gives a model or one clear ValueError."""
    path = tmp_path_factory.mktemp("bytes") / "model.safetensors"
    mv.save(build(), path)
    content = bytearray(path.read_bytes())
    content[int(where * header_size(path))] = byte
    path.write_bytes(content)
    try:
        result = mv.load(path)
    except ValueError as error:
        result = str(error)
    assert isinstance(result, Model) or "\n" not in result


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"load: there is no file .*nowhere"):
        mv.load(tmp_path / "nowhere")


def test_a_model_composed_by_hand_is_refused_and_told_what_to_do(tmp_path):
    rng = np.random.default_rng(0)
    model = Autoencoder(
        encoder=mv.nn.Linear(5, 2, rng=rng),
        decoder=mv.nn.Linear(2, 5, rng=rng),
        likelihood=BernoulliLikelihood(),
        data_dim=5,
        latent=2,
    )
    with pytest.raises(ValueError, match=r"composed by hand.*save its state_dict\(\)"):
        mv.save(model, tmp_path / "m")
    assert not os.listdir(tmp_path)


def test_a_folder_that_is_not_there_is_an_error_and_nothing_is_written(tmp_path):
    with pytest.raises(FileNotFoundError):
        mv.save(build(), tmp_path / "nowhere" / "m")
    assert not os.listdir(tmp_path)


def test_numbers_of_numpy_are_saved_as_the_numbers_that_they_are(tmp_path):
    rng = np.random.default_rng(0)
    model = VAE.mlp(5, (4,), 2, likelihood="gaussian", sigma=np.float32(0.5), rng=rng)
    model.objective = ImportanceWeightedBound(np.int64(7))
    mv.save(model, tmp_path / "m")
    back = mv.load(tmp_path / "m")
    assert (back.likelihood.sigma, back.objective.samples) == (0.5, 7)


@dataclass
class Ours(VariationalBound):
    """An objective of one's own."""


class Undecorated:
    """Another, which is no dataclass."""

    def check(self, model):
        """Take every model."""


class OurVAE(VAE):
    """A model of one's own."""


@pytest.mark.parametrize("kind", [Ours, Undecorated])
def test_an_objective_that_load_does_not_know_is_refused(kind, tmp_path):
    model = build()
    model.objective = kind()
    with pytest.raises(ValueError, match=f"cannot rebuild the objective {kind.__name__}, only Var"):
        mv.save(model, tmp_path / "m")
    assert not os.listdir(tmp_path)


def test_a_model_that_load_does_not_know_is_refused(tmp_path):
    model = OurVAE.mlp(5, (4,), 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="cannot rebuild a OurVAE.mlp, .*save its state_dict"):
        mv.save(model, tmp_path / "m")
    assert not os.listdir(tmp_path)
