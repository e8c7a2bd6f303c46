"""The baseline: the best that can be said of data by a model whose pixels know nothing of z."""

from __future__ import annotations

import numpy as np

from minivae.models import BernoulliLikelihood, Likelihood


def ignorant_log_prob(likelihood: Likelihood, train: np.ndarray, test: np.ndarray) -> float:
    """Return the mean of log p(x) over ``test`` when every pixel is independent, in nats.

    The likelihood is the model's own, with the same constant outputs for every datum, fitted to
    ``train``: logits of the pixels' mean (with one pseudo-observation of each value, so that no
    pixel is impossible) or, for a Gaussian, the mean itself. A decoder that ignores z can do no
    better; a latent-variable model is worth the nats by which it exceeds this.

    Parameters
    ----------
    likelihood : Likelihood
        The family of p(x|z).
    train, test : ndarray
        Data, (n, d).
    """
    if isinstance(likelihood, BernoulliLikelihood):
        ones = train.sum(axis=0, dtype=np.float64) + 1.0
        h = np.log(ones) - np.log(len(train) + 2.0 - ones)
    else:
        h = train.mean(axis=0, dtype=np.float64)
    return float(likelihood(h).log_prob(test).data.mean())
