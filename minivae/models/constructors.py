"""How a VAE is put together from names and sizes: perceptrons, convolutions, or linear maps."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.models.checks import whole
from minivae.models.choices import likelihood_named, posterior_named, prior_named
from minivae.models.networks import mirrored_convolutions, mirrored_mlps

if TYPE_CHECKING:
    from minivae.models.vae import VAE


def mlp(
    cls: type[VAE],
    data_dim: int,
    hidden: Sequence[int] = (500,),
    latent: int = 20,
    activation: str = "tanh",
    likelihood: str = "bernoulli",
    posterior: str = "diagonal",
    prior: str = "standard",
    sigma: float | str = 1.0,
    dtype: str = "float32",
    *,
    components: int = 10,
    levels: int = 2,
    condition: int = 0,
    kl: str | None = None,
    rng: np.random.Generator,
) -> VAE:
    """Build a VAE whose encoder is a multilayer perceptron and whose decoder mirrors it.

    Parameters
    ----------
    data_dim, latent : int
        Entries of a datum x and of a code z.
    hidden : sequence of int
        Hidden layers of the encoder, from the data inwards; the decoder has them reversed.
    activation : str
        One of :data:`minivae.nn.ACTIVATIONS`.
    likelihood : {"bernoulli", "gaussian", "categorical", "continuous_bernoulli"}
        p_theta(x|z); the Gaussian one has the standard deviation ``sigma``, a number, "learned"
        or "optimal"; the categorical one has ``levels`` grey levels from 0 to 1.
    posterior : {"diagonal", "isotropic", "full"}
        q_phi(z|x).
    prior : {"standard", "mixture"}
        p(z) = N(0, I), or a learned mixture of ``components`` normal distributions.
    dtype : str
        ``"float32"`` or ``"float64"``.
    condition : int
        Entries of the condition y of a conditional model p(x|y); 0 for none.
    kl : {"analytic", "sampled"}, optional
        How KL(q ‖ p) is computed, see :class:`minivae.models.VAE`.
    rng : numpy.random.Generator
        Draws the initial weights.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.mlp(data_dim=4, hidden=(8,), latent=2, rng=rng)
    >>> model.loss(np.ones((3, 4)), rng=rng).shape
    ()
    """
    data_dim, hidden, latent = whole(data_dim=data_dim, hidden=tuple(hidden), latent=latent)
    components, levels = whole(components=components, levels=levels)
    (condition,) = whole(0, condition=condition)
    parts: dict[str, Any] = {"likelihood": likelihood, "posterior": posterior, "prior": prior}
    parts |= {"sigma": sigma, "components": components, "levels": levels}
    parts |= {"dtype": dtype, "condition": condition, "kl": kl}
    pieces = _pieces(latent, parts, rng)
    pieces["encoder"], pieces["decoder"] = mirrored_mlps(
        data_dim,
        hidden,
        latent,
        pieces["posterior"].outputs,
        activation=activation,
        rng=rng,
        dtype=dtype,
        condition=condition,
        per_entry=pieces["likelihood"].outputs(1),
    )
    model = cls(data_dim=data_dim, **pieces)
    sizes = {"data_dim": data_dim, "hidden": hidden, "latent": latent, "activation": activation}
    model.recipe = {"model": f"{cls.__name__}.mlp", "arguments": sizes | parts}
    return model


def convolutional(
    cls: type[VAE],
    image_shape: Sequence[int],
    channels: Sequence[int] = (32, 64),
    latent: int = 20,
    activation: str = "relu",
    likelihood: str = "bernoulli",
    posterior: str = "diagonal",
    prior: str = "standard",
    sigma: float | str = 1.0,
    dtype: str = "float32",
    *,
    components: int = 10,
    levels: int = 2,
    rng: np.random.Generator,
) -> VAE:
    """Build a VAE of convolutions, each of which halves the image, and of their transposes.

    Data stay flat, (n, height · width). Other parameters as for :meth:`VAE.mlp`.

    Parameters
    ----------
    image_shape : sequence of int
        Height and width, or channels, height and width.
    channels : sequence of int
        Channels after each convolution, from the data inwards; the decoder has them reversed.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.VAE.convolutional((8, 8), (4, 8), latent=2, rng=rng)
    >>> model.loss(np.ones((3, 64)), rng=rng).shape
    ()
    """
    image_shape, channels = whole(image_shape=tuple(image_shape), channels=tuple(channels))
    latent, components, levels = whole(latent=latent, components=components, levels=levels)
    parts: dict[str, Any] = {"likelihood": likelihood, "posterior": posterior, "prior": prior}
    parts |= {"sigma": sigma, "components": components, "levels": levels, "dtype": dtype}
    pieces = _pieces(latent, parts | {"condition": 0, "kl": None}, rng)
    pieces["encoder"], pieces["decoder"] = mirrored_convolutions(
        image_shape,
        channels,
        latent,
        pieces["posterior"].outputs,
        activation=activation,
        per_entry=pieces["likelihood"].outputs(1),
        rng=rng,
        dtype=dtype,
    )
    model = cls(data_dim=prod(image_shape), **pieces)
    sizes = {"image_shape": image_shape, "channels": channels, "latent": latent}
    arguments = sizes | {"activation": activation} | parts
    model.recipe = {"model": f"{cls.__name__}.convolutional", "arguments": arguments}
    return model


def linear(
    cls: type[VAE],
    data_dim: int,
    latent: int,
    posterior: str = "diagonal",
    sigma: float | str = 1.0,
    dtype: str = "float64",
    *,
    rng: np.random.Generator,
) -> VAE:
    """Build the linear-Gaussian VAE: p(z) = N(0, I), p(x|z) = N(W z + b, σ² I), affine encoder.

    Its evidence and posterior are known in closed form (:mod:`minivae.evaluation.exact`), and at
    the maximum of the ELBO it is probabilistic PCA (Lucas et al. 2019). Parameters as for
    :meth:`VAE.mlp`.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> mv.models.VAE.linear(4, 2, rng=np.random.default_rng(0)).decoder.layers[0].weight.shape
    (4, 2)
    """
    return mlp(
        cls,
        data_dim,
        (),
        latent,
        likelihood="gaussian",
        posterior=posterior,
        sigma=sigma,
        dtype=dtype,
        rng=rng,
    )


def _pieces(latent: int, parts: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Return the parts of a VAE that are no networks, by the names of its arguments."""
    dtype = parts["dtype"]
    return {
        "likelihood": likelihood_named(
            parts["likelihood"], sigma=parts["sigma"], levels=parts["levels"], dtype=dtype
        ),
        "posterior": posterior_named(parts["posterior"], latent),
        "prior": prior_named(
            parts["prior"], latent, components=parts["components"], rng=rng, dtype=dtype
        ),
        "condition": parts["condition"],
        "kl": parts["kl"],
    }
