"""Models with one fault each, and models with none, trained for a moment on the digits."""

from functools import cache

import numpy as np

import minivae as mv
from minivae.distributions import Normal
from minivae.models import VAE, Autoencoder, ImportanceWeightedBound
from minivae.models.posterior import DiagonalPosterior
from minivae.nn import Module
from minivae.optim import Adam

DIGITS = mv.data.load("digits")
GREY = DIGITS.train
BINARY = mv.data.binarize(GREY, np.random.default_rng(1))
CLASSES = np.eye(10, dtype="float32")[DIGITS.labels.train]


def build(cls=VAE, latent=10, **choices):
    choices = {"hidden": (32,), "latent": latent} | choices
    return cls.mlp(64, **choices, rng=np.random.default_rng(0))


def trained(model, x=BINARY, y=None, loss=None, epochs=20, lr=5e-3):
    """Minimise ``loss(model, x, y, rng)``, by default the model's own."""
    rng, optimizer = np.random.default_rng(0), Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for rows in mv.data.batches(np.arange(len(x)), 100, rng):
            batch = x[rows], None if y is None else y[rows]
            value = model.loss(*batch, rng=rng) if loss is None else loss(model, *batch, rng)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return model


# --- faults --------------------------------------------------------------------------------------


class Weighted(VAE):
    """A loss whose terms have weights of their own."""

    weights = (1.0, 1.0)

    def terms(self, x, y=None, *, rng=None, eps=None):
        elbo = self.elbo(x, y, rng=rng, eps=eps)
        a, b = self.weights
        loss = b * elbo.kl - a * elbo.reconstruction
        return {"loss": loss, "reconstruction": elbo.reconstruction, "kl": elbo.kl}


def weighted(reconstruction, kl):
    """A reconstruction or a KL divergence that is a mean over pixels, or lacks its ½."""
    model = build(Weighted)
    model.weights = (reconstruction, kl)
    return trained(model), BINARY


def reweighted(beta):
    """The same slip in a training loop of one's own: the model knows nothing of it."""

    def loss(model, x, y, rng):
        elbo = model.elbo(x, rng=rng)
        return beta * elbo.kl - elbo.reconstruction

    return trained(build(), loss=loss), BINARY


def grey(x=GREY):
    """Grey levels under a Bernoulli likelihood."""
    return trained(build(), x), x


def swapped(floor):
    """-Σ p log x + (1 - p) log(1 - x), logarithms clamped at ``floor``, as elsewhere."""

    def loss(model, x, y, rng):
        q = model.encode(x)
        p = model.decode(q.rsample(rng)).mean
        log_x, log_not_x = np.where(x > 0.5, 0, floor), np.where(x > 0.5, floor, 0)
        terms = p * log_x.astype("float32") + (1 - p) * log_not_x.astype("float32")
        return q.kl(model.prior).mean() - terms.sum(-1).mean()

    return trained(build(), loss=loss), BINARY


class Cut(VAE):
    """z is an array: its graph is cut."""

    def elbo(self, x, y=None, *, rng=None, eps=None):
        x = self.as_data(x)
        q = self.encode(x, y)
        reconstruction = self.decode(q.sample(rng), y).log_prob(x).mean()
        kl = q.kl(self.prior).mean()
        return mv.models.ELBO(reconstruction - kl, reconstruction, kl, None)


class CutInLoss(Weighted):
    """The same in the loss alone."""

    def terms(self, x, y=None, *, rng=None, eps=None):
        x = self.as_data(x)
        q = self.encode(x, y)
        reconstruction = self.decode(q.sample(rng), y).log_prob(x).mean()
        kl = q.kl(self.prior).mean()
        return {"loss": kl - reconstruction, "reconstruction": reconstruction, "kl": kl}


class Times(Module):
    """A network whose input is multiplied by a number."""

    def __init__(self, network, factor):
        self.network = network
        self.factor = np.float32(factor)

    def forward(self, x):
        return self.network(x * self.factor)


def deaf(part, factor=0.0):
    """An encoder or a decoder that does not hear its input."""
    model = build()
    setattr(model, part, Times(getattr(model, part), factor))
    return trained(model), BINARY


class TooWide(Normal):
    """Draws whose standard deviation is not that of the density: exp(logvar), or a multiple."""

    power, factor = 2.0, 1.0

    def rsample(self, rng=None, samples=None, *, eps=None):
        other = Normal(self.mu, self.power * self.logvar + 2 * np.log(self.factor))
        return other.rsample(rng, samples, eps=eps)

    def sample(self, rng, samples=None):
        return self.rsample(rng, samples).data


class Narrow(TooWide):
    power, factor = 1.0, 0.01


class WithDraws(DiagonalPosterior):
    """A posterior family whose draws are those of ``kind``."""

    kind = TooWide

    def distribution(self, h):
        q = super().distribution(h)
        return self.kind(q.mu, q.logvar)


class WithNarrowDraws(WithDraws):
    kind = Narrow


def drawn_by(family):
    model = build()
    model.posterior = family(model.latent)
    return trained(model), BINARY


class LogStd(DiagonalPosterior):
    """Reads the encoder's output as log σ where others read log σ²."""

    def distribution(self, h):
        q = super().distribution(h)
        return Normal(q.mu, 2 * q.logvar)


def misread(in_training, afterwards):
    """Trained under one reading of the encoder's output, and used under another."""
    model = build()
    model.posterior = in_training(model.latent)
    trained(model)
    model.posterior = afterwards(model.latent)
    return model, BINARY


def gaussian(scale, sigma=1.0):
    """A Gaussian decoder of fixed σ for data of some scale."""
    x = GREY * np.float32(scale)
    return trained(build(likelihood="gaussian", sigma=sigma), x), x


def bytes_as_levels():
    return build(), GREY * 255


def dead(units, part="encoder"):
    model = build(activation="relu")
    getattr(model, part).layers[0].bias.data[:units] = -10
    return trained(model), BINARY


def saturated():
    model = build(activation="tanh")
    model.encoder.layers[0].bias.data[...] = 20
    return trained(model), BINARY


def changed(change):
    """A healthy model, then damaged."""
    model, x = healthy_ten()
    state = {name: value.copy() for name, value in model.state_dict().items()}
    damaged = build()
    damaged.load_state_dict(state)
    change(damaged)
    return damaged, x


def not_a_number(model):
    model.decoder.layers[0].weight.data[3, 3] = np.nan


def infinite_mean(model):
    model.encoder.layers[-1].bias.data[0] = np.inf


def huge_logvar(model):
    model.encoder.layers[-1].bias.data[model.latent :] += 60


def tiny_logvar(model):
    model.encoder.layers[-1].bias.data[model.latent :] -= 80


def huge_logits(model):
    model.decoder.layers[-1].weight.data *= 300


TEN = {  # what people meet most, each in its commonest form
    "posterior collapse": lambda: reweighted(30.0),
    "KL weighs too little": lambda: weighted(1.0, 1 / 64),
    "KL weighs too much": lambda: weighted(1 / 64, 1.0),
    "non-binary data": grey,
    "swapped arguments": lambda: swapped(-100.0),
    "overflow": lambda: changed(huge_logvar),
    "decoder ignores z": lambda: deaf("decoder"),
    "sampling without gradient": lambda: (trained(build(Cut)), BINARY),
    "data of the wrong scale": lambda: gaussian(1.0),
    "log-variance read as a deviation": lambda: drawn_by(WithDraws),
}

MORE = {  # others, and other strengths
    "KL without its ½": ("KL weighs too little", lambda: weighted(1.0, 0.5)),
    "KL twice": ("KL weighs too much", lambda: weighted(1.0, 2.0)),
    "no KL": ("KL weighs too little", lambda: weighted(1.0, 0.0)),
    "KL averaged elsewhere": ("KL weighs too little", lambda: reweighted(1 / 64)),
    "KL too small elsewhere": ("KL weighs too little", lambda: reweighted(0.3)),
    "swapped, floor of 1e-8": ("swapped arguments", lambda: swapped(-18.4)),
    "swapped, floor of 0.01": ("swapped arguments", lambda: swapped(-4.6)),
    "one grey entry in a hundred": (
        "non-binary data",
        lambda: grey(np.where(np.random.default_rng(0).random(GREY.shape) < 0.02, GREY, BINARY)),
    ),
    "NaN in a weight": ("overflow", lambda: changed(not_a_number)),
    "infinity in a bias": ("overflow", lambda: changed(infinite_mean)),
    "vanishing variance": ("overflow", lambda: changed(tiny_logvar)),
    "logits of thousands": ("overflow", lambda: changed(huge_logits)),
    "decoder hears a whisper": ("decoder ignores z", lambda: deaf("decoder", 1e-9)),
    "encoder ignores x": ("encoder ignores x", lambda: deaf("encoder")),
    "cut in the loss": ("sampling without gradient", lambda: (trained(build(CutInLoss)), BINARY)),
    "bytes": ("data of the wrong scale", bytes_as_levels),
    "bytes, Gaussian": ("data of the wrong scale", lambda: gaussian(255.0)),
    "small numbers, Gaussian": ("data of the wrong scale", lambda: gaussian(0.1)),
    "narrow draws": ("draws of another width", lambda: drawn_by(WithNarrowDraws)),
    "trained as log σ": (
        "log-variance read as a deviation",
        lambda: misread(LogStd, DiagonalPosterior),
    ),
    "used as log σ": (
        "log-variance read as a deviation",
        lambda: misread(DiagonalPosterior, LogStd),
    ),
    "all rectifiers dead": ("dead units", lambda: dead(32)),
    "most rectifiers dead": ("dead units", lambda: dead(30)),
    "dead decoder": ("dead units", lambda: dead(32, "decoder")),
    "saturated": ("dead units", saturated),
}


# --- healthy models ------------------------------------------------------------------------------


@cache
def healthy_ten():
    return trained(build()), BINARY


def importance_weighted():
    model = build()
    model.objective = ImportanceWeightedBound(5)
    return trained(model), BINARY


def conditional():
    return trained(build(condition=10, latent=5), BINARY, CLASSES), BINARY, CLASSES


def waves():
    x = mv.data.load("waves").train
    model = VAE.mlp(
        x.shape[1], (32,), 4, likelihood="gaussian", sigma="optimal", rng=np.random.default_rng(0)
    )
    return trained(model, x, epochs=10), x


def autoencoder():
    model = Autoencoder.mlp(
        64, (32,), 5, likelihood="gaussian", sigma=1.0, rng=np.random.default_rng(0)
    )
    return trained(model, GREY), GREY


HEALTHY = {
    "two dimensions": lambda: (trained(build(latent=2)), BINARY),
    "ten dimensions": healthy_ten,
    "twenty dimensions": lambda: (trained(build(latent=20, activation="elu")), BINARY),
    "Gaussian, best σ": lambda: (
        trained(build(likelihood="gaussian", sigma="optimal"), GREY, epochs=60),
        GREY,
    ),
    "conditional": conditional,
    "importance weighted": importance_weighted,
    "mixture prior": lambda: (trained(build(prior="mixture", latent=5)), BINARY),
    "full covariance": lambda: (trained(build(posterior="full", latent=4)), BINARY),
    "convolutional": lambda: (
        trained(VAE.convolutional((8, 8), (8, 16), 4, rng=np.random.default_rng(0)), lr=1e-3),
        BINARY,
    ),
    "rectifiers": lambda: (trained(build(activation="relu")), BINARY),
    "autoencoder of σ = 1": autoencoder,
    "waves": waves,
}
