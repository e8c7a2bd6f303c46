"""What models share: the size and type of their data, and the recipe that can rebuild them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.distributions import Distribution, Normal
from minivae.engine import Tensor
from minivae.models.likelihood import Likelihood
from minivae.nn import Module


class Model(Module):
    """A module of data (n, data_dim), in one floating-point type throughout.

    Attributes
    ----------
    data_dim, latent : int
        Entries of a datum, and of its code.
    likelihood : Likelihood
        The family of p_theta(x|z).
    prior : Normal or None
        p(z); None for a model that has none.
    recipe : dict or None
        The name and arguments of the constructor that rebuilds the architecture, for
        :func:`minivae.save`; None for a model composed by hand.
    """

    data_dim: int
    latent: int
    likelihood: Likelihood
    prior: Normal | None = None
    recipe: dict[str, Any] | None = None

    @property
    def dtype(self) -> np.dtype:
        """The type of the parameters, in which everything is computed."""
        return self.parameters()[0].dtype

    def terms(self, x: Any, *, rng: np.random.Generator | None = None) -> dict[str, Tensor]:
        """Return the loss and its parts, means over the batch in nats; ``"loss"`` is first."""
        raise TypeError(f"{type(self).__name__} defines no terms(); a model needs them")

    def loss(self, x: Any, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return what training minimises: a scalar, in nats, mean over the batch."""
        return self.terms(x, rng=rng)["loss"]

    def decode(self, z: Any) -> Distribution:
        """Return p_theta(x|z) for codes (..., latent)."""
        raise TypeError(f"{type(self).__name__} defines no decode(); a model needs it")

    def codes(self, x: Any) -> np.ndarray:
        """Return the deterministic code of each datum, (n, latent)."""
        raise TypeError(f"{type(self).__name__} defines no codes(); a model needs them")

    def reconstruct(self, x: Any) -> np.ndarray:
        """Return the decoder's mean at each datum's code, (n, data_dim)."""
        raise TypeError(f"{type(self).__name__} defines no reconstruct(); a model needs it")

    def as_data(self, x: Any) -> Any:
        """Bring data into the model's type, after a look at their shape.

        Raises
        ------
        ValueError
            If ``x`` is not (n, data_dim).
        """
        x = x if isinstance(x, Tensor) else np.asarray(x, self.dtype)
        if x.ndim != 2 or x.shape[1] != self.data_dim:
            raise ValueError(
                f"{type(self).__name__}: data must have shape (n, {self.data_dim}), they have "
                f"{x.shape}; flatten images with x.reshape(len(x), -1)"
            )
        return x

    def as_codes(self, z: Any) -> Any:
        """Bring codes into the model's type, after a look at their shape.

        Raises
        ------
        ValueError
            If ``z`` is not (..., latent).
        """
        z = z if isinstance(z, Tensor) else np.asarray(z, self.dtype)
        if z.shape[-1:] != (self.latent,):
            raise ValueError(
                f"{type(self).__name__}: codes must have shape (..., {self.latent}), not {z.shape}"
            )
        return z


def mlp_sizes(data_dim: int, hidden: Sequence[int], latent: int) -> tuple[int, ...]:
    """Return (data_dim, *hidden) after a look at all sizes.

    Raises
    ------
    ValueError
        If one of them is less than 1.
    """
    for name, size in [
        ("data_dim", data_dim),
        *(("hidden", h) for h in hidden),
        ("latent", latent),
    ]:
        if size < 1:
            raise ValueError(f"{name} must be at least 1, it is {size}")
    return (data_dim, *hidden)
