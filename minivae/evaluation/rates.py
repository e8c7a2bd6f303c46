"""The bound as a length of code: rate and distortion, bits back, bits per dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.evaluation.draws import posterior_draws, standard_error
from minivae.models import VAE


@dataclass(frozen=True)
class RateDistortion:
    """The two lengths whose sum is -ELBO: means over data and their standard errors, in nats.

    Attributes
    ----------
    rate, distortion : float
        KL(q(z|x) ‖ p(z)), what z tells of x on the average at most, and E_q[-log p(x|z)], what it
        leaves to be told.
    rate_error, distortion_error : float
        Their standard errors over data; NaN for one datum.
    """

    rate: float
    distortion: float
    rate_error: float
    distortion_error: float

    @property
    def elbo(self) -> float:
        """The bound on log p(x): -(rate + distortion)."""
        return -(self.rate + self.distortion)


def rate_distortion(
    model: VAE, x: Any, y: Any = None, *, rng: np.random.Generator, draws: int = 10
) -> RateDistortion:
    """Return rate and distortion, the axes along which β moves a model (Alemi et al. 2018).

    The mutual information I(x; z) is at most the rate, and at least the entropy of the data less
    the distortion. Arguments as for :func:`split_elbo`.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(4, hidden=(8,), latent=2, rng=rng)
    >>> point = mv.evaluation.rate_distortion(model, np.ones((3, 4)), rng=rng)
    >>> point.elbo == -(point.rate + point.distortion)
    True
    """
    parts = [(d.rate, -d.reconstruction) for d in posterior_draws(model, x, y, draws, rng)]
    R, D = (np.concatenate(a) for a in zip(*parts, strict=True))
    return RateDistortion(float(R.mean()), float(D.mean()), standard_error(R), standard_error(D))


@dataclass(frozen=True)
class BitsBack:
    """The account of a bits-back code: means over data, in nats.

    Attributes
    ----------
    code, data, back : float
        Spent on z by the prior, -log p(z); spent on x given z, -log p(x|z); and got back,
        -log q(z|x).
    total : float
        code + data - back: in expectation -ELBO.
    total_error : float
        The standard error of ``total`` over data; NaN for one datum.
    """

    code: float
    data: float
    back: float
    total: float
    total_error: float

    def in_bits(self) -> BitsBack:
        """Return the same account in bits, of log 2 nats each."""
        return BitsBack(**{name: float(nats / np.log(2.0)) for name, nats in vars(self).items()})


def bits_back(
    model: VAE, x: Any, y: Any = None, *, rng: np.random.Generator, draws: int = 10
) -> BitsBack:
    """Account for sending data by a bits-back code (Hinton & van Camp 1993).

    The sender chooses z by q(z|x), with other data that are to be sent as the source of chance;
    sends z by a code for the prior, then x by a code for p(x|z). The receiver, who knows x now,
    sees by q(z|x) which chance it was: these bits come back. What q lacks of the true posterior is
    the price: E total = -log p(x) + KL(q(z|x) ‖ p(z|x)).

    Both z are rounded to cells of one volume v, which adds -log v to ``code`` and to ``back``, and
    is left out of both. So ``back`` and, for continuous data, ``data`` may be negative. Arguments
    as for :func:`split_elbo`; log p(z) and log q(z|x) are taken at the same draws, also where
    their mean difference has a closed form.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(4, hidden=(8,), latent=2, rng=rng)
    >>> account = mv.evaluation.bits_back(model, np.ones((3, 4)), rng=rng).in_bits()
    >>> bool(np.isclose(account.total, account.code + account.data - account.back))
    True
    """
    parts = []
    for d in posterior_draws(model, x, y, draws, rng):
        lengths = -np.array([d.log_prior, d.log_likelihood, d.log_posterior])
        parts.append(lengths.mean(axis=1))
    code, data, back = np.concatenate(parts, axis=1)
    total = code + data - back
    code_mean, data_mean, back_mean, mean = (float(a.mean()) for a in (code, data, back, total))
    return BitsBack(code_mean, data_mean, back_mean, mean, standard_error(total))


def bits_per_dimension(log_prob: Any, dimensions: int, *, levels: int | None = None) -> Any:
    """Return -log p(x) in bits for each entry of x.

    bits = -log p(x) / (d log 2), plus log₂ levels if p is a density of data that were brought
    from ``levels`` whole numbers to [0, 1], as grey values 0 to 255 with noise that fills the
    steps: a step has the width 1 / levels, and the sum is the number of bits for the whole numbers
    (Theis, van den Oord & Bethge 2016, section 3.1).

    Parameters
    ----------
    log_prob : float or ndarray
        log p(x), or a bound on it, in nats.
    dimensions : int
        d, the entries of x.
    levels : int, optional
        The number of whole numbers that an entry can be, for a density; None for probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> round(bits_per_dimension(-87.0, 784), 4)  # binary MNIST at 87 nats
    0.1601
    >>> bits_per_dimension(0.0, 3072, levels=256)  # a uniform density on [0, 1]
    8.0
    """
    if dimensions < 1 or (levels is not None and levels < 1):
        raise ValueError(
            "bits_per_dimension: dimensions and levels are positive whole numbers, they are "
            f"{dimensions} and {levels}"
        )
    bits = -np.asarray(log_prob, np.float64) / (dimensions * np.log(2.0))
    bits = bits + (0.0 if levels is None else np.log2(levels))
    return float(bits) if np.ndim(log_prob) == 0 else bits
