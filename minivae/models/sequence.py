"""The VAE of sequences: a recurrent encoder, and a decoder that predicts step by step."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from minivae.engine import Tensor, no_grad
from minivae.engine.ops import swapaxes
from minivae.engine.tape import recording
from minivae.models.autoregressive import Autoregressive, SequenceDecoder, SequenceEncoder
from minivae.models.checks import whole
from minivae.models.choices import posterior_named, prior_named
from minivae.models.steps import Steps, as_sequences, steps_named
from minivae.models.vae import VAE


class SequenceVAE(VAE):
    """VAE of sequences, p(x) = ∫ p(z) Π_t p(x_t | x_<t, z) dz, for strings and for real values.

    A recurrent encoder reads the whole sequence; the decoder predicts each step from z and from
    the true steps before it. Such a decoder can do without z: then q(z|x) = p(z), the KL divergence
    is 0, and the model is a language model with an idle code (posterior collapse). Two remedies:
    let the weight of the KL grow from 0 (``fit(..., schedule={"beta": ...})``), and hide some
    of the steps that the decoder reads, so that z has to make good for them (word dropout).

    Source: Bowman et al. 2016, sections 3 and 3.1; Fabius & van Amersfoort 2015 for z as the
    decoder's first state.

    Parameters
    ----------
    encoder : SequenceEncoder
        Maps steps to the numbers from which ``posterior`` makes q_phi(z|x).
    decoder : SequenceDecoder
        Predicts each step.
    likelihood : Steps
        :class:`Symbols` for strings, :class:`Values` for real values.
    data_dim : int
        T, the steps of a sequence; strings are filled up to it after their end symbol.
    word_dropout : float
        The probability with which the decoder reads, instead of a step, an unknown symbol (a zero
        for real values). It acts on the loss in training, where gradients are recorded; never
        under ``no_grad``, as in validation, and in no other method.
    **parts
        ``posterior``, ``prior``, ``objective``, ``condition`` and ``kl``, as for :class:`VAE`.

    Raises
    ------
    ValueError
        If ``word_dropout`` is no probability, or the parts do not go together.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.SequenceVAE.gru(data_dim=4, symbols=3, hidden=8, latent=2, rng=rng)
    >>> x = np.array([[1, 2, 0, 0], [2, 2, 1, 0]])  # 0 ends a string
    >>> model.loss(x, rng=rng).backward()
    >>> model.sample(5, rng=rng).shape
    (5, 4)
    """

    likelihood: Steps
    decoder: SequenceDecoder
    forgotten: np.ndarray | None = None  # steps (n, T) that are not read; terms sets it on a copy

    def __init__(self, *, word_dropout: float = 0.0, **parts: Any) -> None:
        if not 0 <= word_dropout < 1:
            raise ValueError(f"word_dropout must be in [0, 1), it is {word_dropout}")
        if not isinstance(parts.get("likelihood"), Steps):
            raise ValueError(
                f"a {type(parts.get('likelihood')).__name__} does not say how a decoder reads the "
                "steps of a sequence; take Symbols or Values, or build by SequenceVAE.gru"
            )
        super().__init__(**parts)
        self.word_dropout = word_dropout

    @classmethod
    def gru(
        cls,
        data_dim: int,
        hidden: int = 128,
        latent: int = 16,
        likelihood: str = "categorical",
        symbols: int | None = None,
        end: int = 0,
        sigma: float | str = 0.1,
        word_dropout: float = 0.0,
        posterior: str = "diagonal",
        prior: str = "standard",
        components: int = 10,
        condition: int = 0,
        dtype: str = "float32",
        *,
        rng: np.random.Generator,
    ) -> SequenceVAE:
        """Build a sequence VAE of two gated recurrent units.

        Parameters
        ----------
        data_dim, latent : int
            Steps of a sequence, and entries of a code z.
        hidden : int
            Entries of the state of the encoder, and of that of the decoder.
        likelihood : {"categorical", "gaussian"}
            For strings and for real values.
        symbols, end : int
            For strings: the number of symbols, the end symbol included, and which one that is.
        sigma : float or {"learned", "optimal"}
            For real values: the standard deviation of a step around its prediction.
        posterior, prior, components, condition, dtype
            As for :meth:`VAE.mlp`.
        word_dropout : float
            As for the class.
        rng : numpy.random.Generator
            Draws the initial weights.

        Raises
        ------
        ValueError
            If a name or a size is none, or strings are to be modelled and ``symbols`` is missing.
        """
        data_dim, hidden, latent = whole(data_dim=data_dim, hidden=hidden, latent=latent)
        (components,) = whole(components=components)
        end, condition = whole(0, end=end, condition=condition)
        if symbols is not None:
            (symbols,) = whole(symbols=symbols)
        steps = steps_named(likelihood, symbols=symbols, end=end, sigma=sigma, dtype=dtype)
        family = posterior_named(posterior, latent)
        new: dict[str, Any] = {"rng": rng, "dtype": dtype}
        model = cls(
            encoder=SequenceEncoder(steps.features + condition, hidden, family.outputs, **new),
            posterior=family,
            prior=prior_named(prior, latent, components=components, rng=rng, dtype=dtype),
            decoder=SequenceDecoder(
                steps.features, latent + condition, hidden, steps.outputs(1), **new
            ),
            likelihood=steps,
            data_dim=data_dim,
            condition=condition,
            word_dropout=word_dropout,
        )
        sizes = {"data_dim": data_dim, "hidden": hidden, "latent": latent, "symbols": symbols}
        numbers = {"end": end, "sigma": sigma, "word_dropout": word_dropout, "condition": condition}
        names = {"likelihood": likelihood, "posterior": posterior, "prior": prior}
        arguments = sizes | numbers | names | {"components": components, "dtype": dtype}
        model.recipe = {"model": "SequenceVAE.gru", "arguments": arguments}
        return model

    def as_data(self, x: Any) -> np.ndarray:
        """Return sequences (n, T) in the type of their steps, after a look at their shape.

        Of a string what follows its end symbol is replaced by end symbols.

        Raises
        ------
        ValueError
            If ``x`` is not (n, T), or its entries are no codes of the alphabet.
        """
        return as_sequences(self.likelihood, x, self.data_dim, self.dtype)

    def encode(self, x: Any, y: Any = None) -> Any:
        """Return q_phi(z|x) for sequences (n, T), under the condition y (n, condition)."""
        x = self.as_data(x)
        self.likelihood.check(x)
        inputs = self.likelihood.read(x, self.dtype)
        inputs = swapaxes(self._beside(swapaxes(inputs, 0, 1), y), 0, 1)  # y beside every step
        return self.posterior(self.encoder(inputs, self.likelihood.lengths(x)))

    def decode(self, z: Any, y: Any = None) -> Autoregressive:
        """Return p_theta(x|z) for codes (..., latent), under the condition y."""
        z = self._beside(self.as_codes(z), y)
        return Autoregressive(self.decoder, self.likelihood, z, self.data_dim, self.forgotten)

    def log_likelihood(self, x: Any, z: Any, y: Any = None) -> Tensor:
        """Return log p_theta(x|z) for sequences (n, T) and codes (..., n, latent): (..., n)."""
        x = self.as_data(x)
        self.likelihood.check(x)
        return self.likelihood.observed(self.decode(z, y).outputs(x), x).log_prob(x)

    def terms(
        self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None, eps: Any = None
    ) -> dict[str, Tensor]:
        """Return the objective's loss and the terms of the ELBO, means over the batch in nats.

        Where gradients are recorded, ``rng`` also draws the steps that word dropout hides.
        """
        model = self
        if self.word_dropout and recording():
            if not isinstance(rng, np.random.Generator):
                raise TypeError(f"terms: word dropout draws from rng=, a generator; rng is {rng!r}")
            model = copy(self)  # of the same parameters
            model.forgotten = rng.random((len(x), self.data_dim)) < self.word_dropout
        with self.likelihood.fitting():
            return self.objective.terms(model, x, y, rng=rng, eps=eps)

    def reconstruct(self, x: Any, y: Any = None) -> np.ndarray:
        """Return the sequence that :meth:`Autoregressive.greedy` makes of each posterior mean."""
        with no_grad():
            return self.decode(self.codes(x, y), y).greedy()
