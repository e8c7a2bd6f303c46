"""Exercise: the two formulas at the heart of a variational autoencoder.

The encoder answers an image with a Gaussian over the latent space, given by its mean `mu` and
the logarithm of its variance `logvar`. Write the two functions below, in plain NumPy:

1. `gaussian_kl`, what this Gaussian costs: its divergence from the prior, in closed form;
2. `reparameterize`, how to draw from it so that gradients can flow through the draw.

Read   lectures/first_vae.ipynb, sections "The KL of two Gaussians" and "Reparameterization".
Check  python -m pytest exercises/test_gaussian_kl.py
       (add -x to see one broken law at a time)
"""

import numpy as np


def gaussian_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Divergence of a diagonal Gaussian from the standard normal, in nats.

    KL(q || p) = E_q[ log q(z) - log p(z) ],    q = N(mu, diag(exp(logvar))),    p = N(0, I)

    The expectation has a closed form, without samples and without quadrature: derive it.

    Parameters
    ----------
    mu : array, shape (batch, latent), float32 or float64
        Mean of q, one row per datum.
    logvar : array, same shape and dtype as `mu`
        Natural logarithm of the variance of q in each dimension.

    Returns
    -------
    array, shape (batch,), dtype of `mu`
        One divergence per datum: the sum over its latent dimensions.
    """
    raise NotImplementedError("gaussian_kl is not written yet: your solution goes here")


def reparameterize(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Draw from a diagonal Gaussian as a deterministic function of standard noise.

    z = mu + sigma * eps,    sigma^2 = exp(logvar),    eps ~ N(0, I)

    Parameters
    ----------
    mu, logvar : arrays, shape (batch, latent), float32 or float64
        Mean and natural logarithm of the variance, as above.
    eps : array, same shape and dtype as `mu`
        The noise. It comes in from outside, so that the function itself draws nothing.

    Returns
    -------
    array, shape (batch, latent), dtype of `mu`
        One draw per datum.
    """
    raise NotImplementedError("reparameterize is not written yet: your solution goes here")
