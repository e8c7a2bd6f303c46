"""Posterior families: how the encoder's outputs become a distribution q_phi(z|x)."""

from __future__ import annotations

from typing import Any

from minivae.distributions import Normal


class DiagonalPosterior:
    """q_phi(z|x) = N(μ(x), diag σ²(x)): the encoder's outputs are μ and log σ², side by side.

    Source: Kingma & Welling 2014, equation 9.

    Parameters
    ----------
    latent : int
        Dimensions of z.
    """

    def __init__(self, latent: int) -> None:
        self.latent = latent
        self.outputs = 2 * latent

    def __call__(self, h: Any) -> Normal:
        """Read (..., 2 latent) numbers as a distribution over (..., latent).

        Raises
        ------
        ValueError
            If there are more or fewer numbers.
        """
        if h.shape[-1] != self.outputs:
            raise ValueError(
                f"DiagonalPosterior: {self.latent} latent dimensions need {self.outputs} outputs "
                f"of the encoder, μ and log σ² side by side; it gives {h.shape[-1]}"
            )
        return Normal(mu=h[..., : self.latent], logvar=h[..., self.latent :])


POSTERIORS = {"diagonal": DiagonalPosterior}


def posterior_named(name: str, latent: int) -> DiagonalPosterior:
    """Return the posterior family of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    if name not in POSTERIORS:
        raise ValueError(f"posterior {name!r} is unknown; choose one of {', '.join(POSTERIORS)}")
    return POSTERIORS[name](latent)
