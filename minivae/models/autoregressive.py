"""Recurrent networks for sequences, and the distribution that one of them makes of a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import broadcast_to, concatenate, reshape, stack, sum, tanh
from minivae.models.steps import Steps
from minivae.nn import GRU, Linear, Module


class SequenceEncoder(Module):
    """Reads a sequence step by step; an affine map of the state at its end is what it gives.

    Parameters
    ----------
    features, hidden, outputs : int
        Numbers that stand for a step, entries of the state, and of the result.
    rng, dtype
        As for :class:`minivae.nn.GRU`.
    """

    def __init__(
        self, features: int, hidden: int, outputs: int, *, rng: np.random.Generator, dtype: Any
    ) -> None:
        self.gru = GRU(features, hidden, rng=rng, dtype=dtype)
        self.output = Linear(hidden, outputs, rng=rng, dtype=dtype)

    def forward(self, inputs: Any, lengths: np.ndarray) -> Any:
        """Map (n, T, features), of which ``lengths`` (n,) steps count, to (n, outputs)."""
        states = self.gru(inputs)
        last = np.arange(1, inputs.shape[1] + 1) == lengths[:, None]
        return self.output(sum(states * last[..., None].astype(states.dtype), axis=1))


class SequenceDecoder(Module):
    """Predicts each step of a sequence from the steps before it and from a code z.

    The first state is tanh(A z + a); every step is read together with z, and an affine map of the
    state after it predicts the next. (Bowman et al. 2016, section 3, with z at every step.)

    Parameters
    ----------
    features, latent, hidden, outputs : int
        Numbers that stand for a step, entries of z and of the state, and of a prediction.
    rng, dtype
        As for :class:`minivae.nn.GRU`.
    """

    def __init__(
        self,
        features: int,
        latent: int,
        hidden: int,
        outputs: int,
        *,
        rng: np.random.Generator,
        dtype: Any,
    ) -> None:
        self.start = Linear(latent, hidden, rng=rng, dtype=dtype)
        self.gru = GRU(features + latent, hidden, rng=rng, dtype=dtype)
        self.output = Linear(hidden, outputs, rng=rng, dtype=dtype)

    def first(self, z: Any) -> Any:
        """Return the state before anything was read, (n, hidden)."""
        return tanh(self.start(z))

    def step(self, inputs: Any, z: Any, h: Any) -> Any:
        """Return the state after one more step (n, features)."""
        return self.gru.step(concatenate([inputs, z], axis=-1), h)

    def forward(self, inputs: Any, z: Any) -> Any:
        """Map what comes before each step, (n, T, features), and codes to (n, T, outputs)."""
        h, states = self.first(z), []
        for t in range(inputs.shape[1]):
            h = self.step(inputs[:, t], z, h)
            states.append(h)
        return self.output(stack(states, axis=1))


class Autoregressive:
    """Distribution p(x|z) = Π_t p(x_t | x_1, ..., x_{t-1}, z) over sequences of T steps.

    Parameters
    ----------
    decoder : SequenceDecoder
        Predicts each step.
    steps : Steps
        Makes a distribution of a prediction.
    z : Tensor
        Codes (..., latent), one for each sequence.
    length : int
        T.
    forgotten : ndarray of bool, optional
        Steps (n, T) that :meth:`log_prob` does not let the decoder read: word dropout. The
        product is a distribution all the same, in which z must make good for what is not read.
    """

    def __init__(
        self,
        decoder: SequenceDecoder,
        steps: Steps,
        z: Any,
        length: int,
        forgotten: np.ndarray | None = None,
    ) -> None:
        self.decoder = decoder
        self.steps = steps
        self.z = z if isinstance(z, Tensor) else Tensor(z)
        self.length = length
        self.forgotten = forgotten

    @property
    def mean(self) -> Tensor:
        """Refuse: the mean over all sequences has no closed form."""
        raise TypeError(
            "a distribution over sequences has no mean in closed form; take greedy(), or the mean "
            "of several sample(rng)"
        )

    @property
    def std(self) -> Tensor:
        """Refuse, as for the mean."""
        raise TypeError(
            "a distribution over sequences has no std in closed form; take that of several "
            "sample(rng)"
        )

    def kl(self, other: Any) -> Tensor:
        """Refuse: the sum over all sequences has no closed form."""
        raise TypeError("kl: there is none in closed form; estimate it by log_prob of draws")

    def outputs(self, x: Any) -> Tensor:
        """Return the predictions of all steps of x (..., T), of which ``steps`` makes p(x|z).

        Each is made from the true steps before it (teacher forcing). The shapes of x and z
        broadcast to (..., T · outputs).

        Raises
        ------
        ValueError
            If the sequences have another length.
        """
        x = self.steps.typed(x, self.z.dtype)
        if x.shape[-1:] != (self.length,):
            raise ValueError(
                f"Autoregressive: sequences must have shape (..., {self.length}), they have "
                f"{x.shape}; fill strings up with end symbols"
            )
        shape = np.broadcast_shapes(self.z.shape[:-1], x.shape[:-1])
        inputs = self._read_before(x)
        inputs = np.broadcast_to(inputs, (*shape, *inputs.shape[-2:]))
        z = broadcast_to(self.z, (*shape, self.z.shape[-1]))
        h = self.decoder(inputs.reshape(-1, *inputs.shape[-2:]), reshape(z, (-1, z.shape[-1])))
        return reshape(h, (*shape, h.shape[-2] * h.shape[-1]))

    def log_prob(self, x: Any) -> Tensor:
        """Return Σ_t log p(x_t | x_<t, z) in nats, for x (..., T) whose shape fits that of z."""
        return self.steps(self.outputs(x)).log_prob(self.steps.typed(x, self.z.dtype))

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Draw sequences (..., T), or (samples, ..., T): each step given those drawn before it."""
        return self._unroll(lambda h: self.steps(h).sample(rng)[:, 0], samples)

    def greedy(self) -> np.ndarray:
        """Return sequences (..., T), each step the likeliest after those chosen before it.

        They need not be the likeliest sequences.
        """
        return self._unroll(lambda h: self.steps.likeliest(h.data), None)

    def _read_before(self, x: np.ndarray) -> np.ndarray:
        """Return what the decoder reads before each step of x (..., T): (..., T, features)."""
        inputs = self.steps.read(x, self.z.dtype)
        if self.forgotten is not None:
            inputs[self.forgotten] = self.steps.unknown(self.z.dtype)
        start = np.broadcast_to(self.steps.start(self.z.dtype), inputs[..., :1, :].shape)
        return np.concatenate([start, inputs[..., :-1, :]], axis=-2)

    def _unroll(self, choose: Callable[[Tensor], np.ndarray], samples: int | None) -> np.ndarray:
        """Return sequences whose steps are chosen, one after the other, from the predictions."""
        shape = self.z.shape[:-1] if samples is None else (samples, *self.z.shape[:-1])
        z = np.broadcast_to(self.z.data, (*shape, self.z.shape[-1])).reshape(-1, self.z.shape[-1])
        inputs = np.broadcast_to(self.steps.start(z.dtype), (len(z), self.steps.features))
        chosen = []
        with no_grad():
            h = self.decoder.first(z)
            for _ in range(self.length):
                h = self.decoder.step(inputs, z, h)
                chosen.append(choose(self.decoder.output(h)))
                inputs = self.steps.read(chosen[-1], z.dtype)
        return self.steps.typed(np.stack(chosen, axis=-1), z.dtype).reshape(*shape, self.length)

    def __repr__(self) -> str:
        shape = (*self.z.shape[:-1], self.length)
        return f"Autoregressive(shape={shape}, dtype={self.z.dtype})"
