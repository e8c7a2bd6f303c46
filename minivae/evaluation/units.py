"""Active units: how many latent dimensions the encoder uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minivae.evaluation.finite import refuse_nan
from minivae.models import Model


@dataclass(frozen=True)
class ActiveUnits:
    """Which latent dimensions vary with the data.

    Attributes
    ----------
    variances : ndarray
        Var_x E_q[z_j | x] of each dimension, (latent,), in the units of z squared.
    threshold : float
        Above it a dimension counts as active.
    """

    variances: np.ndarray
    threshold: float

    @property
    def active(self) -> np.ndarray:
        """Whether each dimension is active, (latent,)."""
        return self.variances > self.threshold

    @property
    def count(self) -> int:
        """How many are active."""
        return int(self.active.sum())


def active_units(
    model: Model, x: np.ndarray, y: Any = None, *, threshold: float = 0.01
) -> ActiveUnits:
    """Return the variance over data of each dimension's posterior mean, and which exceed a bound.

    Dimension j is active if Var_x(E_q[z_j | x]) > 0.01. Variances mostly lie either well above
    or well below, so that the bound hardly matters (Burda, Grosse & Salakhutdinov 2016,
    section 5.2); a dimension below says next to nothing of its datum.

    Parameters
    ----------
    model : Model
        A VAE, or an autoencoder (its codes are taken as they are).
    x : ndarray
        Data, (n, data_dim), at least two.
    y : array_like, optional
        The condition of a conditional model.
    threshold : float
        The least variance of an active dimension.

    Raises
    ------
    ValueError
        If there are fewer than two data, or a code is NaN or infinite.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=3, rng=rng)
    >>> mv.evaluation.active_units(model, rng.random((50, 4))).variances.shape
    (3,)
    """
    if len(x) < 2:
        raise ValueError(f"active_units: a variance over data needs two or more, not {len(x)}")
    codes = model.codes(x, y)
    refuse_nan("active_units", codes=codes)
    return ActiveUnits(codes.var(axis=0, dtype=np.float64), threshold)
