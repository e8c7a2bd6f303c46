"""What every data set looks like once it is loaded, whichever file it came from."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Labels(NamedTuple):
    """The class of each image, in the order of the rows."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images as flat rows of grey levels, split into training and test rows.

    Attributes
    ----------
    name : str
        The name under which :func:`minivae.data.load` knows it.
    train, test : ndarray of float32, shape (n, d)
        Grey levels in [0, 1], one image a row.
    labels : Labels
        ``labels.train`` and ``labels.test``, integers of shape (n,).
    image_shape : tuple of int
        Height and width of one image; their product is ``d``.
    source : str
        Who made the images, and where these came from.

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
    train: NDArray[np.float32]
    test: NDArray[np.float32]
    labels: Labels
    image_shape: tuple[int, int]
    source: str

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, train={self.train.shape}, test={self.test.shape}, "
            f"image_shape={self.image_shape})"
        )
