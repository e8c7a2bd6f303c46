"""The rows of a data set that a diagnosis looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minivae.data import Dataset, one_hot
from minivae.models import Model

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Rows:
    """The rows that are looked at, with what is known of them."""

    def __init__(
        self,
        model: Model,
        data: Dataset | np.ndarray,
        y: Any,
        labels: Any,
        transform: Transform | None,
        rows: int,
        rng: np.random.Generator,
    ) -> None:
        whole = data.train if isinstance(data, Dataset) else np.asarray(data)
        if len(whole) < 2 or rows < 2:
            raise ValueError(f"diagnose: needs two data or more, not {min(len(whole), rows)}")
        chosen = rng.permutation(len(whole))[:rows]
        self.test = self.labels = self.factors = self.discrete = None
        if isinstance(data, Dataset):
            self.test = data.test[:rows]
            if labels is None and data.labels is not None:
                labels = data.labels.train
            if data.factors is not None:
                changing = data.factors.train.std(axis=0) > 0
                self.factors = data.factors.train[chosen][:, changing]
                self.discrete = [
                    d for d, c in zip(data.factors.discrete, changing, strict=True) if c
                ]
        for name, given in (("labels", labels), ("conditions y", y)):
            if given is not None and len(given) != len(whole):
                raise ValueError(
                    f"diagnose: needs as many {name} as training data, {len(whole)}, not "
                    f"{len(given)}"
                )
        classes = getattr(model, "condition", 0)
        if y is None and classes and labels is not None:
            labels = np.asarray(labels)
            if labels.dtype.kind in "iu" and labels.min() >= 0 and labels.max() < classes:
                y = one_hot(labels, classes)
        self.x = model.as_data(whole[chosen])
        if transform is not None:
            self.x = model.as_data(transform(self.x, rng))
            self.test = None if self.test is None else transform(self.test, rng)
        self.y = None if y is None else np.asarray(y, model.dtype)[chosen]
        if labels is not None:  # numbered from 0, whatever they are
            self.labels = np.unique(np.asarray(labels)[chosen], return_inverse=True)[1]
