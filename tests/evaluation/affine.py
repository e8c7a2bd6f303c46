"""VAEs whose parts are one affine map each, with weights that a test chooses."""

import numpy as np

from minivae.models import VAE


def with_posteriors(means, std, likelihood="gaussian", dtype="float64"):
    """Return a VAE and data whose posteriors are N(means[i], std²), the data being the means."""
    means = np.atleast_2d(np.asarray(means, dtype))
    latent = means.shape[1]
    std = np.broadcast_to(std, latent)
    weight = np.concatenate([np.eye(latent), np.zeros((latent, latent))])
    bias = np.concatenate([np.zeros(latent), 2 * np.log(std)])
    return with_weights(weight, bias, np.eye(latent), np.zeros(latent), likelihood, dtype), means


def with_weights(
    weight, bias, decoder_weight, decoder_bias, likelihood="gaussian", dtype="float64"
):
    """Return a VAE with encoder x ↦ weight x + bias (μ above log σ²) and an affine decoder."""
    model = VAE.mlp(
        data_dim=np.shape(weight)[1],
        hidden=(),
        latent=np.shape(weight)[0] // 2,
        likelihood=likelihood,
        dtype=dtype,
        rng=np.random.default_rng(0),
    )
    state = dict(zip(model.state_dict(), (weight, bias, decoder_weight, decoder_bias), strict=True))
    model.load_state_dict(state)
    return model
