"""The generative adversarial network (Goodfellow et al. 2014), to be compared with the VAE.

A generator and no density: what it learns, it learns from a discriminator that tells its samples
from data. There is no encoder, hence no code of a datum, and no bound on log p(x).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minivae.distributions import Normal
from minivae.engine import Tensor, no_grad
from minivae.engine.ops import sigmoid
from minivae.models.checks import check_finite, refuse_condition, whole
from minivae.models.game import GENERATOR_LOSSES, minimax_value
from minivae.models.likelihood import check_unit_interval
from minivae.models.model import Model
from minivae.models.networks import mirrored_mlps
from minivae.nn import Module

OUTPUTS = ("identity", "sigmoid")


class Point:
    """The distribution of x = G(z) given z: all of it on one point, so that it has no density.

    Parameters
    ----------
    x : Tensor
        The point, (..., d).
    """

    def __init__(self, x: Tensor) -> None:
        self.x = x

    @property
    def mean(self) -> Tensor:
        """The point."""
        return self.x

    @property
    def std(self) -> Tensor:
        """Zeros."""
        return Tensor(np.zeros_like(self.x.data))

    def log_prob(self, x: Any) -> Tensor:
        """Refuse: a point has no density."""
        raise TypeError(
            "a GAN has no density p(x|z), as G(z) is a point, and no likelihood; compare its "
            "samples with data, as by minivae.evaluation.mode_coverage, or take a VAE"
        )

    def sample(self, rng: np.random.Generator, samples: int | None = None) -> np.ndarray:
        """Return the point, (..., d) or (samples, ..., d); nothing is drawn."""
        x = self.x.data
        return x if samples is None else np.repeat(x[None], samples, axis=0)

    def kl(self, other: Any) -> Tensor:
        """Refuse: to whatever has a density, KL is infinite."""
        raise TypeError("a GAN has no density p(x|z), so that a KL divergence from it is infinite")


class GAN(Model):
    """Generator x = G(z), z ~ p(z), and discriminator D(x) = σ(h(x)), each against the other.

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]  (Goodfellow et al. 2014, eq. 1)

    The discriminator sees one thing, real or not; nothing ties a z to a datum, and p(z) may be any
    distribution. Train it with :class:`minivae.training.Players`, which has an optimiser for each
    of the two.

    Parameters
    ----------
    generator : Module
        Maps codes (n, latent) to data (n, data_dim).
    discriminator : Module
        Maps data (n, data_dim) to the logits of "this is real", (n, 1).
    prior : Normal
        p(z).
    data_dim, latent : int
        Entries of a datum and of a code.
    output : {"sigmoid", "identity"}
        What is applied to the generator's outputs: "sigmoid" for data in [0, 1], as images.
    scale : float
        Size of the data's entries, so that both networks compute with numbers about 1: with
        "identity" samples are ``scale`` times the generator's outputs, and the discriminator sees
        x / scale.
    loss : {"non_saturating", "minimax"}
        What the generator minimises.

    Attributes
    ----------
    generator_objective : callable
        Turns the logits of samples into the generator's loss.
    """

    prior: Normal

    def __init__(
        self,
        *,
        generator: Module,
        discriminator: Module,
        prior: Normal,
        data_dim: int,
        latent: int,
        output: str = "sigmoid",
        scale: float = 1.0,
        loss: str = "non_saturating",
    ) -> None:
        for what, name, known in (("output", output, OUTPUTS), ("loss", loss, GENERATOR_LOSSES)):
            if name not in known:
                raise ValueError(
                    f"GAN: {what} {name!r} is unknown; choose one of {', '.join(known)}"
                )
        if not 0 < scale < float("inf") or (output == "sigmoid" and scale != 1):
            raise ValueError(
                f"GAN: scale must be positive, and 1 with a sigmoid, as images lie in [0, 1]; it "
                f"is {scale} with output={output!r}"
            )
        self.generator = generator
        self.discriminator = discriminator
        self.prior = prior
        self.data_dim = data_dim
        self.latent = latent
        self.output = output
        self.scale = float(scale)
        self.generator_objective = GENERATOR_LOSSES[loss]

    @classmethod
    def mlp(
        cls,
        data_dim: int,
        hidden: Sequence[int] = (128, 128),
        latent: int = 20,
        activation: str = "relu",
        output: str = "sigmoid",
        scale: float = 1.0,
        loss: str = "non_saturating",
        dtype: str = "float32",
        *,
        rng: np.random.Generator,
    ) -> GAN:
        """Build a GAN of two perceptrons, the generator's hidden layers those of D reversed.

        Parameters
        ----------
        data_dim, latent : int
            Entries of a datum x and of a code z.
        hidden : sequence of int
            Hidden layers of the discriminator, from the data inwards.
        activation : str
            One of :data:`minivae.nn.ACTIVATIONS`.
        output : {"sigmoid", "identity"}
            What ends the generator: "sigmoid" for images in [0, 1], "identity" for points.
        scale : float
            Size of the entries of points, by which both networks are kept from large numbers.
        loss : {"non_saturating", "minimax"}
            What the generator minimises.
        dtype : str
            ``"float32"`` or ``"float64"``.
        rng : numpy.random.Generator
            Draws the initial weights.

        Examples
        --------
        >>> import numpy as np, minivae as mv
        >>> rng = np.random.default_rng(0)
        >>> model = mv.models.GAN.mlp(data_dim=2, latent=2, output="identity", rng=rng)
        >>> model.sample(5, rng=rng).shape
        (5, 2)
        """
        data_dim, hidden, latent = whole(data_dim=data_dim, hidden=tuple(hidden), latent=latent)
        discriminator, generator = mirrored_mlps(
            data_dim, hidden, latent, 1, activation=activation, rng=rng, dtype=dtype
        )
        model = cls(
            generator=generator,
            discriminator=discriminator,
            prior=Normal.standard(latent, dtype),
            data_dim=data_dim,
            latent=latent,
            output=output,
            scale=scale,
            loss=loss,
        )
        sizes = {"data_dim": data_dim, "hidden": hidden, "latent": latent, "scale": model.scale}
        names = {"activation": activation, "output": output, "loss": loss, "dtype": dtype}
        model.recipe = {"model": "GAN.mlp", "arguments": sizes | names}
        return model

    def generate(self, z: Any) -> Tensor:
        """Return the samples G(z) of codes (..., latent), differentiable in the generator."""
        x = self.generator(self.as_codes(z))
        if x.shape[-1] != self.data_dim:
            raise ValueError(
                f"GAN: the generator must give {self.data_dim} outputs, one for each entry of a "
                f"datum; it gives {x.shape[-1]}"
            )
        return sigmoid(x) if self.output == "sigmoid" else x * self.scale

    def logits(self, x: Any) -> Tensor:
        """Return h(x) = log D(x) - log(1 - D(x)) of data (n, data_dim), (n,)."""
        h = self.discriminator(self.as_data(x) / self.scale)
        if h.shape[-1] != 1:
            raise ValueError(
                f"GAN: the discriminator must give one logit for a datum; it gives {h.shape[-1]}"
            )
        return h[:, 0]

    def discriminator_loss(self, x: Any, z: Any) -> Tensor:
        """Return -V for data x and codes z, which the discriminator minimises, in nats.

        The samples G(z) are constants here: no gradient reaches the generator.
        """
        self.check(x)
        with no_grad():
            fake = self.generate(z)
        return -minimax_value(self.logits(x), self.logits(fake))

    def generator_loss(self, z: Any) -> Tensor:
        """Return what the generator minimises for codes z, in nats.

        Its gradient reaches the discriminator, too, which the generator's update leaves alone.
        """
        return self.generator_objective(self.logits(self.generate(z)))

    def terms(
        self, x: Any, y: Any = None, *, rng: np.random.Generator | None = None
    ) -> dict[str, Tensor]:
        """Return the generator's loss and the discriminator's, each with codes of its own.

        Raises
        ------
        ValueError
            If there is a condition ``y``: this GAN takes none.
        """
        refuse_condition(self, y)
        z = self.noise(2 * len(x), rng)
        discriminator = self.discriminator_loss(x, z[: len(x)])
        return {"loss": self.generator_loss(z[len(x) :]), "discriminator": discriminator}

    def noise(self, n: int, rng: np.random.Generator | None) -> np.ndarray:
        """Draw ``n`` codes from p(z)."""
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"GAN: pass rng=, a numpy.random.Generator, to draw z; it is {rng!r}")
        return self.prior.sample(rng, n)

    def check(self, x: Any) -> None:
        """Refuse data that are not finite, or that a sigmoid generator cannot reach.

        Raises
        ------
        ValueError
            With the range of the data and the mend.
        """
        check_finite(x)
        if self.output == "sigmoid":
            mend = "rescale them, or choose output='identity'"
            check_unit_interval(x, "a generator that ends in a sigmoid", mend)

    def decode(self, z: Any, y: Any = None) -> Point:
        """Return the distribution of x given z: the point G(z), its mean and every sample."""
        refuse_condition(self, y)
        return Point(self.generate(z))

    def sample(self, n: int, y: Any = None, *, rng: np.random.Generator) -> np.ndarray:
        """Draw data from the model: z ~ p(z), x = G(z); (n, data_dim)."""
        refuse_condition(self, y)
        with no_grad():
            return self.generate(self.noise(n, rng)).data
