"""The settings of a run: everything that decides its result, checked and kept as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from minivae.models.choices import LIKELIHOODS
from minivae.nn import activation_named
from minivae.runs.recipes import RECIPES, Recipe
from minivae.runs.recipes.recipe import POINTS, STRINGS, WAVES

BINARIZE = ("none", "static", "dynamic")

_COMMON: dict[str, Any] = {
    "hidden": (300, 300),
    "latent": 2,
    "activation": "relu",
    "likelihood": "bernoulli",
    "sigma": 0.2,
    "batch_size": 100,
    "lr": 1e-3,
    "adam_eps": 1e-8,
    "seed": 0,
}
_NO_IMAGES: dict[str, Any] = {"likelihood": "gaussian", "sigma": "optimal", "hidden": (128, 128)}
_ON: dict[str, dict[str, Any]] = {  # how long: well under a minute on two cores, by default
    "digits": {"epochs": 500},
    "mnist": {"epochs": 10},
    "fashion": {"epochs": 10},
    "strokes": {"epochs": 30},
    "faces": {"epochs": 30, "latent": 8},
    "patches": {"epochs": 100, "likelihood": "gaussian", "sigma": "optimal"},
    **{name: {"epochs": 60, **_NO_IMAGES} for name in (*POINTS, *WAVES)},
    **{name: {"epochs": 40, "likelihood": "categorical"} for name in STRINGS},
}

_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {  # how an annotation reads, and what it admits
    "str": ("a word", (str,)),
    "int": ("a whole number", (int,)),
    "int | None": ("a whole number", (int, type(None))),
    "float": ("a number", (int, float)),
    "float | str": ("a number, 'learned' or 'optimal'", (int, float, str)),
    "tuple[int, ...]": ("a list of whole numbers", (tuple, list)),
    "dict[str, Any]": ("a mapping", (dict,)),
}


@dataclass(frozen=True)
class Settings:
    """What to train on what, and how: all that decides a run.

    Settings come from :meth:`of`, which takes what is not given from the recipe.

    Attributes
    ----------
    recipe : str
        One of :data:`minivae.runs.RECIPES`, as "vae".
    data : str
        The data set, one that suits the recipe.
    hidden : tuple of int
        Hidden layers of the encoder, from the data inwards (for convolutions their channels); the
        decoder mirrors them.
    latent : int
        Dimensions of the code z.
    activation : str
        The nonlinearity's name.
    likelihood : {"bernoulli", "gaussian", "categorical", "continuous_bernoulli"}
        p(x|z).
    sigma : float or {"learned", "optimal"}
        Standard deviation of the Gaussian likelihood, in the units of the data.
    epochs, steps : int or None
        How long to train: passes over the data, or updates.
    batch_size, lr, adam_eps
        Data in one update, Adam's learning rate, and the eps in its denominator.
    binarize : {"none", "static", "dynamic"}
        Whether pixels are drawn as 0 or 1 with their grey level as probability: not at all, once
        for the run, or anew for every minibatch. Test images are drawn once, unless it is "none".
    seed : int
        Decides everything random.
    options : dict
        The settings that the recipe alone has.

    Raises
    ------
    ValueError
        If a value makes no sense; the message names the setting and the mend.
    """

    recipe: str
    data: str
    hidden: tuple[int, ...]
    latent: int
    activation: str
    likelihood: str
    sigma: float | str
    epochs: int | None
    steps: int | None
    batch_size: int
    lr: float
    adam_eps: float
    binarize: str
    seed: int
    options: dict[str, Any]

    @classmethod
    def of(cls, recipe: str = "vae", **given: Any) -> Settings:
        """Return the settings of a recipe, with those that are given in place of its own.

        Parameters
        ----------
        recipe : str
            Its name.
        **given
            Settings by their names, those that only the recipe has among them.

        Examples
        --------
        >>> Settings.of("beta-vae", beta=8.0, latent=5).options["beta"]
        8.0
        """
        chosen = recipe_named(recipe)
        data = given.pop("data", chosen.data[0])
        if data not in chosen.data:
            _check_type("data", data, _TYPES["str"])
            known = ", ".join(chosen.data)
            raise ValueError(f"data {data!r} does not suit {recipe}; choose one of {known}")
        special = chosen.on.get(data, {})
        options = {name: option.default for name, option in chosen.options.items()}
        general = _COMMON | _ON[data] | dict(chosen.defaults) | dict(special)
        options |= {name: general.pop(name) for name in special if name in options}
        known_names = {field.name for field in fields(cls)} - {"recipe", "options"}
        for name, value in given.items():
            if name in options:
                options[name] = chosen.options[name].read(name, value)
            elif name in known_names and name not in chosen.without:
                general[name] = value
            else:
                raise ValueError(_no_option(name, chosen))
        for name, other in (("epochs", "steps"), ("steps", "epochs")):
            if given.get(name) is not None and given.get(other) is None:
                general[other] = None
        suits = "dynamic" if general["likelihood"] == "bernoulli" else "none"
        defaults = {"steps": None, "binarize": suits}
        settings = cls(recipe=recipe, data=data, options=options, **defaults | general)
        if "sigma" in given and settings.likelihood != "gaussian":
            raise ValueError(
                f"sigma is that of a gaussian likelihood: it would change nothing with "
                f"{settings.likelihood}; leave it out, or choose --likelihood gaussian"
            )
        if "activation" in given and not settings.hidden:
            raise ValueError(
                "activation is that of hidden layers: it would change nothing without one; leave "
                "it out, or give --hidden"
            )
        return settings

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), _TYPES[str(field.type)])
        chosen = recipe_named(self.recipe)
        _one_of("data", self.data, chosen.data)
        _one_of("likelihood", self.likelihood, LIKELIHOODS)
        suiting = chosen.likelihoods.get(self.data, LIKELIHOODS)
        if self.likelihood not in suiting:
            raise ValueError(
                f"likelihood {self.likelihood!r} does not suit {self.recipe} on {self.data}; "
                f"choose {' or '.join(suiting)}"
            )
        activation_named(self.activation)
        for name in ("latent", "batch_size", "epochs", "steps"):
            _at_least_one(name, getattr(self, name))
        for size in self.hidden:
            _at_least_one("hidden", size)
        if isinstance(self.sigma, str):
            _one_of("sigma", self.sigma, ("learned", "optimal"))
        for name in ("sigma", "lr", "adam_eps"):
            value = getattr(self, name)
            if not isinstance(value, str) and not 0 < value < float("inf"):
                raise ValueError(f"{name} must be a positive number, it is {value}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, it is {self.seed}")
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("epochs and steps are two ways to say how long; give one of them")
        object.__setattr__(self, "hidden", tuple(self.hidden))
        _one_of("binarize", self.binarize, BINARIZE)
        if self.options.keys() != chosen.options.keys():
            raise ValueError(f"these are not the options of {self.recipe}: {list(self.options)}")
        for name, option in chosen.options.items():
            option.read(name, self.options[name])

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
            If one of them is not the run's own, other than ``epochs`` and ``steps``; if these
            are not, and the recipe's schedule was laid out for the run's own length.
        """
        length = {name: given[name] for name in ("epochs", "steps") if given.get(name) is not None}
        for name, value in given.items():
            if name in self.options:
                own = self.options[name]
                value = recipe_named(self.recipe).options[name].read(name, value)
            elif hasattr(self, name):
                own = getattr(self, name)
            else:
                raise ValueError(_no_option(name, recipe_named(self.recipe)))
            if name not in ("epochs", "steps") and value is not None and value != own:
                raise ValueError(
                    f"{name} is {_shown(own)} in this run and cannot become {_shown(value)} while "
                    "it goes on; leave it out, or start another run"
                )
        longer = replace(self, **{"epochs": None, "steps": None} | length) if length else self
        scheduled = recipe_named(self.recipe).schedule(self, 1)
        if longer != self and scheduled:
            name = "epochs" if self.epochs is not None else "steps"
            raise ValueError(
                f"{name} is {getattr(self, name)} in this run, and its {' and '.join(scheduled)} "
                "follows a schedule over that length, which another length would rewind; leave "
                "--epochs and --steps out, or start another run"
            )
        return longer


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    _check_type("recipe", name, _TYPES["str"])
    if name not in RECIPES:
        close = get_close_matches(name, RECIPES, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"recipe {name!r} is unknown; {hint}choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def _no_option(name: str, recipe: Recipe) -> str:
    own = ", ".join(recipe.options) or "none of its own"
    what = f"no setting {name!r}"
    if name in recipe.without:
        what = f"no {name}: it would change nothing"
    return f"{recipe.name} has {what}; beside those of all recipes it has {own}"


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
