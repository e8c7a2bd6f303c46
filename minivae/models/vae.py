"""The variational autoencoder (Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.distributions import Distribution, Normal
from minivae.engine import Tensor, no_grad
from minivae.engine.dtypes import in_type
from minivae.engine.ops import broadcast_to, concatenate, mean
from minivae.models import constructors, importance
from minivae.models.checks import check_finite
from minivae.models.likelihood import Likelihood
from minivae.models.model import Model
from minivae.models.objectives import Objective, VariationalBound
from minivae.models.posterior import Posterior
from minivae.models.prior import MixturePrior
from minivae.nn import Module


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
        Mean of KL(q(z|x) ‖ p(z)), in closed form or estimated by the same draw.
    kl_per_dim : Tensor or None
        The share of each latent dimension in ``kl``, (latent,); None where it is estimated.
    """

    value: Tensor
    reconstruction: Tensor
    kl: Tensor
    kl_per_dim: Tensor | None


class VAE(Model):
    """Encoder q_phi(z|x), prior p(z) and decoder p_theta(x|z), trained on a bound on log p(x).

    log p(x) ≥ E_{q(z|x)}[log p(x|z)] - KL(q(z|x) ‖ p(z))      (Kingma & Welling 2014, equation 3)

    Parameters
    ----------
    encoder : Module
        Maps data to the numbers from which ``posterior`` makes q_phi(z|x).
    posterior : Posterior
        The posterior family.
    prior : Normal or MixturePrior
        p(z).
    decoder : Module
        Maps z to the numbers from which ``likelihood`` makes p_theta(x|z).
    likelihood : Likelihood
        The likelihood family.
    data_dim : int
        Entries of a datum.
    objective : Objective, optional
        What training raises; by default the ELBO, :class:`minivae.models.VariationalBound`.
    condition : int
        Entries of a condition y, which encoder and decoder then take beside x and z; 0 for a model
        of p(x) alone. Of p(x|y) the bound is E_{q(z|x,y)}[log p(x|z,y)] - KL(q(z|x,y) ‖ p(z))
        (Sohn, Lee & Yan 2015, equation 4, with a prior that does not depend on y).
    kl : {"analytic", "sampled"}, optional
        KL(q ‖ p) in closed form, or log q(z|x) - log p(z) at the draw of z. By default in closed
        form where there is one, which is for every family and a normal prior.

    Raises
    ------
    ValueError
        If the parts do not go together; the message says why.
    """

    def __init__(
        self,
        *,
        encoder: Module,
        posterior: Posterior,
        prior: Normal | MixturePrior,
        decoder: Module,
        likelihood: Likelihood,
        data_dim: int,
        objective: Objective | None = None,
        condition: int = 0,
        kl: str | None = None,
    ) -> None:
        self.encoder = encoder
        self.posterior = posterior
        self.prior = prior
        self.decoder = decoder
        self.likelihood = likelihood
        self.data_dim = data_dim
        self.latent = posterior.latent
        self.condition = condition
        closed_form = isinstance(prior, Normal)
        self.kl = kl or ("analytic" if closed_form else "sampled")
        if self.kl not in ("analytic", "sampled"):
            raise ValueError(f"kl {kl!r} is unknown; choose one of analytic, sampled")
        if self.kl == "analytic" and not closed_form:
            why = (
                "the logarithm of a sum has no integral against a normal density"
                if isinstance(prior, MixturePrior)
                else "there is one to a Normal prior alone"
            )
            raise ValueError(
                f"KL(q ‖ p) to a {type(prior).__name__} has no closed form: {why}; take "
                "kl='sampled'"
            )
        self._check_prior()
        self.objective = objective or VariationalBound()

    mlp = classmethod(constructors.mlp)
    convolutional = classmethod(constructors.convolutional)
    linear = classmethod(constructors.linear)

    log_weights = importance.log_weights
    importance_weighted_bound = importance.importance_weighted_bound
    log_prob = importance.log_prob

    @property
    def objective(self) -> Objective:
        """What training raises."""
        return self._objective

    @objective.setter
    def objective(self, objective: Objective) -> None:
        objective.check(self)
        self._objective = objective

    def encode(self, x: Any, y: Any = None) -> Any:
        """Return q_phi(z|x) for data (n, data_dim), under the condition y (n, condition)."""
        return self.posterior(self.encoder(self._beside(self.as_data(x), y)))

    def decode(self, z: Any, y: Any = None) -> Distribution:
        """Return p_theta(x|z) for codes (..., latent), under the condition y."""
        return self.likelihood(self._outputs(z, y))

    def elbo(
        self,
        x: Any,
        y: Any = None,
        *,
        rng: np.random.Generator | None = None,
        eps: Any = None,
    ) -> ELBO:
        """Return the evidence lower bound of a batch, estimated with one draw of z per datum.

        Parameters
        ----------
        x : array_like
            Data, (n, data_dim).
        y : array_like, optional
            The condition of each datum, (n, condition), for a conditional model.
        rng : numpy.random.Generator
            Draws the noise of z = μ + σ ε.
        eps : array_like, optional
            The noise itself, (n, latent), in place of ``rng``.
        """
        q = self.encode(x, y)
        self.check_noise("elbo", eps, (len(x), self.latent))
        z = q.rsample(rng, eps=eps)
        reconstruction = mean(self.log_likelihood(x, z, y))
        per_dim = None
        if self.kl == "analytic":
            per_dim = mean(q.kl_per_dim(self.prior), axis=0)
            kl = per_dim.sum()
        else:
            kl = mean(q.log_prob(z) - self.prior.log_prob(z))
        return ELBO(reconstruction - kl, reconstruction, kl, per_dim)

    def terms(
        self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None, eps: Any = None
    ) -> dict[str, Tensor]:
        """Return the objective's loss and the terms of the ELBO, means over the batch in nats."""
        with self.likelihood.fitting():
            return self.objective.terms(self, x, y, rng=rng, eps=eps)

    def log_likelihood(self, x: Any, z: Any, y: Any = None) -> Tensor:
        """Return log p_theta(x|z) for data (n, data_dim) and codes (..., n, latent): (..., n)."""
        x = self.as_data(x)
        self.likelihood.check(x)
        return self.likelihood.observed(self._outputs(z, y), x).log_prob(x)

    def log_joint(self, x: Any, z: Any, y: Any = None) -> Tensor:
        """Return log p(x, z) = log p(x|z) + log p(z) for codes (..., n, latent): (..., n)."""
        return self.log_likelihood(x, z, y) + self.prior.log_prob(self.as_codes(z))

    def codes(self, x: Any, y: Any = None) -> np.ndarray:
        """Return the posterior means of data, (n, latent)."""
        with no_grad():
            return self.encode(x, y).mean.data

    def reconstruct(self, x: Any, y: Any = None) -> np.ndarray:
        """Return E[x'|z] at the posterior mean z of each datum, (n, data_dim)."""
        with no_grad():
            return self.decode(self.codes(x, y), y).mean.data

    def sample(self, n: int, y: Any = None, *, rng: np.random.Generator) -> np.ndarray:
        """Draw data from the model: z ~ p(z), then x ~ p_theta(x|z).

        For pictures without the likelihood's noise take ``model.decode(z).mean``.
        """
        with no_grad():
            return self.decode(self.prior.sample(rng, n), y).sample(rng)

    def as_condition(self, y: Any, *n: int) -> Any:
        """Bring the conditions of n data into the model's type, after a look at them.

        Raises
        ------
        ValueError
            If ``y`` is not (n, condition) and finite, or is there though the model takes none.
        """
        if self.condition == 0 and y is None:
            return None
        if self.condition == 0:
            raise ValueError(
                f"{type(self).__name__}: this model takes no condition y; build it with "
                "condition=, the entries of y"
            )
        shape = (*n, self.condition)
        if y is None or np.shape(y) != shape:
            raise ValueError(
                f"{type(self).__name__}: the condition y must have shape {shape}, one row for each "
                f"datum; it is {'missing' if y is None else np.shape(y)}"
            )
        check_finite(y, "conditions y")
        return in_type(y, self.dtype)

    def check_noise(self, who: str, eps: Any, shape: tuple[int, ...]) -> None:
        """Refuse noise of another shape than the draws that ``who`` makes of it."""
        if eps is not None and np.shape(eps) != shape:
            raise ValueError(f"{who}: eps must have shape {shape}, it has {np.shape(eps)}")

    def _outputs(self, z: Any, y: Any) -> Any:
        """Return the decoder's numbers, of which ``likelihood`` makes p_theta(x|z)."""
        return self.checked_outputs(self.decoder(self._beside(self.as_codes(z), y)))

    def _beside(self, a: Any, y: Any) -> Any:
        """Put the condition beside data or codes (..., n, d), if the model takes one."""
        y = self.as_condition(y, *a.shape[-2:-1])
        if y is None:
            return a
        return concatenate([a, broadcast_to(y, (*a.shape[:-1], self.condition))], axis=-1)

    def _check_prior(self) -> None:
        """Refuse a prior of another size or type than the codes: it would be broadcast."""
        centre = self.prior.mean
        if centre.shape != (self.latent,) or centre.dtype != self.dtype:
            raise ValueError(
                f"{type(self).__name__}: codes have {self.latent} entries in {self.dtype}, the "
                f"prior's mean has shape {centre.shape} in {centre.dtype}; take "
                f"Normal.standard({self.latent}, {str(self.dtype)!r}), or a mixture of that size"
            )
