"""Small whitened pieces of photographs: what sparse autoencoders learn edge detectors from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED
from minivae.data.whitening import fit_whitening

SIDE = 10  # pixels
TRAIN, TEST = 10_000, 2_000
_TEST_SHARE = 0.2  # of each photograph's width, at its right: no pixel is in both parts
_KEPT = 0.95  # of the variance: what is left out is mostly the camera's noise
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def random_patches(
    images: list[NDArray[Any]], n: int, side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Cut square patches at random places, as many from each image, and take off their means.

    x_i <- x_i - mean_j x_j: brightness says nothing of the shapes in a patch.

    Parameters
    ----------
    images : list of ndarray, shape (height, width)
        Grey levels.
    n : int
        How many patches, from all images together.
    side : int
        Height and width of a patch.
    rng : numpy.random.Generator
        Draws places and order.

    Returns
    -------
    ndarray of float64, shape (n, side * side)
        Each row a patch, in random order, with mean 0.

    Raises
    ------
    ValueError
        If an image is smaller than a patch.

    Examples
    --------
    >>> image = np.arange(12.0).reshape(3, 4)
    >>> random_patches([image], 1, 2, np.random.default_rng(0))
    array([[-2.5, -1.5,  1.5,  2.5]])
    """
    cut = []
    for i, image in enumerate(images):
        height, width = image.shape
        if min(height, width) < side:
            raise ValueError(f"random_patches: no patch of {side}x{side} in {height}x{width}")
        count = n * (i + 1) // len(images) - n * i // len(images)
        windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
        rows = rng.integers(0, height - side + 1, count)
        columns = rng.integers(0, width - side + 1, count)
        cut.append(windows[rows, columns].reshape(count, side * side))
    x = np.concatenate(cut).astype(np.float64)[rng.permutation(n)]
    return x - x.mean(axis=1, keepdims=True)


def load_patches() -> Dataset:
    """Load 12,000 whitened 10x10 patches of two photographs, 10,000 of them for training.

    The photographs (a temple, a flower) come with scikit-learn; their luminance is cut at random
    places, from the left four fifths for training and from the right fifth for testing, each patch
    less its mean. Of twice as many patches the more contrasted half is taken: sky and unfocused
    leaves show nothing. Both parts are whitened by one map, fitted to the training patches, which
    keeps 95 % of their variance (:class:`minivae.data.Whitening`).

    Returns
    -------
    Dataset
        ``train`` (10000, 100) and ``test`` (2000, 100), float32, in standard deviations around 0:
        not grey levels in [0, 1], and so nothing for a Bernoulli likelihood.

    References
    ----------
    Olshausen and Field (1996), Emergence of simple-cell receptive field properties by learning a
    sparse code for natural images.

    Examples
    --------
    >>> load_patches()
    Dataset('patches', train=(10000, 100), test=(2000, 100), image_shape=(10, 10))
    """
    from sklearn.datasets import load_sample_images

    grey = [image @ _LUMINANCE / 255 for image in load_sample_images().images]
    cuts = [round(image.shape[1] * (1 - _TEST_SHARE)) for image in grey]
    rng = np.random.default_rng(SEED)
    left = [image[:, :cut] for image, cut in zip(grey, cuts, strict=True)]
    right = [image[:, cut:] for image, cut in zip(grey, cuts, strict=True)]
    train = _more_contrasted_half(random_patches(left, 2 * TRAIN, SIDE, rng))
    test = _more_contrasted_half(random_patches(right, 2 * TEST, SIDE, rng))
    whitening = fit_whitening(train, _KEPT)
    return Dataset(
        name="patches",
        train=whitening.apply(train).astype(np.float32),
        test=whitening.apply(test).astype(np.float32),
        labels=None,
        image_shape=(SIDE, SIDE),
        source="china.jpg and flower.jpg, embedded in scikit-learn",
    )


def _more_contrasted_half(x: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(x.std(axis=1), kind="stable")
    return x[np.sort(order[len(x) // 2 :])]
