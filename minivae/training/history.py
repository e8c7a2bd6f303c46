"""The history of a training run: one row an epoch, in nats, kept as a table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

import numpy as np

Row = dict[str, float]


@dataclass
class History:
    """What happened in each epoch.

    Of a VAE ``reconstruction`` is E_q[log p(x|z)], so that its ELBO is reconstruction - kl;
    ``loss`` is what its objective minimises, which is -ELBO without β, free bits or weighted
    samples. Columns that begin with ``validation_`` belong to data that training never sees.

    Attributes
    ----------
    rows : list of dict
        One for each epoch: ``epoch``, ``step`` (updates so far), ``seconds`` and
        ``images_per_second`` of the epoch, then the mean of each of the model's terms over it.
    """

    rows: list[Row] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The names of what is known of each epoch."""
        return list(self.rows[0]) if self.rows else []

    def column(self, name: str) -> np.ndarray:
        """Return one column, an entry for each epoch.

        Raises
        ------
        KeyError
            If there is no such column; the message lists those there are.
        """
        if name not in self.columns:
            raise KeyError(f"history has no column {name!r}; it has {', '.join(self.columns)}")
        return np.array([row[name] for row in self.rows])

    def to_csv(self) -> str:
        """Return the table as comma-separated values, the column names in the first line."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()

    def __len__(self) -> int:
        return len(self.rows)
