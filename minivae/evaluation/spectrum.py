"""The spectrum of an encoder's Jacobian: along how many directions of the data a code moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine import Tensor, vjp
from minivae.models import VAE, Model


def jacobian_spectrum(model: Model, x: np.ndarray, y: Any = None) -> np.ndarray:
    """Return the singular values of ∂z/∂x at each datum, the largest first.

    A code that contracts well has few that are not small: those along which the data vary (Rifai
    et al. 2011, section 6). Of a VAE the code is the posterior mean.

    Parameters
    ----------
    model : Model
        An autoencoder or a VAE.
    x : ndarray
        Data, (n, data_dim).
    y : array_like, optional
        The condition of a conditional model, (n, c), which stays as it is.

    Returns
    -------
    ndarray
        (n, min(latent, data_dim)).

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> model = mv.models.Autoencoder.mlp(3, (), 2, rng=np.random.default_rng(0))
    >>> jacobian_spectrum(model, np.ones((5, 3))).shape
    (5, 2)
    """

    def code(x: Tensor) -> Any:
        return model.encode(x, y).mean if isinstance(model, VAE) else model.encoder(x)

    z, pull = vjp(code, Tensor(np.asarray(model.as_data(x))))
    rows = [pull(_basis(z, i))[0].data for i in range(model.latent)]
    jacobian = np.stack(rows, axis=1)
    return np.linalg.svd(jacobian, compute_uv=False)


def _basis(z: Tensor, i: int) -> np.ndarray:
    """Return the cotangent that picks entry i of every code."""
    unit = np.zeros(z.shape, z.dtype)
    unit[:, i] = 1.0
    return unit
