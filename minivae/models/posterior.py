"""Posterior families: how the encoder's outputs become a distribution q_phi(z|x)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minivae.distributions import IsotropicNormal, MultivariateNormal, Normal
from minivae.engine.ops import concatenate, exp


class Posterior:
    """A family of distributions over (..., latent), each made of ``outputs`` numbers.

    Parameters
    ----------
    latent : int
        Dimensions of z.
    """

    what: ClassVar[str]

    def __init__(self, latent: int) -> None:
        self.latent = latent

    @property
    def outputs(self) -> int:
        """How many numbers the encoder must give."""
        raise TypeError(f"{type(self).__name__} defines no outputs; a posterior family needs them")

    def __call__(self, h: Any) -> Any:
        """Read (..., outputs) numbers as a distribution over (..., latent).

        Raises
        ------
        ValueError
            If there are more or fewer numbers.
        """
        if h.shape[-1] != self.outputs:
            raise ValueError(
                f"{type(self).__name__}: {self.latent} latent dimensions need {self.outputs} "
                f"outputs of the encoder, {self.what} side by side; it gives {h.shape[-1]}"
            )
        return self.distribution(h)

    def distribution(self, h: Any) -> Any:
        """Do so; every family says how."""
        raise TypeError(f"{type(self).__name__} defines no distribution(); a family needs one")


class DiagonalPosterior(Posterior):
    """q_phi(z|x) = N(μ(x), diag σ²(x)): the encoder's outputs are μ and log σ², side by side.

    Source: Kingma & Welling 2014, equation 9.

    Parameters
    ----------
    latent : int
        Dimensions of z.
    """

    what = "μ and log σ²"

    @property
    def outputs(self) -> int:
        """Twice the latent dimensions."""
        return 2 * self.latent

    def distribution(self, h: Any) -> Normal:
        """Return N(μ, diag σ²)."""
        return Normal(mu=h[..., : self.latent], logvar=h[..., self.latent :])


class IsotropicPosterior(Posterior):
    """q_phi(z|x) = N(μ(x), k(x) I): the encoder's outputs are μ and the number log k.

    Source: the simplest case of Doersch 2016, section 2.1.

    Parameters
    ----------
    latent : int
        Dimensions of z.
    """

    what = "μ and log k"

    @property
    def outputs(self) -> int:
        """The latent dimensions and one."""
        return self.latent + 1

    def distribution(self, h: Any) -> IsotropicNormal:
        """Return N(μ, k I)."""
        return IsotropicNormal(mu=h[..., : self.latent], logvar=h[..., self.latent :])


class FullPosterior(Posterior):
    """q_phi(z|x) = N(μ(x), L Lᵀ): z = μ + L ε with a lower triangular L(x).

    The encoder's outputs are μ, the logarithms of L's diagonal, and the rows of L below it, so
    that every output gives a covariance (Kingma & Welling 2019, section 2.5.1).

    Parameters
    ----------
    latent : int
        Dimensions of z.
    """

    what = "μ, log Lᵢᵢ and the Lᵢⱼ below the diagonal"

    @property
    def outputs(self) -> int:
        """For d latent dimensions 2 d + d (d - 1) / 2."""
        return 2 * self.latent + self.latent * (self.latent - 1) // 2

    def distribution(self, h: Any) -> MultivariateNormal:
        """Return N(μ, L Lᵀ)."""
        d = self.latent
        diagonal, below = exp(h[..., d : 2 * d]), h[..., 2 * d :]
        zero = np.zeros((*h.shape[:-1], 1), h.dtype)
        entries = concatenate([diagonal, below, zero], axis=-1)
        place = np.full((d, d), -1)  # of each entry of L among them; -1 is the zero
        place[np.diag_indices(d)] = np.arange(d)
        place[np.tril_indices(d, -1)] = d + np.arange(d * (d - 1) // 2)
        return MultivariateNormal(mu=h[..., :d], scale_tril=entries[..., place])
