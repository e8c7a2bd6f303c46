"""The game between a generator and a discriminator: its value, and what the generator lowers.

Goodfellow et al. 2014. All are functions of the logits h of D = σ(h), the probability that a datum
is real, and means over a batch, in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minivae.engine import Tensor
from minivae.engine.ops import log_sigmoid, mean


def minimax_value(real: Any, fake: Any) -> Tensor:
    """Return V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))] from the logits h of D = σ(h).

    log σ(h) and log(1 - σ(h)) = log σ(-h) are softplus functions of the logits: no logarithm is
    taken of a probability that has been rounded to 0. For a generator with density q against data
    with density p, V is largest at D* = p / (p + q), whose logit is log p - log q, and there
    V = 2 JS(p ‖ q) - 2 log 2 (Goodfellow et al. 2014, equation 1, proposition 1 and theorem 1).

    Parameters
    ----------
    real, fake : array_like
        Logits of data and of samples of the generator.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> undecided = mv.models.minimax_value(np.zeros(3), np.zeros(3))  # D = 1/2 everywhere
    >>> round(float(undecided), 6), round(float(-2 * np.log(2)), 6)
    (-1.386294, -1.386294)
    """
    return mean(log_sigmoid(real)) + mean(log_sigmoid(-fake))


def minimax_loss(fake: Any) -> Tensor:
    """Return E_z[log(1 - D(G(z)))], the part of V that the generator lowers, from the logits.

    Its slope at a logit h is -σ(h): it vanishes where the discriminator knows the samples (h ≪ 0).
    """
    return mean(log_sigmoid(-fake))


def non_saturating_loss(fake: Any) -> Tensor:
    """Return -E_z[log D(G(z))], from the logits: another loss with the same fixed point.

    Its slope at a logit h is -σ(-h): it tends to -1 where the discriminator knows the samples
    (Goodfellow et al. 2014, section 3).
    """
    return -mean(log_sigmoid(fake))


GENERATOR_LOSSES: dict[str, Callable[[Any], Tensor]] = {
    "minimax": minimax_loss,
    "non_saturating": non_saturating_loss,
}
