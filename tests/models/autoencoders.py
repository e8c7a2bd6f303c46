"""Small autoencoders of every variant, and data for them."""

import numpy as np

from minivae.models import Autoencoder

VARIANTS = {
    "linear": {"hidden": ()},
    "deep": {"hidden": (5, 4)},
    "learned sigma": {"likelihood": "gaussian", "sigma": "learned"},
    "tied": {"hidden": (), "tied": True, "code_activation": "sigmoid"},
    "deep tied": {"hidden": (5, 4), "tied": True, "weight_decay": 0.3},
    "sparse": {"hidden": (), "code_activation": "sigmoid", "penalty": "kl_sparsity"},
    "sparse hidden": {
        "hidden": (5, 4),
        "activation": "sigmoid",
        "penalty": "kl_sparsity",
        "units": "hidden",
        "weight_decay": 0.1,
    },
    "l1": {"penalty": "l1", "penalty_weight": 0.7},
    "masking": {"corruption": "masking", "corruption_level": 0.3},
    "gaussian noise": {"corruption": "gaussian", "corruption_level": 0.2},
    "salt and pepper": {"corruption": "salt_and_pepper"},
    "contractive": {"hidden": (), "code_activation": "sigmoid", "penalty": "contraction"},
    "contractive, exact": {"hidden": (4,), "penalty": "contraction_exact"},
    "contractive, estimated": {"hidden": (4,), "penalty": "contraction_hutchinson", "probes": 2},
    "contractive, tied, denoising": {
        "hidden": (),
        "code_activation": "tanh",
        "tied": True,
        "penalty": "contraction",
        "penalty_weight": 2.0,
        "corruption": "gaussian",
    },
}
IMAGES = {
    "convolutional": {},
    "convolutional, sparse": {"code_activation": "sigmoid", "penalty": "kl_sparsity"},
    "convolutional, denoising, contractive": {
        "corruption": "masking",
        "penalty": "contraction_hutchinson",
    },
}


def build(variant, seed=0, **choices):
    """A small model whose weights and biases are all random."""
    rng = np.random.default_rng(seed)
    if variant in IMAGES:
        arguments = {"image_shape": (4, 5), "channels": (2, 3), "activation": "tanh"}
        make = Autoencoder.convolutional
    else:
        arguments, make = {"data_dim": 20, "hidden": (6,)}, Autoencoder.mlp
    arguments |= {"latent": 3, "dtype": "float64"} | (VARIANTS | IMAGES)[variant] | choices
    model = make(**arguments, rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.5 * rng.standard_normal(parameter.shape)
    return model


def data(n=4, d=20, seed=1):
    return np.random.default_rng(seed).uniform(0.05, 0.95, (n, d))
