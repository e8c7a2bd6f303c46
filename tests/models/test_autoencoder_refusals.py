"""Autoencoders: choices that are none, belong to nothing, or do not go together are refused."""

import numpy as np
import pytest
from autoencoders import build, data

import minivae as mv
from minivae.models import Autoencoder


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"corruption": "blur"}, "corruption 'blur' is unknown; choose one of masking, gaussian"),
        ({"corruption_level": 0.3}, "corruption_level=0.3 is given, but no corruption"),
        (
            {"corruption": "masking", "corruption_level": 1.5},
            r"expected fraction in \[0, 1\], got 1.5",
        ),
        (
            {"corruption": "gaussian", "corruption_level": -1.0},
            "finite std of at least 0, got -1.0",
        ),
        ({"corruption": "salt_and_pepper", "corruption_level": np.nan}, "expected fraction in"),
        ({"penalty_weight": 0.5}, "penalty_weight=0.5 is given, but no penalty; name one of kl_s"),
        ({"rho": 0.1, "units": "code"}, "rho=0.1, units='code' is given, but no penalty"),
        ({"probes": 2, "weight_decay": 0.1}, "probes=2 is given, but no penalty"),
        ({"penalty": "l1", "rho": 0.1}, "'l1' takes weight, units; rho=0.1 means nothing to it"),
        ({"penalty": "contraction_exact", "units": "code"}, "takes weight; units='code' means"),
        ({"penalty": "contraction", "probes": 2}, "takes weight; probes=2 means nothing"),
        ({"penalty": "l2"}, "penalty 'l2' is unknown; choose one of kl_sparsity, l1"),
        (
            {"penalty": "kl_sparsity"},
            "needs units between 0 and 1, those of the code are made by L",
        ),
        (
            {"penalty": "kl_sparsity", "code_activation": "tanh"},
            "those of the code are made by tanh; choose sigmoid",
        ),
        (
            {"penalty": "kl_sparsity", "units": "hidden", "hidden": (5, 4)},
            "those of the hidden are made by tanh",
        ),
        (
            {"penalty": "l1", "units": "hidden", "hidden": ()},
            "this encoder shows no hidden layer, its only units are the code",
        ),
        ({"penalty": "l1", "units": "some"}, "units 'some' is unknown; choose one of code, hidden"),
        ({"penalty": "kl_sparsity", "rho": 1.0}, "rho must lie between 0 and 1, it is 1.0"),
        ({"penalty": "l1", "penalty_weight": -1.0}, "weight must be at least 0 and finite"),
        ({"weight_decay": -1.0}, "weight_decay: weight must be at least 0 and finite, it is -1.0"),
        (
            {"penalty": "contraction"},
            "closed form for one Linear layer .* consists of Linear, tanh, Linear; take 'contract",
        ),
        ({"penalty": "contraction_hutchinson", "probes": 0}, "probes must be at least 1, it is 0"),
        ({"code_activation": "gelu"}, "activation 'gelu' is unknown"),
        (
            {"tied": True, "likelihood": "categorical", "levels": 4},
            "a categorical likelihood needs 4; take tied=False",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused_with_the_reason(choices, message):
    arguments = {"data_dim": 20, "hidden": (6,), "latent": 3} | choices
    with pytest.raises(ValueError, match=message):
        Autoencoder.mlp(**arguments, rng=np.random.default_rng(0))


def test_a_closed_form_of_a_convolutional_encoder_is_refused():
    with pytest.raises(ValueError, match="this encoder consists of Reshape, Conv2d, tanh"):
        build("convolutional", penalty="contraction")


@pytest.mark.parametrize("variant", ["masking", "gaussian noise", "salt and pepper"])
def test_a_corruption_without_a_generator_is_refused(variant):
    with pytest.raises(TypeError, match="the corruption of the data is drawn; pass rng=numpy"):
        build(variant).loss(data())


def test_a_corruption_of_data_that_want_a_gradient_is_refused():
    x = mv.tensor(data(), requires_grad=True)
    with pytest.raises(TypeError, match="cuts the graph of data that want a gradient"):
        build("masking").loss(x, rng=np.random.default_rng(0))


def test_an_estimate_without_a_generator_is_refused():
    with pytest.raises(TypeError, match="the Hutchinson estimate draws directions; pass rng"):
        build("contractive, estimated").loss(data())


def test_a_condition_is_refused():
    with pytest.raises(ValueError, match="there is no condition y in this Autoencoder"):
        build("deep").loss(data(), np.eye(4))
    with pytest.raises(ValueError, match="there is no condition y in this Autoencoder"):
        build("deep").codes(data(), np.eye(4))


def test_a_penalty_can_be_there_once():
    model = build("l1")
    parts = {name: getattr(model, name) for name in ("encoder", "decoder", "likelihood")}
    with pytest.raises(ValueError, match=r"can be there once, not \['l1', 'l1'\]"):
        Autoencoder(**parts, data_dim=20, latent=3, penalties=2 * model.penalties)
