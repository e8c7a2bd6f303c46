"""A small classifier of our own: the judge of samples, whose last hidden layer gives features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minivae.data import batches
from minivae.engine import Tensor, no_grad
from minivae.engine.ops import log_softmax, mean, softmax, take_along_axis
from minivae.nn import MLP, Module
from minivae.optim import Adam


class Classifier(Module):
    """p(class | x) = softmax of a multilayer perceptron, trained by cross-entropy.

    Parameters
    ----------
    data_dim, classes : int
        Entries of a datum; number of classes.
    hidden : sequence of int
        Sizes of the hidden layers; the last one's activations are the features.
    rng : numpy.random.Generator
        Draws the initial weights.
    dtype : str
        ``"float32"`` or ``"float64"``.
    """

    def __init__(
        self,
        data_dim: int,
        classes: int,
        hidden: Sequence[int] = (100, 50),
        *,
        rng: np.random.Generator,
        dtype: str = "float32",
    ) -> None:
        if not hidden:
            raise ValueError("Classifier: features need a hidden layer; pass hidden=(50,)")
        self.network = MLP((data_dim, *hidden, classes), activation="relu", rng=rng, dtype=dtype)
        self.dtype = np.dtype(dtype)

    @classmethod
    def fitted(
        cls,
        x: np.ndarray,
        labels: np.ndarray,
        hidden: Sequence[int] = (100, 50),
        *,
        rng: np.random.Generator,
        epochs: int = 30,
        batch_size: int = 100,
        lr: float = 2e-3,
    ) -> Classifier:
        """Train a classifier on data (n, d) with labels 0, 1, ... (n,).

        Raises
        ------
        ValueError
            If data and labels are not equally many, or labels are no whole numbers from 0 on.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = np.repeat(np.eye(2), 50, axis=0) + 0.1 * rng.standard_normal((100, 2))
        >>> labels = np.repeat([0, 1], 50)
        >>> judge = Classifier.fitted(x, labels, hidden=(8,), rng=rng, batch_size=5)
        >>> judge.accuracy(x, labels)
        1.0
        """
        labels = np.asarray(labels)
        if labels.shape != (len(x),) or len(x) == 0:
            raise ValueError(
                f"Classifier: {len(x)} data need as many labels; these have shape {labels.shape}"
            )
        if labels.dtype.kind not in "iu" or labels.min() < 0:
            raise ValueError("Classifier: labels must be whole numbers 0, 1, ..., one a class")
        judge = cls(x.shape[1], int(labels.max()) + 1, hidden, rng=rng)
        optimizer = Adam(judge.parameters(), lr=lr)
        for _ in range(epochs):
            for rows in batches(np.arange(len(x)), batch_size, rng):
                loss = judge.loss(x[rows], labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return judge

    def forward(self, x: np.ndarray) -> Tensor:
        """Return the logits of each class, (n, classes)."""
        return self.network(np.asarray(x, self.dtype))

    def loss(self, x: np.ndarray, labels: np.ndarray) -> Tensor:
        """Return the cross-entropy -log p(label | x), mean over the batch, in nats."""
        scores = log_softmax(self(x), axis=-1)
        return -mean(take_along_axis(scores, labels[:, None], axis=-1))

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Return p(class | x), (n, classes)."""
        with no_grad():
            return softmax(self(x), axis=-1).data

    def features(self, x: np.ndarray) -> np.ndarray:
        """Return the last hidden layer's activations, (n, hidden[-1])."""
        h = np.asarray(x, self.dtype)
        with no_grad():
            for layer in self.network.layers[:-1]:
                h = layer(h)
        return h.data if isinstance(h, Tensor) else h

    def accuracy(self, x: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of data whose most probable class is their label."""
        return float(np.mean(self.probabilities(x).argmax(axis=1) == labels))
