"""What every data set looks like once it is loaded, whichever file or formula it came from."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Labels(NamedTuple):
    """The class of each datum, in the order of the rows."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Factors:
    """The true causes from which each datum was drawn, where they are known.

    What a latent variable has learned can be measured against them.

    Attributes
    ----------
    names : tuple of str
        One name for each of the f factors.
    discrete : tuple of bool
        Whether a factor counts (0, 1, 2, ...) or measures.
    train, test : ndarray of float32, shape (n, f)
        Their values, in the order of the rows.

    Examples
    --------
    >>> from minivae.data import load
    >>> factors = load("waves").factors
    >>> factors
    Factors(amplitude, frequency, phase)
    >>> factors.train.shape
    (8000, 3)
    """

    names: tuple[str, ...]
    discrete: tuple[bool, ...]
    train: NDArray[np.float32]
    test: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"Factors({', '.join(self.names)})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Data as rows, split into training and test rows.

    Attributes
    ----------
    name : str
        The name under which :func:`minivae.data.load` knows it.
    train, test : ndarray, shape (n, d)
        One datum a row: the grey levels of an image in [0, 1], the coordinates of a point or the
        values of a wave (float32), or the codes of a string (int64).
    labels : Labels or None
        ``labels.train`` and ``labels.test``, integers of shape (n,); None if there are no classes.
    image_shape : tuple of int or None
        Height and width of one image, whose product is ``d``; None if the data are no images.
    source : str
        Who made the data, and where these came from.
    factors : Factors or None
        What each datum was drawn from, if that is known.
    alphabet : str or None
        For strings: the symbol that each code stands for; ``alphabet[0]`` ends a string.

    Examples
    --------
    >>> from minivae.data import load
    >>> digits = load("digits")
    >>> digits
    Dataset('digits', train=(1437, 64), test=(360, 64), image_shape=(8, 8))
    >>> digits.train[0].reshape(digits.image_shape).shape
    (8, 8)
    """

    name: str
    train: NDArray[Any]
    test: NDArray[Any]
    labels: Labels | None
    image_shape: tuple[int, int] | None
    source: str
    factors: Factors | None = None
    alphabet: str | None = None

    def __repr__(self) -> str:
        parts = [repr(self.name), f"train={self.train.shape}", f"test={self.test.shape}"]
        if self.image_shape is not None:
            parts.append(f"image_shape={self.image_shape}")
        if self.factors is not None:
            parts.append(f"factors={self.factors.names}")
        if self.alphabet is not None:
            parts.append(f"alphabet={self.alphabet!r}")
        return f"Dataset({', '.join(parts)})"
