"""MNIST, and Fashion-MNIST in the same files: 70,000 grey images of 28x28 pixels each."""

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

FASHION = FileSet(
    name="fashion",
    digests={
        "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte.gz": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte.gz": "15d484375f8d13e6eb1aabb0c3f46965",
    },
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
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
    >>> [entry.count for entry in available() if entry.name == "mnist"]
    [70000]
    """
    return _load(MNIST, "LeCun, Cortes and Burges (1998)")


def load_fashion() -> Dataset:
    """Load Fashion-MNIST, x = level / 255, downloading it once if it is not there.

    Its files have the names and the format of MNIST's and lie in ``fashion/``. The classes 0 to 9
    are T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.

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
    Xiao, Rasul, Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms.

    Examples
    --------
    >>> from minivae.data import available
    >>> [entry.image_shape for entry in available() if entry.name == "fashion"]
    [(28, 28)]
    """
    return _load(FASHION, "Xiao, Rasul and Vollgraf (2017)")


def _load(files: FileSet, authors: str) -> Dataset:
    folder = files.fetch()
    return Dataset(
        name=files.name,
        train=_grey(files.read_idx("train-images-idx3-ubyte.gz")),
        test=_grey(files.read_idx("t10k-images-idx3-ubyte.gz")),
        labels=Labels(
            files.read_idx("train-labels-idx1-ubyte.gz").astype(np.int64),
            files.read_idx("t10k-labels-idx1-ubyte.gz").astype(np.int64),
        ),
        image_shape=(28, 28),
        source=f"{authors}, from {folder}",
    )


def _grey(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.divide(images.reshape(len(images), -1), 255, dtype=np.float32)
