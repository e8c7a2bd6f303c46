"""Recipes: each model by its usual name, ready to train."""

from minivae.runs.recipes.autoencoders import AUTOENCODERS
from minivae.runs.recipes.others import OTHERS
from minivae.runs.recipes.recipe import Option, Recipe
from minivae.runs.recipes.variational import VARIATIONAL

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (*AUTOENCODERS, *VARIATIONAL, *OTHERS)
}

__all__ = ["RECIPES", "Option", "Recipe"]
