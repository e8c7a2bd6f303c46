"""Data sets, what is known of them, and what is done to them before training.

``load("digits")`` needs no network, nor does any set that is drawn from known factors
(``strokes``, ``faces``, ``waves``, ...); ``load("mnist")`` downloads once into a cache, or reads
the folder that the environment variable ``MINIVAE_DATA`` names. Arrays in, arrays out: nothing
here knows of tensors or models.
"""

from minivae.data.batches import batches
from minivae.data.binarize import binarize
from minivae.data.corruption import gaussian, masking, salt_and_pepper
from minivae.data.dataset import Dataset, Factors, Labels
from minivae.data.errors import DataError
from minivae.data.faces import draw_faces, faces
from minivae.data.fileset import FileSet
from minivae.data.gaussians import Gaussians, blobs, gaussian_grid, gaussian_ring
from minivae.data.idx import parse_idx, read_idx_gz
from minivae.data.labels import one_hot
from minivae.data.manifolds import ring, ring_log_prob, ring_map, swiss_roll
from minivae.data.patches import random_patches
from minivae.data.registry import Entry, available, fetch, load
from minivae.data.strokes import draw_strokes, strokes
from minivae.data.sums import sums, sums_of
from minivae.data.text import to_codes, to_text
from minivae.data.waves import draw_waves, waves
from minivae.data.whitening import Whitening, fit_whitening
from minivae.data.words import words, words_log_prob

__all__ = [
    "DataError",
    "Dataset",
    "Entry",
    "Factors",
    "FileSet",
    "Gaussians",
    "Labels",
    "Whitening",
    "available",
    "batches",
    "binarize",
    "blobs",
    "draw_faces",
    "draw_strokes",
    "draw_waves",
    "faces",
    "fetch",
    "fit_whitening",
    "gaussian",
    "gaussian_grid",
    "gaussian_ring",
    "load",
    "masking",
    "one_hot",
    "parse_idx",
    "random_patches",
    "read_idx_gz",
    "ring",
    "ring_log_prob",
    "ring_map",
    "salt_and_pepper",
    "strokes",
    "sums",
    "sums_of",
    "swiss_roll",
    "to_codes",
    "to_text",
    "waves",
    "words",
    "words_log_prob",
]
