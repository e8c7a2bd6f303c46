"""The variational autoencoder (Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from minivae.distributions import Normal
from minivae.engine import Tensor, no_grad
from minivae.engine.ops import logsumexp, mean
from minivae.models.likelihood import Likelihood, likelihood_named
from minivae.models.model import Model, mirrored_mlps, sizes_of
from minivae.models.posterior import DiagonalPosterior, posterior_named
from minivae.nn import Module

_ROWS = 4096  # decoder rows at once in log_prob: bounds its memory


@dataclass(frozen=True)
class ELBO:
    """The evidence lower bound and its two terms: value = reconstruction - kl, in nats.

    Attributes
    ----------
    value : Tensor
        Mean over the batch of E_q[log p(x|z)] - KL(q(z|x) ‖ p(z)), a bound on log p(x).
    reconstruction : Tensor
        Mean of the expected log likelihood E_q[log p(x|z)], estimated by one draw of z.
    kl : Tensor
        Mean of KL(q(z|x) ‖ p(z)), in closed form.
    kl_per_dim : Tensor
        The share of each latent dimension in ``kl``, (latent,).
    """

    value: Tensor
    reconstruction: Tensor
    kl: Tensor
    kl_per_dim: Tensor


class VAE(Model):
    """Encoder q_phi(z|x), prior p(z) and decoder p_theta(x|z), trained on the ELBO.

    log p(x) ≥ E_{q(z|x)}[log p(x|z)] - KL(q(z|x) ‖ p(z))      (Kingma & Welling 2014, equation 3)

    Parameters
    ----------
    encoder : Module
        Maps data to the numbers from which ``posterior`` makes q_phi(z|x).
    posterior : callable
        The posterior family.
    prior : Normal
        p(z).
    decoder : Module
        Maps z to the numbers from which ``likelihood`` makes p_theta(x|z).
    likelihood : Likelihood
        The likelihood family.
    data_dim : int
        Entries of a datum.
    """

    prior: Normal

    def __init__(
        self,
        *,
        encoder: Module,
        posterior: DiagonalPosterior,
        prior: Normal,
        decoder: Module,
        likelihood: Likelihood,
        data_dim: int,
    ) -> None:
        self.encoder = encoder
        self.posterior = posterior
        self.prior = prior
        self.decoder = decoder
        self.likelihood = likelihood
        self.data_dim = data_dim
        self.latent = posterior.latent

    @classmethod
    def mlp(
        cls,
        data_dim: int,
        hidden: Sequence[int] = (500,),
        latent: int = 20,
        activation: str = "tanh",
        likelihood: str = "bernoulli",
        posterior: str = "diagonal",
        prior: str = "standard",
        sigma: float = 1.0,
        dtype: str = "float32",
        *,
        rng: np.random.Generator,
    ) -> VAE:
        """Build a VAE whose encoder is a multilayer perceptron and whose decoder mirrors it.

        Parameters
        ----------
        data_dim, latent : int
            Entries of a datum x and of a code z.
        hidden : sequence of int
            Hidden layers of the encoder, from the data inwards; the decoder has them reversed.
        activation : str
            One of :data:`minivae.nn.ACTIVATIONS`.
        likelihood : {"bernoulli", "gaussian"}
            p_theta(x|z); the Gaussian one has the fixed standard deviation ``sigma``.
        posterior : {"diagonal"}
            q_phi(z|x).
        prior : {"standard"}
            p(z) = N(0, I).
        dtype : str
            ``"float32"`` or ``"float64"``.
        rng : numpy.random.Generator
            Draws the initial weights.

        Examples
        --------
        >>> import numpy as np, minivae as mv
        >>> rng = np.random.default_rng(0)
        >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=2, rng=rng)
        >>> model.loss(np.ones((3, 4)), rng=rng).shape
        ()
        """
        if prior != "standard":
            raise ValueError(f"prior {prior!r} is unknown; choose one of standard")
        data_dim, hidden, latent = sizes_of(data_dim, hidden, latent)
        family = posterior_named(posterior, latent)
        encoder, decoder = mirrored_mlps(
            data_dim, hidden, latent, family.outputs, activation=activation, rng=rng, dtype=dtype
        )
        model = cls(
            encoder=encoder,
            posterior=family,
            prior=Normal.standard(latent, dtype),
            decoder=decoder,
            likelihood=likelihood_named(likelihood, sigma),
            data_dim=data_dim,
        )
        arguments = {"data_dim": data_dim, "hidden": hidden, "latent": latent, "sigma": sigma}
        names = {"activation": activation, "likelihood": likelihood, "dtype": dtype}
        names |= {"posterior": posterior, "prior": prior}
        model.recipe = {"model": "VAE.mlp", "arguments": arguments | names}
        return model

    def encode(self, x: Any) -> Normal:
        """Return q_phi(z|x) for data (n, data_dim)."""
        return self.posterior(self.encoder(self.as_data(x)))

    def elbo(self, x: Any, *, rng: np.random.Generator | None = None, eps: Any = None) -> ELBO:
        """Return the evidence lower bound of a batch, estimated with one draw of z per datum.

        Parameters
        ----------
        x : array_like
            Data, (n, data_dim).
        rng : numpy.random.Generator
            Draws the noise of z = μ + σ ε.
        eps : array_like, optional
            The noise itself, (n, latent), in place of ``rng``.
        """
        x = self.as_data(x)
        self.likelihood.check(x)
        q = self.encode(x)
        if eps is not None and np.shape(eps) != (len(x), self.latent):
            raise ValueError(
                f"elbo: eps must have shape {(len(x), self.latent)}, it has {np.shape(eps)}"
            )
        z = q.rsample(rng, eps=eps)
        reconstruction = mean(self.decode(z).log_prob(x))
        kl_per_dim = mean(q.kl_per_dim(self.prior), axis=0)
        kl = kl_per_dim.sum()
        return ELBO(reconstruction - kl, reconstruction, kl, kl_per_dim)

    def terms(self, x: Any, *, rng: np.random.Generator | None = None) -> dict[str, Tensor]:
        """Return loss = -ELBO and the terms of the ELBO."""
        elbo = self.elbo(x, rng=rng)
        return {"loss": -elbo.value, "reconstruction": elbo.reconstruction, "kl": elbo.kl}

    def importance_weighted_bound(
        self,
        x: Any,
        samples: int,
        *,
        rng: np.random.Generator | None = None,
        eps: Any = None,
    ) -> Tensor:
        """Return the importance-weighted bound of a batch: its mean over the data, in nats.

        L_K = E[log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x)],  z_k ~ q(z|x), estimated by one draw of
        K samples: ELBO = L_1 ≤ L_2 ≤ ... ≤ log p(x) (Burda, Grosse & Salakhutdinov 2016,
        equation 8 and theorem 1). What a model with K samples is trained to raise.

        Parameters
        ----------
        x : array_like
            Data, (n, data_dim).
        samples : int
            K, the number of draws for each datum.
        rng : numpy.random.Generator
            Draws the noise of z = μ + σ ε.
        eps : array_like, optional
            The noise itself, (samples, n, latent), in place of ``rng``.

        Examples
        --------
        >>> import numpy as np, minivae as mv
        >>> rng = np.random.default_rng(0)
        >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=2, rng=rng)
        >>> (-model.importance_weighted_bound(np.ones((3, 4)), 5, rng=rng)).backward()
        """
        x = self.as_data(x)
        self.likelihood.check(x)
        if not isinstance(samples, int | np.integer) or samples < 1:
            raise ValueError(
                "importance_weighted_bound: samples must be a whole number from 1 on, it is "
                f"{samples!r}"
            )
        shape = samples, len(x), self.latent
        if eps is not None and np.shape(eps) != shape:
            raise ValueError(
                f"importance_weighted_bound: eps must have shape {shape}, it has {np.shape(eps)}"
            )
        q = self.encode(x)
        log_w = self._log_weights(x, q, q.rsample(rng, samples, eps=eps))
        return mean(logsumexp(log_w, axis=0) - log(samples))

    def codes(self, x: Any) -> np.ndarray:
        """Return the posterior means of data, (n, latent)."""
        with no_grad():
            return self.encode(x).mean.data

    def sample(self, n: int, *, rng: np.random.Generator) -> np.ndarray:
        """Draw data from the model: z ~ p(z), then x ~ p_theta(x|z).

        For pictures without the likelihood's noise take ``model.decode(z).mean``.
        """
        with no_grad():
            return self.decode(self.prior.sample(rng, n)).sample(rng)

    def log_prob(self, x: Any, samples: int = 5000, *, rng: np.random.Generator) -> np.ndarray:
        """Estimate log p(x) of each datum by importance sampling from the posterior.

        log p(x) ≈ log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x),  z_k ~ q(z|x): in expectation a lower
        bound, which rises to log p(x) with K (Burda, Grosse & Salakhutdinov 2016, equation 8).

        Parameters
        ----------
        x : array_like
            Data, (n, data_dim).
        samples : int
            K, the number of draws for each datum.

        Returns
        -------
        ndarray
            (n,), in nats.
        """
        x = self.as_data(x)
        self.likelihood.check(x)
        if samples < 1:
            raise ValueError(f"log_prob: samples must be at least 1, it is {samples}")
        estimates = [np.empty(0, self.dtype)]
        rows = max(1, _ROWS // samples)
        with no_grad():
            for block in (x[i : i + rows] for i in range(0, len(x), rows)):
                q = self.encode(block)
                draws = [min(_ROWS, samples - k) for k in range(0, samples, _ROWS)]
                z = (q.rsample(rng, k) for k in draws)
                log_w = np.concatenate([self._log_weights(block, q, z_k).data for z_k in z])
                estimates.append(logsumexp(log_w, axis=0) - np.log(samples).astype(self.dtype))
        return np.concatenate(estimates)

    def _log_weights(self, x: Any, q: Normal, z: Tensor) -> Tensor:
        """Return log p(x, z) - log q(z|x) of draws z (k, n, latent) from q: (k, n)."""
        return self.decode(z).log_prob(x) + self.prior.log_prob(z) - q.log_prob(z)
