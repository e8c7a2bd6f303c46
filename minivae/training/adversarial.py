"""Training two networks against each other: an optimiser for each, and alternating updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minivae.engine import Tensor
from minivae.models import GAN, Model
from minivae.optim import Adam, Optimizer


class Players:
    """The optimisers of a GAN's discriminator and generator; what ``fit`` takes as optimiser.

    Parameters
    ----------
    discriminator, generator : Optimizer
        Each for the parameters of its own network.

    Raises
    ------
    ValueError
        If the two share a parameter.

    Examples
    --------
    >>> import numpy as np, minivae as mv
    >>> rng = np.random.default_rng(0)
    >>> model = mv.models.GAN.mlp(data_dim=2, latent=2, output="identity", rng=rng)
    >>> x = rng.standard_normal((50, 2))
    >>> optimizer = mv.training.Players.adam(model, lr=1e-3)
    >>> history = mv.fit(model, x, optimizer=optimizer, epochs=2, rng=rng, progress=False)
    """

    def __init__(self, *, discriminator: Optimizer, generator: Optimizer) -> None:
        if set(map(id, discriminator.parameters)) & set(map(id, generator.parameters)):
            raise ValueError(
                "Players: discriminator and generator share a parameter; each needs the parameters "
                "of its own network, as model.discriminator.parameters()"
            )
        self.discriminator = discriminator
        self.generator = generator
        self._ratio = discriminator.lr / generator.lr

    @classmethod
    def adam(cls, model: GAN, lr: float = 1e-3) -> Players:
        """Return Adam for both, with β₁ = 0.5: less momentum, as the target of each one moves.

        Source: Radford, Metz & Chintala 2016, section 4.
        """
        betas = 0.5, 0.999
        return cls(
            discriminator=Adam(model.discriminator.parameters(), lr, betas),
            generator=Adam(model.generator.parameters(), lr, betas),
        )

    @property
    def lr(self) -> float:
        """The generator's learning rate; a new one changes the discriminator's in proportion."""
        return self.generator.lr

    @lr.setter
    def lr(self, lr: float) -> None:
        current = self.generator.lr  # at 0 it says nothing of the ratio
        if current and self.discriminator.lr != self._ratio * current:  # one was changed by itself
            self._ratio = self.discriminator.lr / current
        self.generator.lr = lr
        self.discriminator.lr = self._ratio * lr

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of all that both remember."""
        return {
            f"{player}.{name}": array
            for player, optimizer in self._named()
            for name, array in optimizer.state_dict().items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Raises
        ------
        ValueError
            If the state belongs to other optimisers or to other parameters.
        """
        for player, optimizer in self._named():
            prefix = f"{player}."
            own = {n.removeprefix(prefix): a for n, a in state.items() if n.startswith(prefix)}
            optimizer.load_state_dict(own)

    def _named(self) -> list[tuple[str, Optimizer]]:
        return [("discriminator", self.discriminator), ("generator", self.generator)]


def adversarial_update(
    model: Model, x: np.ndarray, players: Players, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Update the discriminator on a batch, then the generator against it; return both losses.

    Each of the two sees codes of its own, as many as there are data (Goodfellow et al. 2014,
    algorithm 1 with k = 1).

    Raises
    ------
    TypeError
        If the model is no GAN.
    """
    if not isinstance(model, GAN):
        raise TypeError(f"adversarial_update: this takes a GAN, not a {type(model).__name__}")
    discriminator = model.discriminator_loss(x, model.noise(len(x), rng))
    players.discriminator.zero_grad()
    discriminator.backward()
    players.discriminator.step()

    loss = model.generator_loss(model.noise(len(x), rng))
    players.generator.zero_grad()
    loss.backward()
    players.generator.step()
    return {"loss": loss, "discriminator": discriminator}
