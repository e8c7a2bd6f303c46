"""What models share: the size and type of their data, and the recipe that can rebuild them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from minivae.distributions import Distribution
from minivae.engine import Tensor, no_grad
from minivae.engine.dtypes import in_type
from minivae.models.checks import refuse_condition
from minivae.models.likelihood import Likelihood
from minivae.nn import Module


class Model(Module):
    """A module of data (n, data_dim), in one floating-point type throughout.

    Attributes
    ----------
    data_dim, latent : int
        Entries of a datum, and of its code.
    encoder, decoder : Module
        Map data to what a code is made of, and codes to what ``likelihood`` makes p_theta(x|z) of.
    likelihood : Likelihood
        The family of p_theta(x|z).
    prior : Normal, MixturePrior or None
        p(z); None for a model that has none.
    objective : Objective or None
        What a VAE's training raises; None for other models.
    recipe : dict or None
        The name and arguments of the constructor that rebuilds the architecture, for
        :func:`minivae.save`; None for a model composed by hand.
    """

    data_dim: int
    latent: int
    encoder: Module
    decoder: Module
    likelihood: Likelihood
    prior: Any = None
    objective: Any = None
    recipe: dict[str, Any] | None = None

    @cached_property
    def dtype(self) -> np.dtype:
        """The type of the parameters, in which everything is computed."""
        return next(self.named_parameters())[1].dtype

    def terms(
        self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None
    ) -> dict[str, Tensor]:
        """Return the loss and its parts, means over the batch in nats; ``"loss"`` is first.

        ``y`` is the condition of each datum, for models that take one.
        """
        raise TypeError(f"{type(self).__name__} defines no terms(); a model needs them")

    def loss(self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return what training minimises: a scalar, in nats, mean over the batch.

        Raises
        ------
        ValueError
            If the batch is empty.
        """
        if np.shape(x)[:1] == (0,):
            raise ValueError(f"{type(self).__name__}: the loss of an empty batch is no number")
        return self.terms(x, y, rng=rng)["loss"]

    def decode(self, z: Any, y: Any = None) -> Distribution:
        """Return p_theta(x|z) for codes (..., latent)."""
        refuse_condition(self, y)
        return self.likelihood(self.checked_outputs(self.decoder(self.as_codes(z))))

    def checked_outputs(self, h: Any) -> Any:
        """Return the decoder's outputs, after a look at how many they are.

        Raises
        ------
        ValueError
            If the likelihood needs more or fewer.
        """
        needed = self.likelihood.outputs(self.data_dim)
        if h.shape[-1] != needed:
            raise ValueError(
                f"{type(self).__name__}: the decoder must give {needed} outputs, as the "
                f"likelihood needs for data of {self.data_dim} entries; it gives {h.shape[-1]}"
            )
        return h

    def codes(self, x: Any, y: Any = None) -> np.ndarray:
        """Return the deterministic code of each datum, (n, latent)."""
        raise TypeError(f"{type(self).__name__} defines no codes(); a model needs them")

    def reconstruct(self, x: Any, y: Any = None) -> np.ndarray:
        """Return E[x'|z] at the code z of each datum, (n, data_dim)."""
        with no_grad():
            return self.decode(self.codes(x, y), y).mean.data

    def as_data(self, x: Any) -> Any:
        """Bring data into the model's type, after a look at their shape.

        Raises
        ------
        ValueError
            If ``x`` is not (n, data_dim).
        """
        x = self._typed(x)
        if x.ndim != 2 or x.shape[1] != self.data_dim:
            mend = (
                "flatten images with x.reshape(len(x), -1)"
                if x.ndim > 2
                else f"the model was built for data_dim={self.data_dim}"
            )
            raise ValueError(
                f"{type(self).__name__}: data must have shape (n, {self.data_dim}), they have "
                f"{x.shape}; {mend}"
            )
        return x

    def as_codes(self, z: Any) -> Any:
        """Bring codes into the model's type, after a look at their shape.

        Raises
        ------
        ValueError
            If ``z`` is not (..., latent).
        """
        z = self._typed(z)
        if z.shape[-1:] != (self.latent,):
            raise ValueError(
                f"{type(self).__name__}: codes must have shape (..., {self.latent}), not {z.shape}"
            )
        return z

    def _typed(self, a: Any) -> Any:
        """Convert an array, or a tensor with its graph, to the model's type."""
        return in_type(a, self.dtype)
