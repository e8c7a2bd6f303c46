"""Data sets, binarisation and minibatches.

``load("digits")`` needs no network; ``load("mnist")`` downloads once into a cache, or reads the
folder that the environment variable ``MINIVAE_DATA`` names. Arrays in, arrays out: nothing here
knows of tensors or models.
"""

from minivae.data.batches import batches
from minivae.data.binarize import binarize
from minivae.data.dataset import Dataset, Labels
from minivae.data.errors import DataError
from minivae.data.fileset import FileSet
from minivae.data.idx import parse_idx, read_idx_gz
from minivae.data.registry import Entry, available, fetch, load

__all__ = [
    "DataError",
    "Dataset",
    "Entry",
    "FileSet",
    "Labels",
    "available",
    "batches",
    "binarize",
    "fetch",
    "load",
    "parse_idx",
    "read_idx_gz",
]
