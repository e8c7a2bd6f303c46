"""How an autoencoder is put together from names and sizes: what it adds, and which networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.data import gaussian, masking, salt_and_pepper
from minivae.models.checks import check_type, whole
from minivae.models.choices import likelihood_named
from minivae.models.likelihood import Likelihood
from minivae.models.networks import mirrored_convolutions, mirrored_mlps, tied_decoder
from minivae.models.penalties import PENALTIES, Penalty, WeightDecay, penalty_named
from minivae.nn import MLP, Sequential, activation_named

if TYPE_CHECKING:
    from minivae.models.autoencoder import Autoencoder


def mlp(
    cls: type[Autoencoder],
    data_dim: int,
    hidden: Sequence[int] = (500,),
    latent: int = 20,
    activation: str = "tanh",
    likelihood: str = "bernoulli",
    sigma: float | str = 1.0,
    dtype: str = "float32",
    *,
    code_activation: str = "identity",
    tied: bool = False,
    levels: int = 2,
    corruption: str | None = None,
    corruption_level: float | None = None,
    penalty: str | None = None,
    penalty_weight: float | None = None,
    rho: float | None = None,
    units: str | None = None,
    probes: int | None = None,
    weight_decay: float = 0.0,
    rng: np.random.Generator,
) -> Autoencoder:
    """Build an autoencoder of mirrored perceptrons.

    Parameters
    ----------
    data_dim, hidden, latent, activation, likelihood, sigma, levels, dtype, rng
        As for ``VAE.mlp``. Without hidden layers it is the autoencoder of one layer of units,
        the code itself; if these are linear and the likelihood is Gaussian, it finds the
        principal subspace of the data.
    code_activation : str
        The nonlinearity of the code, one of :data:`minivae.nn.ACTIVATIONS`, or "identity".
    tied : bool
        Whether the decoder goes back through the transposes of the encoder's weights.
    corruption : {"masking", "gaussian", "salt_and_pepper"}, optional
        What is done to the data that the encoder sees: see :mod:`minivae.data`.
    corruption_level : float, optional
        Its fraction, or its standard deviation; by default 0.3.
    penalty : str, optional
        "kl_sparsity", "l1", "contraction" (in closed form), "contraction_exact" or
        "contraction_hutchinson".
    penalty_weight : float, optional
        What the loss counts a unit of it; by default 3 for "kl_sparsity", 0.1 for the others.
    rho : float, optional
        The share of the data for which a unit shall be active, of "kl_sparsity"; by default 0.05.
    units : {"code", "hidden"}, optional
        The units that "kl_sparsity" and "l1" are on; by default the code.
    probes : int, optional
        Random directions for each datum, of "contraction_hutchinson"; by default 1.
    weight_decay : float
        λ of λ/2 Σ W², added to the loss.

    Raises
    ------
    ValueError
        If a choice is unknown or not in its range, belongs to a corruption or a penalty that is
        not there, or the parts do not go together.

    Examples
    --------
    A sparse, a denoising and a contractive autoencoder:

    >>> import numpy as np, minivae as mv
    >>> AE, rng, x = mv.models.Autoencoder, np.random.default_rng(0), np.ones((5, 8))
    >>> sparse = AE.mlp(8, (), 6, code_activation="sigmoid", penalty="kl_sparsity", rng=rng)
    >>> list(sparse.terms(x))
    ['loss', 'reconstruction', 'sparsity']
    >>> denoising = AE.mlp(8, (6,), 2, corruption="masking", corruption_level=0.3, rng=rng)
    >>> denoising.loss(x, rng=rng).shape
    ()
    >>> contractive = AE.mlp(8, (), 6, code_activation="sigmoid", penalty="contraction",
    ...                      tied=True, rng=rng)
    >>> sorted(contractive.state_dict())
    ['decoder.layers.0.bias', 'encoder.layers.0.bias', 'encoder.layers.0.weight']
    """
    given = dict(locals())
    data_dim, hidden, latent = whole(data_dim=data_dim, hidden=tuple(hidden), latent=latent)
    (levels,) = whole(levels=levels)
    p_x = likelihood_named(likelihood, sigma=sigma, levels=levels, dtype=dtype)
    numbers = p_x.outputs(1)
    new: dict[str, Any] = {"activation": activation, "rng": rng, "dtype": dtype}
    encoder: Sequential
    decoder: Sequential
    if not tied:
        encoder, decoder = mirrored_mlps(data_dim, hidden, latent, latent, per_entry=numbers, **new)
    elif numbers > 1:
        raise ValueError(
            f"tied weights give back one number for each entry of a datum, a {likelihood} "
            f"likelihood needs {numbers}; take tied=False"
        )
    else:
        check_type(dtype)
        encoder = MLP((data_dim, *hidden, latent), **new)
        decoder = tied_decoder(encoder, activation)
    sizes = {"data_dim": data_dim, "hidden": hidden, "latent": latent, "levels": levels}
    return _composed(cls, "mlp", encoder, decoder, p_x, given | sizes, data_dim)


def convolutional(
    cls: type[Autoencoder],
    image_shape: Sequence[int],
    channels: Sequence[int] = (32, 64),
    latent: int = 20,
    activation: str = "relu",
    likelihood: str = "bernoulli",
    sigma: float | str = 1.0,
    dtype: str = "float32",
    *,
    code_activation: str = "identity",
    levels: int = 2,
    corruption: str | None = None,
    corruption_level: float | None = None,
    penalty: str | None = None,
    penalty_weight: float | None = None,
    rho: float | None = None,
    units: str | None = None,
    probes: int | None = None,
    weight_decay: float = 0.0,
    rng: np.random.Generator,
) -> Autoencoder:
    """Build an autoencoder of convolutions, each of which halves the image, and their mirrors.

    Data are flat, (n, data_dim), as everywhere.

    Parameters
    ----------
    image_shape, channels
        As for :func:`minivae.models.networks.mirrored_convolutions`.
    latent, activation, likelihood, ...
        As for :meth:`mlp`.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> model = mv.models.Autoencoder.convolutional((8, 8), (4, 8), latent=3,
    ...                                             rng=np.random.default_rng(0))
    >>> model.reconstruct(np.ones((5, 64), "float32")).shape
    (5, 64)
    """
    given = dict(locals())
    image_shape, channels = whole(image_shape=tuple(image_shape), channels=tuple(channels))
    latent, levels = whole(latent=latent, levels=levels)
    p_x = likelihood_named(likelihood, sigma=sigma, levels=levels, dtype=dtype)
    encoder, decoder = mirrored_convolutions(
        image_shape,
        channels,
        latent,
        latent,
        activation=activation,
        per_entry=p_x.outputs(1),
        rng=rng,
        dtype=dtype,
    )
    sizes = {"image_shape": image_shape, "channels": channels, "latent": latent, "levels": levels}
    given |= sizes
    return _composed(cls, "convolutional", encoder, decoder, p_x, given, prod(image_shape))


CORRUPTIONS: dict[str, tuple[Callable[..., np.ndarray], str]] = {
    "masking": (masking, "fraction"),
    "gaussian": (gaussian, "std"),
    "salt_and_pepper": (salt_and_pepper, "fraction"),
}


def corruption_named(
    name: str | None, level: float | None = None
) -> Callable[..., np.ndarray] | None:
    """Return the corruption of that name, at that level or at its usual one; for None, none.

    Raises
    ------
    ValueError
        If there is none of that name, the message lists those there are; if the level is none.
    """
    if name is None:
        if level is not None:
            raise ValueError(f"corruption_level={level} is given, but no corruption; name one")
        return None
    if name not in CORRUPTIONS:
        raise ValueError(f"corruption {name!r} is unknown; choose one of {', '.join(CORRUPTIONS)}")
    function, parameter = CORRUPTIONS[name]
    if level is None:
        return function
    at_level = partial(function, **{parameter: level})
    at_level(np.zeros(0), np.random.default_rng(0))  # it refuses a level out of its range
    return at_level


def _composed(
    cls: type[Autoencoder],
    name: str,
    encoder: Sequential,
    decoder: Sequential,
    likelihood: Likelihood,
    arguments: dict[str, Any],
    data_dim: int,
) -> Autoencoder:
    """Put the parts together that the arguments of a constructor name."""
    arguments = {key: value for key, value in arguments.items() if key not in ("cls", "rng")}
    if arguments["code_activation"] != "identity":
        encoder.layers.append(activation_named(arguments["code_activation"]))
    penalties: list[Penalty] = []
    choices = {key: arguments[key] for key in ("penalty_weight", "rho", "units", "probes")}
    given = [f"{key}={value!r}" for key, value in choices.items() if value is not None]
    if arguments["penalty"] is not None:
        weight = choices.pop("penalty_weight")
        penalties.append(penalty_named(arguments["penalty"], weight=weight, **choices))
    elif given:
        raise ValueError(
            f"{', '.join(given)} is given, but no penalty; name one of {', '.join(PENALTIES)}"
        )
    if arguments["weight_decay"]:
        penalties.append(WeightDecay(arguments["weight_decay"]))
    model = cls(
        encoder=encoder,
        decoder=decoder,
        likelihood=likelihood,
        data_dim=data_dim,
        latent=arguments["latent"],
        corruption=corruption_named(arguments["corruption"], arguments["corruption_level"]),
        penalties=penalties,
    )
    model.recipe = {"model": f"{cls.__name__}.{name}", "arguments": arguments}
    return model
