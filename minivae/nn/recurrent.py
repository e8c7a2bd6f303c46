"""The gated recurrent unit: a state that is carried along a sequence, one step after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.ops import gru_cell, linear, stack
from minivae.nn.init import glorot_uniform
from minivae.nn.module import Module, Parameter


class GRU(Module):
    """Gated recurrent unit: states h₁, ..., h_T of a sequence x₁, ..., x_T.

    r = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)              what of the old state enters the new one
    z = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)              how much of the old state stays
    n = tanh(W_n x_t + b_n + r (U_n h_{t-1} + c_n))
    h_t = (1 - z) n + z h_{t-1}

    as ``torch.nn.GRU`` with one layer and ``batch_first``. The weights of the three gates lie one
    above the other, in the order r, z, n. (Cho et al. 2014, section 2.3; there r acts before the
    product with U_n.)

    Parameters
    ----------
    in_features, hidden : int
        Sizes of a step x_t and of a state h_t. ``weight_x`` is (3 hidden, in), ``weight_h``
        (3 hidden, hidden), ``bias_x`` and ``bias_h`` are (3 hidden,).
    rng : numpy.random.Generator
        Draws the weights (Glorot uniform, each gate for itself); the biases begin at 0.
    dtype : optional
        ``"float64"`` or ``"float32"``.

    Raises
    ------
    ValueError
        If a size is less than 1.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> gru = mv.nn.GRU(3, 4, rng=np.random.default_rng(0))
    >>> gru(np.ones((5, 7, 3))).shape  # 5 sequences of 7 steps
    (5, 7, 4)
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        *,
        rng: np.random.Generator,
        dtype: Any = "float64",
    ) -> None:
        if in_features < 1 or hidden < 1:
            raise ValueError(f"GRU: sizes must be at least 1, they are {in_features} and {hidden}")
        self.weight_x = Parameter(_gates(rng, hidden, in_features, dtype))
        self.bias_x = Parameter(np.zeros(3 * hidden, dtype))
        self.weight_h = Parameter(_gates(rng, hidden, hidden, dtype))
        self.bias_h = Parameter(np.zeros(3 * hidden, dtype))

    def forward(self, x: Any, h: Any = None) -> Any:
        """Return the states (n, T, hidden) of sequences (n, T, in) that begin in the state ``h``.

        ``h`` is (n, hidden), by default zeros. The last state is ``[:, -1]``.

        Raises
        ------
        ValueError
            If ``x`` is not (n, T, in) with at least one step.
        """
        if x.ndim != 3 or x.shape[1] == 0:
            raise ValueError(
                "GRU: sequences must have shape (n, T, in) with at least one step, they have "
                f"{x.shape}; a single sequence needs x[None], a single step gru.step(x, h)"
            )
        if h is None:
            h = np.zeros((len(x), self.weight_h.shape[1]), self.weight_h.dtype)
        states = []
        for t in range(x.shape[1]):
            h = self.step(x[:, t], h)
            states.append(h)
        return stack(states, axis=1)

    def step(self, x: Any, h: Any) -> Any:
        """Return the state after ``h`` (n, hidden) and one step ``x`` (n, in) of the sequences."""
        return gru_cell(
            linear(x, self.weight_x, self.bias_x), linear(h, self.weight_h, self.bias_h), h
        )


def _gates(rng: np.random.Generator, hidden: int, in_features: int, dtype: Any) -> np.ndarray:
    """Draw the weights (hidden, in) of three gates, one above the other."""
    return np.concatenate([glorot_uniform(rng, hidden, in_features, dtype) for _ in range(3)])
