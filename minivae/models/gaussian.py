"""The Gaussian likelihood, whose σ is fixed, learned, or the best for what the decoder gives."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from minivae.distributions import Normal
from minivae.engine import Tensor
from minivae.models.checks import check_finite
from minivae.models.likelihood import Likelihood
from minivae.nn import Parameter


class GaussianLikelihood(Likelihood):
    """p_theta(x|z) = N(x; h, σ² I): the outputs are the mean.

    -log p = ‖x - h‖² / (2 σ²) + (d / 2) log(2 π σ²): σ decides how much a squared error weighs
    against the KL divergence (C = 1 / (2 σ²) in "C ‖x - f(z)‖² + KL").

    Parameters
    ----------
    sigma : float or {"learned", "optimal"}
        Standard deviation of each entry given z, in the units of the data: a number; a parameter
        that is trained with the others, from 1 on; or "optimal", the root mean square error of
        each batch whose loss is computed, which is the σ of largest likelihood. That of the last
        batch is kept for use afterwards (Rybkin, Daniilidis & Levine 2021, equation 7).
    dtype : str
        The type of a σ that is no given number.

    Raises
    ------
    ValueError
        If ``sigma`` is neither positive nor one of these words.
    """

    def __init__(self, sigma: float | str = 1.0, dtype: str = "float64") -> None:
        self.kind = sigma if isinstance(sigma, str) else "fixed"
        if self.kind not in ("fixed", "learned", "optimal"):
            raise ValueError(f"sigma {sigma!r} is unknown; give a number, 'learned' or 'optimal'")
        if isinstance(sigma, str):
            self.logvar: Tensor = Parameter(np.zeros(1, dtype))
        elif 0 < sigma < float("inf"):
            self.logvar = Tensor(np.full(1, 2 * log(sigma)))
        else:
            raise ValueError(f"a Gaussian likelihood needs sigma > 0, it is {sigma}")

    @property
    def sigma(self) -> float:
        """The standard deviation of each entry given z."""
        return float(np.exp(0.5 * self.logvar.data[0]))

    def forward(self, h: Any) -> Normal:
        """Read the outputs as means."""
        logvar = self.logvar if self.kind == "learned" else self.logvar.data.astype(h.dtype)
        return Normal(mu=h, logvar=logvar)

    def observe(self, h: np.ndarray, x: np.ndarray) -> None:
        """Set an optimal σ to the root mean square error of this batch.

        d log p / dσ = 0 there, so that no gradient is lost by taking σ as a constant.
        """
        if self.kind == "optimal":
            error = np.mean(np.square(x - h), dtype=np.float64)
            if error == 0:
                raise ValueError(
                    "the decoder's outputs equal the data: no sigma is optimal; give a number"
                )
            self.logvar.data[...] = np.log(error)

    def check(self, x: Any) -> None:
        """Refuse data that are not finite."""
        check_finite(x)

    def constant(self, x: np.ndarray) -> np.ndarray:
        """Return the means of the entries."""
        return x.mean(axis=0, dtype=np.float64)
