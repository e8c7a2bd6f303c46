"""What a unit looks for: the input, no longer than 1, that activates it most."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad, vjp
from minivae.models import Model
from minivae.models.contraction import only_layer


def maximally_activating_inputs(
    model: Model,
    *,
    steps: int = 200,
    starts: int = 4,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Return for each entry of the code the input x, ‖x‖ ≤ 1, at which it is largest.

    For an encoder of one layer, zⱼ = f(Wⱼ x + bⱼ) with f increasing, it is x = Wⱼ / ‖Wⱼ‖: by
    Cauchy and Schwarz Wⱼ x ≤ ‖Wⱼ‖ ‖x‖, with equality there (Ng 2011, Sparse autoencoder,
    section 4). For any other encoder it is looked for by :func:`ascend` from random points; what
    is found is then a local maximum.

    Parameters
    ----------
    model : Model
        An autoencoder, or a model whose code is the mean of q(z|x).
    steps, starts : int
        Steps of the ascent, and how many points of the unit sphere each unit is begun from; the
        best end is kept.
    rng : numpy.random.Generator, optional
        Draws the points; needed unless the encoder has one layer.

    Returns
    -------
    ndarray
        (latent, data_dim): row j is the input for unit j, in the units of the data. 0 where a unit
        has no weights.

    Raises
    ------
    TypeError
        If points are to be drawn and there is no generator.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.Autoencoder.mlp(6, (), 3, code_activation="sigmoid", rng=rng)
    >>> x = mv.evaluation.maximally_activating_inputs(model)
    >>> x.shape, np.round(np.linalg.norm(x, axis=1), 6).tolist()
    ((3, 6), [1.0, 1.0, 1.0])
    """
    if model.prior is None and has_one_layer(model):
        weight = only_layer(model.encoder)[0].weight.data
        norm = np.linalg.norm(weight, axis=1, keepdims=True)
        return np.divide(weight, norm, out=np.zeros_like(weight), where=norm > 0)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            "maximally_activating_inputs: this encoder has no closed form, its inputs are looked "
            "for from random points; pass rng=numpy.random.default_rng(seed)"
        )
    x = rng.standard_normal((starts, model.latent, model.data_dim)).astype(model.dtype)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    ends = ascend(model, x.reshape(-1, model.data_dim), steps).reshape(x.shape)
    values = np.stack([_own(model, end)[1] for end in ends])
    return np.take_along_axis(ends, values.argmax(axis=0)[np.newaxis, :, np.newaxis], axis=0)[0]


def ascend(model: Model, x: np.ndarray, steps: int) -> np.ndarray:
    """Raise unit j mod latent at input x_j by projected gradient ascent in the ball ‖x‖ ≤ 1.

    x ← P(x + η g / ‖g‖) with the gradient g and the projection P x = x / max(1, ‖x‖); a step that
    would lower the unit is not taken, and η halved. Where the gradient is 0 an input stays.

    Parameters
    ----------
    x : ndarray
        Where to begin, (k · latent, data_dim), inside the ball.
    steps : int
        Number of steps, from η = 1 on.
    """
    x, eta = x.copy(), np.ones((len(x), 1), x.dtype)
    gradient, value = _own(model, x)
    for _ in range(steps):
        norm = np.linalg.norm(gradient, axis=1, keepdims=True)
        direction = np.divide(gradient, norm, out=np.zeros_like(x), where=norm > 0)
        tried = x + eta * direction
        tried /= np.maximum(1, np.linalg.norm(tried, axis=1, keepdims=True))
        its_gradient, its_value = _own(model, tried)
        higher = its_value > value
        x[higher], gradient[higher] = tried[higher], its_gradient[higher]
        value[higher] = its_value[higher]
        eta[~higher] /= 2
    return x


def has_one_layer(model: Model) -> bool:
    """Tell whether the encoder is one affine map, with or without a nonlinearity."""
    try:
        only_layer(model.encoder)
    except ValueError:
        return False
    return True


def _own(model: Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ∂zⱼ/∂x and zⱼ of input x_j, j counted modulo the size of the code."""
    with no_grad():
        z, pull = vjp(lambda x: _code(model, x), x)
        chosen = np.tile(np.eye(model.latent, dtype=z.dtype), (len(x) // model.latent, 1))
        (gradient,) = pull(chosen)
    return gradient.data.copy(), np.sum(z.data * chosen, axis=1)


def _code(model: Model, x: Any) -> Any:
    z: Any = model.encode(x)  # type: ignore[attr-defined]
    return z if isinstance(z, Tensor) else z.mean
