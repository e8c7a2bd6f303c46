"""The data sets by name: what there is, where it lies, and how to get it."""

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minivae.data.dataset import Dataset
from minivae.data.digits import load_digits
from minivae.data.errors import DataError
from minivae.data.faces import load_faces
from minivae.data.fileset import FileSet
from minivae.data.gaussians import load_blobs, load_gaussian_ring, load_gaussians
from minivae.data.manifolds import load_ring, load_swiss_roll
from minivae.data.mnist import FASHION, MNIST, load_fashion, load_mnist
from minivae.data.patches import load_patches
from minivae.data.strokes import load_strokes
from minivae.data.sums import load_sums
from minivae.data.waves import load_waves
from minivae.data.words import load_words


@dataclass(frozen=True)
class Entry:
    """One line of the list of data sets.

    Attributes
    ----------
    name, description : str
        What to pass to :func:`load`, and what one gets.
    count : int
        Number of data, training and test together.
    kind : str
        What they are: images, points, strings or waves.
    data_dim : int
        Numbers in a datum.
    image_shape : tuple of int or None
        Height and width; None if the data are no images.
    present : bool
        Whether loading works without the network.
    path : Path or None
        The folder where the files lie or would lie; None if they are part of a library or drawn.
    """

    name: str
    description: str
    count: int
    kind: str
    data_dim: int
    image_shape: tuple[int, int] | None
    present: bool
    path: Path | None


@dataclass(frozen=True)
class _Source:
    load: Callable[[], Dataset]
    description: str
    count: int
    shape: tuple[int, int] | int  # height and width of an image, or the numbers in another datum
    kind: str = "images"
    files: FileSet | None = None


_SOURCES = {
    "digits": _Source(load_digits, "handwritten digits, embedded in scikit-learn", 1_797, (8, 8)),
    "mnist": _Source(
        load_mnist, "handwritten digits of the MNIST database", 70_000, (28, 28), files=MNIST
    ),
    "fashion": _Source(
        load_fashion, "articles of clothing, Fashion-MNIST", 70_000, (28, 28), files=FASHION
    ),
    "patches": _Source(
        load_patches, "whitened pieces of two photographs in scikit-learn", 12_000, (10, 10)
    ),
    "strokes": _Source(load_strokes, "digits of a round pen; 6 known factors", 12_000, (28, 28)),
    "faces": _Source(load_faces, "simple faces; 7 known attributes", 10_000, (32, 32)),
    "ring": _Source(load_ring, "a Gaussian pushed to a ring; known density", 10_000, 2, "points"),
    "swiss_roll": _Source(
        load_swiss_roll, "a rolled-up sheet; 2 known coordinates", 10_000, 3, "points"
    ),
    "gaussians": _Source(load_gaussians, "a 5x5 grid of Gaussians", 10_000, 2, "points"),
    "gaussian_ring": _Source(load_gaussian_ring, "8 Gaussians on a circle", 10_000, 2, "points"),
    "blobs": _Source(load_blobs, "two long parallel classes", 2_000, 2, "points"),
    "strings": _Source(
        load_words, "words of a small grammar; known probability", 10_000, 10, "strings"
    ),
    "sums": _Source(
        load_sums, "sums and their totals: one prompt, many answers", 10_000, 6, "strings"
    ),
    "waves": _Source(load_waves, "noisy sines; 3 known factors", 10_000, 32, "waves"),
}


def load(name: str) -> Dataset:
    """Load a data set by its name, downloading it once if it is not there.

    Parameters
    ----------
    name : str
        One of the names that :func:`available` lists.

    Returns
    -------
    Dataset
        ``train`` and ``test`` of shape (n, d), and what else is known of the rows. Data that are
        drawn are the same at every call.

    Raises
    ------
    DataError
        If there is no such name, or its files are damaged or cannot be had.

    Examples
    --------
    >>> load("digits")
    Dataset('digits', train=(1437, 64), test=(360, 64), image_shape=(8, 8))
    """
    return _source(name).load()


def fetch(name: str, *, mirrors: Sequence[str] | None = None) -> Entry:
    """Download the files of a data set that are not there yet.

    Parameters
    ----------
    name : str
        One of the names that :func:`available` lists.
    mirrors : sequence of str, optional
        Addresses of folders that serve the files, instead of the public ones.

    Returns
    -------
    Entry
        What there is now, and where.

    Raises
    ------
    DataError
        If there is no such name, or a file cannot be had.

    Examples
    --------
    >>> fetch("digits").present
    True
    """
    files = _source(name).files
    if files is not None:
        files.fetch(mirrors=mirrors)
    return _entry(name)


def available() -> list[Entry]:
    """List the data sets, and whether each is there already.

    Examples
    --------
    >>> [entry.name for entry in available()]
    ['digits', 'mnist', 'fashion', 'patches', 'strokes', 'faces', 'ring', 'swiss_roll',
     'gaussians', 'gaussian_ring', 'blobs', 'strings', 'sums', 'waves']
    """
    return [_entry(name) for name in _SOURCES]


def _entry(name: str) -> Entry:
    source = _SOURCES[name]
    shape = None if isinstance(source.shape, int) else source.shape
    return Entry(
        name=name,
        description=source.description,
        count=source.count,
        kind=source.kind,
        data_dim=source.shape if isinstance(source.shape, int) else math.prod(source.shape),
        image_shape=shape,
        present=source.files is None or not source.files.missing(),
        path=None if source.files is None else source.files.folder(),
    )


def _source(name: str) -> _Source:
    if name in _SOURCES:
        return _SOURCES[name]
    close = difflib.get_close_matches(name, _SOURCES, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise DataError(repr(name), "no data set of this name", f"{hint}known: {', '.join(_SOURCES)}")
