"""Linear-Gaussian VAEs with weights that a test chooses, and encoders that it sets."""

import numpy as np
from scipy.optimize import minimize

from minivae.models import VAE


def linear(seed=0, d=None, latent=None, sigma=None, posterior="diagonal", dtype="float64"):
    """A model with random weights and sizes, four data of its own, and a generator."""
    rng = np.random.default_rng(seed)
    latent = latent or int(rng.integers(1, 4))
    d = d or int(rng.integers(latent, 7))
    sigma = sigma or float(rng.uniform(0.3, 2.0))
    model = VAE.linear(d, latent, posterior=posterior, sigma=sigma, dtype=dtype, rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.5 * rng.standard_normal(parameter.shape)
    model.decoder.layers[0].weight.data[...] *= 2.0
    model.encoder.layers[0].weight.data[...] *= 0.2  # so that no variance is extreme
    return model, model.sample(4, rng=rng), rng


def decoder_of(model):
    """W, b and σ, as the model's parts hold them."""
    layer = model.decoder.layers[0]
    return layer.weight.data, layer.bias.data, model.likelihood.sigma


def set_decoder(model, weight, bias=None):
    layer = model.decoder.layers[0]
    layer.weight.data[...] = weight
    layer.bias.data[...] = 0.0 if bias is None else bias


def set_encoder(model, to_mean, mean, rest):
    """Let q have the mean ``to_mean`` x + ``mean``, and ``rest`` as its other outputs."""
    layer, latent = model.encoder.layers[0], model.latent
    layer.weight.data[...] = 0.0
    layer.weight.data[:latent] = to_mean
    layer.bias.data[:latent] = mean
    layer.bias.data[latent:] = rest


def set_best_encoder(model):
    """Let q be the best of its family: the true mean, and the covariance nearest in KL."""
    W, b, sigma = decoder_of(model)
    P = np.eye(model.latent) + W.T @ W / sigma**2
    to_mean = np.linalg.solve(P, W.T) / sigma**2
    family = type(model.posterior).__name__
    if family == "IsotropicPosterior":
        rest = np.log(model.latent / np.trace(P))
    elif family == "DiagonalPosterior":
        rest = -np.log(np.diag(P))
    else:
        L = np.linalg.cholesky(np.linalg.inv(P))
        rest = np.concatenate([np.log(np.diag(L)), L[np.tril_indices(model.latent, -1)]])
    set_encoder(model, to_mean, -to_mean @ b, rest)


def train(model, parameters, x):
    """Raise the exact ELBO of the data by L-BFGS in these parameters.

    All is quadratic in z, so that the mean over the points μ ± √d L eⱼ is the expectation.
    """
    d, parameters = model.latent, list(parameters)
    points = np.sqrt(d) * np.concatenate([np.eye(d), -np.eye(d)])
    data, eps = np.tile(x, (2 * d, 1)), np.repeat(points, len(x), axis=0)
    cuts = np.cumsum([p.size for p in parameters])[:-1]

    def loss(theta):
        for p, values in zip(parameters, np.split(theta, cuts), strict=True):
            p.data[...], p.grad = values.reshape(p.shape), None
        value = -model.elbo(data, eps=eps).value
        value.backward()
        return value.item(), np.concatenate([p.grad.ravel() for p in parameters])

    start = np.concatenate([p.data.ravel() for p in parameters])
    options = {"maxiter": 3000, "maxfun": 5000, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-8}
    loss(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)
