"""Layers: Linear, Sequential and the multilayer perceptron that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import Any

import numpy as np

from minivae.engine.ops import dense, linear
from minivae.nn.activations import activation_named, fused_name
from minivae.nn.init import glorot_uniform
from minivae.nn.module import Module, Parameter


class Layer(Module):
    """An affine map with a bias; given a nonlinearity's name, it applies that in the same pass."""

    def forward(self, x: Any, activation: str = "identity") -> Any:
        """Compute f(affine map of x); every subclass says how."""
        return super().forward(x)


class Linear(Layer):
    """Affine map z = x Wᵀ + b of each row.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of a row of x and of z. ``weight`` is (out, in), ``bias`` is (out,).
    rng : numpy.random.Generator
        Draws the weights (Glorot uniform); the bias begins at 0.
    dtype : optional
        ``"float64"`` or ``"float32"``.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> layer = mv.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rng: np.random.Generator,
        dtype: Any = "float64",
    ) -> None:
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear: sizes must be at least 1, they are {in_features} and {out_features}"
            )
        self.weight = Parameter(glorot_uniform(rng, out_features, in_features, dtype))
        self.bias = Parameter(np.zeros(out_features, dtype))

    def forward(self, x: Any, activation: str = "identity") -> Any:
        """Map (..., in) to (..., out), and then by a nonlinearity, if one is named."""
        if activation == "identity":
            return linear(x, self.weight, self.bias)
        return dense(x, self.weight, self.bias, activation)


class Sequential(Module):
    """The composition of modules and functions, the first one applied first.

    A layer takes the nonlinearity that follows it along, so that the two are one pass over memory.
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """Apply the layers one after the other."""
        z = x
        for _, z in self.stages(x):  # noqa: B007
            pass
        return z

    def stages(self, x: Any) -> Iterator[tuple[bool, Any]]:
        """Yield what each layer gives, a nonlinearity taken along with it, and if there was one.

        The pairs are (nonlinear, result); the last result is that of :meth:`forward`.
        """
        taken = False
        for layer, following in zip_longest(self.layers, self.layers[1:]):
            if taken:
                taken = False
                continue
            if isinstance(layer, Layer) and (name := fused_name(following)):
                x, taken = layer.forward(x, name), True
            else:
                x = layer(x)
            yield taken or not isinstance(layer, Module), x


class MLP(Sequential):
    """Multilayer perceptron: affine maps with a nonlinearity between any two of them.

    Parameters
    ----------
    sizes : sequence of int
        Features at the input, after each hidden layer, and at the output.
    activation : str
        The nonlinearity's name, one of :data:`minivae.nn.ACTIVATIONS`.
    rng, dtype
        As for :class:`Linear`.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str,
        rng: np.random.Generator,
        dtype: Any = "float64",
    ) -> None:
        nonlinearity = activation_named(activation)
        layers: list[Callable[[Any], Any]] = []
        for n_in, n_out in pairwise(sizes):
            layers += [Linear(n_in, n_out, rng=rng, dtype=dtype), nonlinearity]
        super().__init__(*layers[:-1])
