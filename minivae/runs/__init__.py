"""Runs: settings in, a folder with everything out. What the commands of ``minivae`` call."""

from minivae.runs.folder import RunFolder, free_place, newest_run
from minivae.runs.job import open_run, train
from minivae.runs.measure import bound, log_probs, sample
from minivae.runs.pieces import RunData, load_data
from minivae.runs.recipes import RECIPES, Option, Recipe
from minivae.runs.settings import Settings, recipe_named
from minivae.runs.summary import Summary

__all__ = [
    "RECIPES",
    "Option",
    "Recipe",
    "RunData",
    "RunFolder",
    "Settings",
    "Summary",
    "bound",
    "free_place",
    "load_data",
    "log_probs",
    "newest_run",
    "open_run",
    "recipe_named",
    "sample",
    "train",
]
