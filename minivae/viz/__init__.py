"""Figures: what a model has learned, ready for a slide, a lecture or a run folder.

Every function takes a model or a history and returns a matplotlib ``Figure``; none shows or saves
it. In a notebook a figure that is the last expression of its cell is displayed, with or without
``%matplotlib inline``; to a file it goes by :func:`save`. There is no pyplot and no state: a
figure looks the same in a notebook, in a script and on a machine without a display.

Only this floor imports matplotlib, and ``import minivae`` does not import this floor.
"""

from minivae.viz.curves import loss_split
from minivae.viz.images import reconstructions, samples
from minivae.viz.latent import latent_scatter
from minivae.viz.saving import save
from minivae.viz.sweeps import manifold, traversals
from minivae.viz.teaching import image_walls, posterior_planes

__all__ = [
    "image_walls",
    "latent_scatter",
    "loss_split",
    "manifold",
    "posterior_planes",
    "reconstructions",
    "samples",
    "save",
    "traversals",
]
