"""The baseline: what can be said of data by a model whose pixels know nothing of z."""

from __future__ import annotations

import numpy as np

from minivae.models import Likelihood


def ignorant_log_prob(likelihood: Likelihood, train: np.ndarray, test: np.ndarray) -> float:
    """Return the mean of log p(x) over ``test`` when every pixel is independent, in nats.

    The likelihood is the model's own, with outputs fitted to ``train`` and the same for every
    datum, as of a decoder that ignores z. A latent-variable model is worth the nats by which it
    exceeds this.

    Parameters
    ----------
    likelihood : Likelihood
        The family of p(x|z).
    train, test : ndarray
        Data, (n, d).
    """
    return float(likelihood(likelihood.constant(train)).log_prob(test).data.mean())
