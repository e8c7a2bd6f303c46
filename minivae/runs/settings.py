"""The settings of a run: everything that decides its result, checked and kept as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from minivae.nn import activation_named

RECIPES = ("vae", "ae")
BINARIZE = ("none", "static", "dynamic")
LIKELIHOODS = ("bernoulli", "gaussian")
EPOCHS = {"digits": 500, "mnist": 10}  # by default: well under a minute each on two cores

_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {  # how an annotation reads, and what it admits
    "str": ("a word", (str,)),
    "str | None": ("a word", (str, type(None))),
    "int": ("a whole number", (int,)),
    "int | None": ("a whole number", (int, type(None))),
    "float": ("a number", (int, float)),
    "tuple[int, ...]": ("a list of whole numbers", (tuple, list)),
}


@dataclass(frozen=True)
class Settings:
    """What to train on what, and how.

    Attributes
    ----------
    recipe : {"vae", "ae"}
        Variational autoencoder, or plain autoencoder.
    data : {"digits", "mnist"}
        The data set.
    hidden : tuple of int
        Hidden layers of the encoder, from the data inwards; the decoder mirrors them.
    latent : int
        Dimensions of the code z.
    activation : str
        The nonlinearity's name.
    likelihood : {"bernoulli", "gaussian"}
        p(x|z).
    sigma : float
        Standard deviation of the Gaussian likelihood, in units of grey levels from 0 to 1.
    epochs, steps : int or None
        How long to train: passes over the data, or updates. Neither: a default for the data set.
    batch_size, lr
        Data in one update, and Adam's learning rate.
    binarize : {"none", "static", "dynamic"} or None
        Whether pixels are drawn as 0 or 1 with their grey level as probability: not at all, once
        for the run, or anew for every minibatch. Test images are drawn once, unless it is "none".
        By default "dynamic" for a Bernoulli likelihood and "none" for a Gaussian one.
    seed : int
        Decides everything random.

    Raises
    ------
    ValueError
        If a value makes no sense; the message names the setting and the mend.
    """

    recipe: str = "vae"
    data: str = "digits"
    hidden: tuple[int, ...] = (300, 300)
    latent: int = 2
    activation: str = "relu"
    likelihood: str = "bernoulli"
    sigma: float = 0.2
    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 100
    lr: float = 1e-3
    binarize: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), _TYPES[str(field.type)])
        _one_of("recipe", self.recipe, RECIPES)
        _one_of("data", self.data, tuple(EPOCHS))
        _one_of("likelihood", self.likelihood, LIKELIHOODS)
        activation_named(self.activation)
        for name in ("latent", "batch_size", "epochs", "steps"):
            _at_least_one(name, getattr(self, name))
        for size in self.hidden:
            _at_least_one("hidden", size)
        for name in ("sigma", "lr"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a positive number, it is {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, it is {self.seed}")
        if self.epochs is not None and self.steps is not None:
            raise ValueError("epochs and steps are two ways to say how long; give one of them")
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if self.binarize is None:
            suits = "dynamic" if self.likelihood == "bernoulli" else "none"
            object.__setattr__(self, "binarize", suits)
        _one_of("binarize", str(self.binarize), BINARIZE)
        if self.epochs is None and self.steps is None:
            object.__setattr__(self, "epochs", EPOCHS[self.data])

    def to_json(self) -> str:
        """Return the settings as JSON, one to a line."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If it is something else.
        """
        values = json.loads(text)
        if not isinstance(values, dict) or values.keys() != {field.name for field in fields(cls)}:
            raise ValueError("these are not the settings of a run")
        return cls(**values)

    def lengthened(self, given: dict[str, Any]) -> Settings:
        """Return these settings with another length, for a run that goes on.

        Parameters
        ----------
        given : dict
            The settings that the user has stated this time.

        Raises
        ------
        ValueError
            If one of them is not the run's own, other than ``epochs`` and ``steps``.
        """
        length = {name: given[name] for name in ("epochs", "steps") if given.get(name) is not None}
        for name, value in given.items():
            own = getattr(self, name)
            if name not in ("epochs", "steps") and value is not None and value != own:
                raise ValueError(
                    f"{name} is {_shown(own)} in this run and cannot become {_shown(value)} while "
                    "it goes on; leave it out, or start another run"
                )
        return replace(self, **{"epochs": None, "steps": None} | length) if length else self


def _check_type(name: str, value: Any, kind: tuple[str, tuple[type, ...]]) -> None:
    described, types = kind
    items = value if isinstance(value, tuple | list) else ()
    if (
        not isinstance(value, types)
        or isinstance(value, bool)
        or not all(isinstance(item, int) for item in items)
    ):
        raise ValueError(f"{name} must be {described}, it is {value!r}")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} {value!r} is unknown; choose one of {', '.join(known)}")


def _at_least_one(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError(f"{name} must be at least 1, it is {value}")


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
