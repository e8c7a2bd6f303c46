"""The autoencoder family: a code for each datum, and no distribution over codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import mean
from minivae.models import autoencoder_constructors as constructors
from minivae.models.checks import refuse_condition
from minivae.models.likelihood import Likelihood, values_of
from minivae.models.model import Model
from minivae.models.penalties import Penalty, encoding
from minivae.nn import Module

Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Autoencoder(Model):
    """Encoder z = f_phi(x) and decoder p_theta(x|z), trained to reconstruct: max log p(x|f(x)).

    With a Gaussian likelihood the loss is ‖x - x'‖² / (2 σ²) plus a constant, with a Bernoulli one
    the cross-entropy. It is a VAE's loss without the draw of z and without the KL divergence. The
    family differs in what is added:

    - **denoising**: the encoder sees corrupted data x̃, the loss asks for the clean ones,
      max log p(x|f(x̃)) (Vincent et al. 2008);
    - **sparse**, **contractive**: a penalty Ω is added to the loss, weighted
      (:mod:`minivae.models.penalties`);
    - **tied**: the decoder's weights are the transposes of the encoder's.

    Parameters
    ----------
    encoder, decoder : Module
        Map data to codes, and codes to the numbers from which ``likelihood`` makes p(x|z).
    likelihood : Likelihood
        The likelihood family.
    data_dim, latent : int
        Entries of a datum and of a code.
    corruption : callable, optional
        ``corruption(x, rng)`` gives what the encoder sees in training.
    penalties : sequence of Penalty
        What is added to the loss, each times its weight.

    Raises
    ------
    ValueError
        If a penalty does not apply to the encoder, or two are of one kind.
    """

    def __init__(
        self,
        *,
        encoder: Module,
        decoder: Module,
        likelihood: Likelihood,
        data_dim: int,
        latent: int,
        corruption: Corruption | None = None,
        penalties: Sequence[Penalty] = (),
    ) -> None:
        names = [penalty.name for penalty in penalties]
        if len(set(names)) < len(names):
            raise ValueError(f"Autoencoder: each kind of penalty can be there once, not {names}")
        for penalty in penalties:
            penalty.check(encoder)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.data_dim = data_dim
        self.latent = latent
        self.corruption = corruption
        self.penalties = tuple(penalties)

    mlp = classmethod(constructors.mlp)
    convolutional = classmethod(constructors.convolutional)

    def encode(self, x: Any) -> Tensor:
        """Return the codes z of data (n, data_dim)."""
        return self.encoder(self.as_data(x))

    def corrupted(self, x: Any, *, rng: np.random.Generator | None = None) -> Any:
        """Return what the encoder sees of data in training.

        Raises
        ------
        TypeError
            If there is a corruption and no generator to draw it with.
        """
        x = self.as_data(x)
        if self.corruption is None:
            return x
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"{type(self).__name__}: the corruption of the data is drawn; pass "
                "rng=numpy.random.default_rng(seed)"
            )
        if isinstance(x, Tensor) and x.requires_grad:
            raise TypeError(
                f"{type(self).__name__}: a corruption takes arrays, and cuts the graph of data "
                "that want a gradient; pass x.data"
            )
        return self.as_data(self.corruption(values_of(x), rng))

    def terms(
        self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None
    ) -> dict[str, Tensor]:
        """Return the loss, the log likelihood of the clean data, and the penalties' values.

        loss = -reconstruction + Σ weight · penalty; each value is there under the penalty's name,
        without its weight.

        Raises
        ------
        ValueError
            If there is a condition ``y``: an autoencoder takes none.
        """
        refuse_condition(self, y)
        x = self.as_data(x)
        self.likelihood.check(x)
        seen = encoding(self.encoder, self.corrupted(x, rng=rng), self.parameters(), rng)
        h = self.checked_outputs(self.decoder(self.as_codes(seen.z)))
        with self.likelihood.fitting():
            reconstruction = mean(self.likelihood.observed(h, x).log_prob(x))
        loss, values = -reconstruction, {}
        for penalty in self.penalties:
            values[penalty.name] = value = penalty(seen)
            loss = loss + penalty.weight * value
        return {"loss": loss, "reconstruction": reconstruction, **values}

    def codes(self, x: Any, y: Any = None) -> np.ndarray:
        """Return the codes of data as an array, (n, latent)."""
        refuse_condition(self, y)
        with no_grad():
            return self.encode(x).data
