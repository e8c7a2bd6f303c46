"""What a recipe is: a model's usual name, how it is built, and settings that work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.data import Dataset
from minivae.models import GAN, Model
from minivae.optim import Adam, Optimizer, Schedule
from minivae.training import Players

if TYPE_CHECKING:
    from minivae.runs.settings import Settings

Value = int | float | str
NOTHING: Mapping[str, Any] = MappingProxyType({})

IMAGES = ("digits", "mnist", "fashion", "strokes", "faces")
PATCHES = ("patches",)
LABELLED = ("digits", "mnist", "fashion", "strokes")
POINTS = ("ring", "swiss_roll", "gaussians", "gaussian_ring", "blobs")
WAVES = ("waves",)
STRINGS = ("strings",)


@dataclass(frozen=True)
class Option:
    """A setting that a recipe has beside those that all have.

    Attributes
    ----------
    default : int, float or str
        Its value unless one is given; values have its type.
    meaning : str
        One line.
    choices : tuple of str
        The words there are, if it is one of several.
    low, high : float
        The least number and the greatest.
    """

    default: Value
    meaning: str
    choices: tuple[str, ...] = ()
    low: float = -inf
    high: float = inf

    def read(self, name: str, value: Any) -> Value:
        """Return a value, given as one or as text, in the option's type.

        Raises
        ------
        ValueError
            If it is none.
        """
        if isinstance(self.default, str):
            word = str(value)
            if self.choices and word not in self.choices:
                known = ", ".join(self.choices)
                raise ValueError(f"{name} {word!r} is unknown; choose one of {known}")
            return word
        kind = type(self.default)
        try:
            number = kind(value)
            exact = number == float(value) and isfinite(number)
        except (TypeError, ValueError, OverflowError):
            exact = False
        if not exact or isinstance(value, bool):
            what = "a whole number" if kind is int else "a number"
            raise ValueError(f"{name} must be {what}, it is {value!r}")
        if not self.low <= number <= self.high:
            raise ValueError(
                f"{name} must lie between {self.low:g} and {self.high:g}, it is {number:g}"
            )
        return number


@dataclass(frozen=True)
class Recipe:
    """A model by its usual name.

    Attributes
    ----------
    name, line, equation, source : str
        What it is called, is, computes, and comes from.
    build : callable
        ``build(settings, dataset, rng)`` returns the model with its initial weights.
    data : tuple of str
        The data sets that suit it, the first one by default.
    defaults : mapping
        Settings that differ from those of all recipes, by their names.
    on : mapping of str to mapping
        Further ones for a data set, options included.
    options : mapping of str to Option
        The settings that it alone has.
    without : tuple of str
        The settings of all recipes that mean nothing to it, and are refused if they are given.
    likelihoods : mapping of str to tuple of str
        The likelihoods that suit a data set, where not all of them do.
    figures : tuple of str
        What is drawn beside the loss: names of :data:`minivae.runs.figures.FIGURES`.
    schedule : callable, optional
        ``schedule(settings, steps)`` returns the numbers that change during so many updates.
    conditional : bool
        Whether the model is told the label of each datum.
    """

    name: str
    line: str
    equation: str
    source: str
    build: Callable[[Settings, Dataset, np.random.Generator], Model]
    data: tuple[str, ...] = IMAGES
    defaults: Mapping[str, Any] = field(default_factory=dict)
    on: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    likelihoods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    schedule: Callable[[Settings, int], Mapping[str, Schedule]] = lambda settings, steps: NOTHING
    conditional: bool = False

    def optimizer(self, settings: Settings, model: Model) -> Optimizer | Players:
        """Return Adam; for a GAN one for each player."""
        if isinstance(model, GAN):
            return Players.adam(model, lr=settings.lr)
        return Adam(model.parameters(), lr=settings.lr, eps=settings.adam_eps)
