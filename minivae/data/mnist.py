"""MNIST: 70,000 handwritten digits of 28x28 pixels, from the user's folder or the network."""

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset, Labels
from minivae.data.fileset import FileSet

MNIST = FileSet(
    name="mnist",
    digests={
        "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
    },
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)


def load_mnist() -> Dataset:
    """Load MNIST, x = level / 255, downloading it once if it is not there.

    ``MINIVAE_DATA`` may name a folder that holds ``mnist/train-images-idx3-ubyte.gz`` and the
    three others; without it they lie in the user's cache. Their digests are checked every time.

    Returns
    -------
    Dataset
        ``train`` (60000, 784) and ``test`` (10000, 784), float32 in [0, 1].

    Raises
    ------
    DataError
        If a file is damaged, or missing and not to be had from the network.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document
    recognition.

    Examples
    --------
    >>> from minivae.data import available
    >>> [entry.images for entry in available() if entry.name == "mnist"]
    [70000]
    """
    folder = MNIST.fetch()
    return Dataset(
        name="mnist",
        train=_grey(MNIST.read_idx("train-images-idx3-ubyte.gz")),
        test=_grey(MNIST.read_idx("t10k-images-idx3-ubyte.gz")),
        labels=Labels(
            MNIST.read_idx("train-labels-idx1-ubyte.gz").astype(np.int64),
            MNIST.read_idx("t10k-labels-idx1-ubyte.gz").astype(np.int64),
        ),
        image_shape=(28, 28),
        source=f"LeCun, Cortes and Burges (1998), from {folder}",
    )


def _grey(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.divide(images.reshape(len(images), -1), 255, dtype=np.float32)
