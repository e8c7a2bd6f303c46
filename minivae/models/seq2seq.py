"""The sequence model without a latent variable: the baseline that shows what z is for."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.dtypes import in_type
from minivae.engine.ops import mean
from minivae.models.autoregressive import Autoregressive, SequenceDecoder
from minivae.models.checks import check_finite, whole
from minivae.models.model import Model
from minivae.models.steps import Steps, as_sequences, steps_named


class Seq2Seq(Model):
    """Answers x to questions y: p(x|y) = Π_t p(x_t | x_<t, y), trained by maximum likelihood.

    Where a question has several right answers, its likeliest answer (:meth:`answer`) is the same
    one every time, and with real values it is the mean of all of them. What varies in drawn answers
    is drawn symbol by symbol, not chosen as a whole before the first. A
    :class:`SequenceVAE` with a condition has z to choose by.

    Source: Sutskever, Vinyals & Le 2014, with the question as a vector.

    Parameters
    ----------
    decoder : SequenceDecoder
        Predicts each step of an answer; the question stands where the code would.
    likelihood : Steps
        :class:`Symbols` for strings, :class:`Values` for real values.
    data_dim, condition : int
        T, the steps of an answer, and the entries of a question.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.Seq2Seq.gru(data_dim=4, condition=2, symbols=3, hidden=8, rng=rng)
    >>> x, y = np.array([[1, 2, 0, 0], [2, 2, 1, 0]]), np.eye(2)
    >>> model.loss(x, y).backward()
    >>> model.answer(y).shape
    (2, 4)
    """

    likelihood: Steps
    decoder: SequenceDecoder

    def __init__(
        self, *, decoder: SequenceDecoder, likelihood: Steps, data_dim: int, condition: int
    ) -> None:
        self.decoder = decoder
        self.likelihood = likelihood
        self.data_dim = data_dim
        self.condition = condition

    @classmethod
    def gru(
        cls,
        data_dim: int,
        condition: int,
        hidden: int = 128,
        likelihood: str = "categorical",
        symbols: int | None = None,
        end: int = 0,
        sigma: float | str = 0.1,
        dtype: str = "float32",
        *,
        rng: np.random.Generator,
    ) -> Seq2Seq:
        """Build a model with one gated recurrent unit; parameters as for ``SequenceVAE.gru``."""
        data_dim, hidden, condition = whole(data_dim=data_dim, hidden=hidden, condition=condition)
        (end,) = whole(0, end=end)
        if symbols is not None:
            (symbols,) = whole(symbols=symbols)
        steps = steps_named(likelihood, symbols=symbols, end=end, sigma=sigma, dtype=dtype)
        decoder = SequenceDecoder(
            steps.features, condition, hidden, steps.outputs(1), rng=rng, dtype=dtype
        )
        model = cls(decoder=decoder, likelihood=steps, data_dim=data_dim, condition=condition)
        sizes = {"data_dim": data_dim, "condition": condition, "hidden": hidden}
        names = {"likelihood": likelihood, "symbols": symbols, "end": end, "sigma": sigma}
        model.recipe = {"model": "Seq2Seq.gru", "arguments": sizes | names | {"dtype": dtype}}
        return model

    def as_data(self, x: Any) -> np.ndarray:
        """Return answers (n, T) in the type of their steps, after a look at their shape."""
        return as_sequences(self.likelihood, x, self.data_dim, self.dtype)

    def decode(self, z: Any, y: Any = None) -> Autoregressive:
        """Return p(x|y) for questions (..., condition); the question is all there is to decode.

        Raises
        ------
        ValueError
            If a question has another size or is not finite, or there is a second argument.
        """
        if y is not None or np.shape(z)[-1:] != (self.condition,):
            raise ValueError(
                f"Seq2Seq: a question must have shape (..., {self.condition}), it has "
                f"{np.shape(z)}; it is the only argument, as there is no code beside it"
            )
        check_finite(z, "questions")
        return Autoregressive(self.decoder, self.likelihood, in_type(z, self.dtype), self.data_dim)

    def terms(
        self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None
    ) -> dict[str, Tensor]:
        """Return the loss and the log likelihood of answers x (n, T) to y, its negative."""
        x = self.as_data(x)
        self.likelihood.check(x)
        p = self._asked(len(x), y)
        with self.likelihood.fitting():
            reconstruction = mean(self.likelihood.observed(p.outputs(x), x).log_prob(x))
        return {"loss": -reconstruction, "reconstruction": reconstruction}

    def log_prob(self, x: Any, y: Any) -> np.ndarray:
        """Return log p(x|y) of each answer, exactly, (n,) in nats."""
        x = self.as_data(x)
        self.likelihood.check(x)
        with no_grad():
            return self._asked(len(x), y).log_prob(x).data

    def answer(self, y: Any) -> np.ndarray:
        """Return what the greedy choice of each step answers to questions (n, condition)."""
        with no_grad():
            return self.decode(y).greedy()

    def sample(self, n: int, y: Any, *, rng: np.random.Generator) -> np.ndarray:
        """Draw an answer x ~ p(x|y) to each of n questions."""
        with no_grad():
            return self._asked(n, y).sample(rng)

    def _asked(self, n: int, y: Any) -> Autoregressive:
        if np.shape(y) != (n, self.condition):
            raise ValueError(
                f"Seq2Seq: the questions y must have shape ({n}, {self.condition}), one for each "
                f"answer; {'they are missing' if y is None else f'they have {np.shape(y)}'}"
            )
        return self.decode(y)
