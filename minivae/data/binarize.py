"""Black and white from grey: the data on which Bernoulli likelihoods are compared."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def binarize(x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Draw each pixel as 0 or 1 with its grey level as the probability of 1.

    b_i ~ Bernoulli(x_i), so that E[b_i] = x_i.

    Drawn once before training this is *static* binarisation; drawn afresh for every minibatch
    it is *dynamic*.

    Parameters
    ----------
    x : ndarray of float32 or float64, any shape
        Grey levels in [0, 1].
    rng : numpy.random.Generator
        The source of randomness; the same state gives the same bits.

    Returns
    -------
    ndarray
        Zeros and ones, of the shape and dtype of ``x``.

    Raises
    ------
    ValueError
        If ``x`` is of another dtype, or a value is NaN or outside [0, 1].

    References
    ----------
    Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks.

    Examples
    --------
    >>> x = np.array([0.0, 0.5, 1.0], dtype=np.float32)
    >>> b = binarize(x, np.random.default_rng(0))
    >>> b[0], b[2], b.dtype
    (np.float32(0.0), np.float32(1.0), dtype('float32'))
    """
    if x.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"binarize: expected float32 or float64 grey levels in [0, 1], got {x.dtype}; "
            "convert with astype, and divide levels 0..255 by 255"
        )
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(
            f"binarize: expected grey levels in [0, 1], got values from {x.min()} to {x.max()}; "
            "scale them first, for example by 1/255"
        )
    return (rng.random(x.shape, dtype=x.dtype) < x).astype(x.dtype)
