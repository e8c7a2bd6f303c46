"""The data sets by name: what there is, where it lies, and how to get it."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minivae.data.dataset import Dataset
from minivae.data.digits import load_digits
from minivae.data.errors import DataError
from minivae.data.fileset import FileSet
from minivae.data.mnist import MNIST, load_mnist


@dataclass(frozen=True)
class Entry:
    """One line of the list of data sets.

    Attributes
    ----------
    name, description : str
        What to pass to :func:`load`, and what one gets.
    images : int
        Number of images, training and test together.
    image_shape : tuple of int
        Height and width.
    present : bool
        Whether loading works without the network.
    path : Path or None
        The folder where the files lie or would lie; None if they are part of a library.
    """

    name: str
    description: str
    images: int
    image_shape: tuple[int, int]
    present: bool
    path: Path | None


@dataclass(frozen=True)
class _Source:
    description: str
    images: int
    image_shape: tuple[int, int]
    load: Callable[[], Dataset]
    files: FileSet | None


_SOURCES = {
    "digits": _Source(
        "handwritten digits, embedded in scikit-learn", 1_797, (8, 8), load_digits, files=None
    ),
    "mnist": _Source(
        "handwritten digits of the MNIST database", 70_000, (28, 28), load_mnist, files=MNIST
    ),
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
        ``train`` and ``test`` of shape (n, d), float32 in [0, 1], and ``labels``.

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
    ['digits', 'mnist']
    """
    return [_entry(name) for name in _SOURCES]


def _entry(name: str) -> Entry:
    source = _SOURCES[name]
    return Entry(
        name=name,
        description=source.description,
        images=source.images,
        image_shape=source.image_shape,
        present=source.files is None or not source.files.missing(),
        path=None if source.files is None else source.files.folder(),
    )


def _source(name: str) -> _Source:
    if name in _SOURCES:
        return _SOURCES[name]
    close = difflib.get_close_matches(name, _SOURCES, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise DataError(repr(name), "no data set of this name", f"{hint}known: {', '.join(_SOURCES)}")
