"""Figures: what a model has learned, ready for a slide, a lecture or a run folder.

Every function takes a model, a history or measured numbers and returns a matplotlib ``Figure``;
none shows or saves it. In a notebook a figure that is the last expression of its cell is displayed,
with or without ``%matplotlib inline``; to a file it goes by :func:`save`. There is no pyplot and no
state: a figure looks the same in a notebook, in a script and on a machine without a display.

Only this floor imports matplotlib, and ``import minivae`` does not import this floor.
"""

from minivae.viz.bounds import (
    bound_against_k,
    decomposition_bars,
    gap_bars,
    rate_distortion,
)
from minivae.viz.clusters import clusters
from minivae.viz.curves import loss_split
from minivae.viz.densities import fitted_densities, likelihood_families
from minivae.viz.diagrams import gradient_paths, graphical_model
from minivae.viz.dimension import accuracy_against_dimension, intrinsic_dimensions
from minivae.viz.estimators import gradient_variance, signal_to_noise, variance_crossing
from minivae.viz.features import filters, jacobian_spectra
from minivae.viz.images import decodes, image_rows, reconstructions, samples
from minivae.viz.latent import latent_panels, latent_scatter
from minivae.viz.paths import interpolation, label_swaps
from minivae.viz.points import mode_coverage, projection_axes, push_forward, samples_over_data
from minivae.viz.saving import save
from minivae.viz.sequences import strings, waves
from minivae.viz.sweeps import manifold, traversals
from minivae.viz.teaching import image_walls, posterior_planes
from minivae.viz.training import history_curves, mean_trajectories
from minivae.viz.units import active_units

__all__ = [
    "accuracy_against_dimension",
    "active_units",
    "bound_against_k",
    "clusters",
    "decodes",
    "decomposition_bars",
    "filters",
    "fitted_densities",
    "gap_bars",
    "gradient_paths",
    "gradient_variance",
    "graphical_model",
    "history_curves",
    "image_rows",
    "image_walls",
    "interpolation",
    "intrinsic_dimensions",
    "jacobian_spectra",
    "label_swaps",
    "latent_panels",
    "latent_scatter",
    "likelihood_families",
    "loss_split",
    "manifold",
    "mean_trajectories",
    "mode_coverage",
    "posterior_planes",
    "projection_axes",
    "push_forward",
    "rate_distortion",
    "reconstructions",
    "samples",
    "samples_over_data",
    "save",
    "signal_to_noise",
    "strings",
    "traversals",
    "variance_crossing",
    "waves",
]
