"""The handwritten digits that scikit-learn carries: small, real, and there without a network."""

import numpy as np

from minivae.data.dataset import Dataset, Labels


def load_digits() -> Dataset:
    """Load the 8x8 handwritten digits embedded in scikit-learn, x = level / 16.

    The split is random but the same everywhere and for ever: a fifth of each class is for testing.

    Returns
    -------
    Dataset
        ``train`` (1437, 64) and ``test`` (360, 64), float32 in [0, 1], both in random order,
        each class represented in both as 4 to 1 to within one image.

    References
    ----------
    Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Repository.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.train.shape, digits.test.shape, digits.labels.test[:5].shape
    ((1437, 64), (360, 64), (5,))
    """
    from sklearn.datasets import load_digits as load_embedded

    levels, labels = load_embedded(return_X_y=True)
    x = (levels / 16).astype(np.float32)
    labels = labels.astype(np.int64)

    # A bit generator's raw stream never changes between NumPy versions; permutation() may.
    draw, place = np.random.PCG64(0).random_raw((2, len(x)))
    order = np.argsort(place)
    is_test = np.isin(order, np.lexsort((draw, labels))[::5])
    train, test = order[~is_test], order[is_test]
    return Dataset(
        name="digits",
        train=x[train],
        test=x[test],
        labels=Labels(labels[train], labels[test]),
        image_shape=(8, 8),
        source="Alpaydin and Kaynak (1998), embedded in scikit-learn",
    )
