"""The autoencoder: a code for each datum, and no distribution over codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import mean
from minivae.models.likelihood import Likelihood, likelihood_named
from minivae.models.model import Model, mirrored_mlps, sizes_of
from minivae.nn import Module


class Autoencoder(Model):
    """Encoder z = f_phi(x) and decoder p_theta(x|z), trained to reconstruct: max log p(x|f(x)).

    With a Gaussian likelihood the loss is ‖x - x'‖² / (2 σ²) plus a constant, with a Bernoulli one
    the cross-entropy. It is a VAE's loss without the draw of z and without the KL divergence.

    Parameters
    ----------
    encoder, decoder : Module
        Map data to codes, and codes to the numbers from which ``likelihood`` makes p(x|z).
    likelihood : Likelihood
        The likelihood family.
    data_dim, latent : int
        Entries of a datum and of a code.
    """

    def __init__(
        self,
        *,
        encoder: Module,
        decoder: Module,
        likelihood: Likelihood,
        data_dim: int,
        latent: int,
    ) -> None:
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.data_dim = data_dim
        self.latent = latent

    @classmethod
    def mlp(
        cls,
        data_dim: int,
        hidden: Sequence[int] = (500,),
        latent: int = 20,
        activation: str = "tanh",
        likelihood: str = "bernoulli",
        sigma: float = 1.0,
        dtype: str = "float32",
        *,
        rng: np.random.Generator,
    ) -> Autoencoder:
        """Build an autoencoder of mirrored perceptrons; parameters as for ``VAE.mlp``."""
        data_dim, hidden, latent = sizes_of(data_dim, hidden, latent)
        encoder, decoder = mirrored_mlps(
            data_dim, hidden, latent, latent, activation=activation, rng=rng, dtype=dtype
        )
        model = cls(
            encoder=encoder,
            decoder=decoder,
            likelihood=likelihood_named(likelihood, sigma),
            data_dim=data_dim,
            latent=latent,
        )
        arguments = {"data_dim": data_dim, "hidden": hidden, "latent": latent, "sigma": sigma}
        names = {"activation": activation, "likelihood": likelihood, "dtype": dtype}
        model.recipe = {"model": "Autoencoder.mlp", "arguments": arguments | names}
        return model

    def encode(self, x: Any) -> Tensor:
        """Return the codes z of data (n, data_dim)."""
        return self.encoder(self.as_data(x))

    def terms(self, x: Any, *, rng: np.random.Generator | None = None) -> dict[str, Tensor]:
        """Return the loss and the reconstruction's log likelihood, its negative."""
        x = self.as_data(x)
        self.likelihood.check(x)
        reconstruction = mean(self.decode(self.encode(x)).log_prob(x))
        return {"loss": -reconstruction, "reconstruction": reconstruction}

    def codes(self, x: Any) -> np.ndarray:
        """Return the codes of data as an array, (n, latent)."""
        with no_grad():
            return self.encode(x).data
