"""Importance sampling from a VAE's posterior: the weights of draws, the bound, and log p(x)."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import logsumexp, mean
from minivae.models.objectives import check_samples

if TYPE_CHECKING:
    from minivae.models.vae import VAE

_ROWS = 4096  # decoder rows at once in log_prob: bounds its memory


def log_weights(
    model: VAE,
    x: Any,
    samples: int,
    y: Any = None,
    *,
    rng: np.random.Generator | None = None,
    eps: Any = None,
) -> Tensor:
    """Return log w_k = log p(x, z_k) - log q(z_k|x) of draws z_k ~ q(z|x), (samples, n).

    Parameters
    ----------
    x, y
        As for :meth:`elbo`.
    samples : int
        The number of draws for each datum.
    rng : numpy.random.Generator
        Draws the noise of z = μ + σ ε.
    eps : array_like, optional
        The noise itself, (samples, n, latent), in place of ``rng``.
    """
    check_samples("log_weights", samples, at_least=1)
    model.check_noise("log_weights", eps, (samples, len(x), model.latent))
    q = model.encode(x, y)
    z = q.rsample(rng, samples, eps=eps)
    return model.log_joint(x, z, y) - q.log_prob(z)


def importance_weighted_bound(
    model: VAE,
    x: Any,
    samples: int,
    y: Any = None,
    *,
    rng: np.random.Generator | None = None,
    eps: Any = None,
) -> Tensor:
    """Return the importance-weighted bound of a batch: its mean over the data, in nats.

    L_K = E[log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x)],  z_k ~ q(z|x), estimated by one draw of
    K samples: ELBO = L_1 ≤ L_2 ≤ ... ≤ log p(x) (Burda, Grosse & Salakhutdinov 2016,
    equation 8 and theorem 1). Arguments as for :meth:`log_weights`.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=2, rng=rng)
    >>> (-model.importance_weighted_bound(np.ones((3, 4)), 5, rng=rng)).backward()
    """
    log_w = model.log_weights(x, samples, y, rng=rng, eps=eps)
    return mean(logsumexp(log_w, axis=0) - log(samples))


def log_prob(
    model: VAE, x: Any, samples: int = 5000, y: Any = None, *, rng: np.random.Generator
) -> np.ndarray:
    """Estimate log p(x) of each datum by importance sampling from the posterior.

    log p(x) ≈ log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x),  z_k ~ q(z|x): in expectation a lower
    bound, which rises to log p(x) with K (Burda, Grosse & Salakhutdinov 2016, equation 8).

    Parameters
    ----------
    x, y
        As for :meth:`elbo`.
    samples : int
        K, the number of draws for each datum.

    Returns
    -------
    ndarray
        (n,), in nats.
    """
    x = model.as_data(x)
    y = model.as_condition(y, len(x))
    model.likelihood.check(x)
    check_samples("log_prob", samples, at_least=1)
    estimates = [np.empty(0, model.dtype)]
    rows = max(1, _ROWS // samples)
    draws = [min(_ROWS, samples - k) for k in range(0, samples, _ROWS)]
    with no_grad():
        for i in range(0, len(x), rows):
            block = x[i : i + rows], None if y is None else y[i : i + rows]
            q = model.encode(*block)
            log_w = [_draw_weights(model, q, k, *block, rng) for k in draws]
            total = logsumexp(np.concatenate(log_w), axis=0)
            estimates.append(total - np.log(samples).astype(model.dtype))
    return np.concatenate(estimates)


def _draw_weights(
    model: VAE, q: Any, samples: int, x: Any, y: Any, rng: np.random.Generator
) -> np.ndarray:
    z = q.rsample(rng, samples)
    return (model.log_joint(x, z, y) - q.log_prob(z)).data
