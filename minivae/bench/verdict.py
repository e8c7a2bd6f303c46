"""How good the choice is between tiles and BLAS: what is read off the sweep of products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from minivae.bench.race import Entry
from minivae.bench.sweep import Product
from minivae.kernels import explain_products

GOOD = 0.95  # of the speed of the better of the two; below, the choice is wrong, or costs time
_MAKERS = ("tiles", "BLAS", "auto")


@dataclass(frozen=True)
class Verdict:
    """The times of all products that everyone has made.

    Attributes
    ----------
    seconds : dict
        For each product the medians of tiles, BLAS and minivae's choice.
    """

    seconds: dict[Product, tuple[float, float, float]]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Verdict | None:
        """Return the verdict on the products among the entries, if there are any."""
        times: dict[Product, dict[str, float]] = {}
        for entry in entries:
            if entry.workload.product is not None and entry.seconds:
                median = float(np.median(entry.seconds))
                times.setdefault(entry.workload.product, {})[entry.contender.name] = median
        complete = {
            product: (by["tiles"], by["BLAS"], by["auto"])
            for product, by in times.items()
            if by.keys() >= set(_MAKERS)
        }
        return cls(complete) if complete else None

    def ratio(self, product: Product) -> float:
        """Return min(tiles, BLAS) / auto: 1 if the choice is as fast as the faster of the two.

        The smaller of two measured times is smaller by chance as well, the more the closer they
        are: a choice without fault comes out a little below 1.
        """
        tiles, blas, choice = self.seconds[product]
        return min(tiles, blas) / choice

    @property
    def worst(self) -> Product:
        """The product with the smallest ratio."""
        return min(self.seconds, key=self.ratio)

    @property
    def slower(self) -> list[Product]:
        """The products whose ratio is not ``GOOD``."""
        return [product for product in self.seconds if self.ratio(product) < GOOD]

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "ratios": {str(product): self.ratio(product) for product in self.seconds},
            "smallest_ratio": self.ratio(self.worst),
            "products": len(self.seconds),
            f"products_below_{GOOD}": len(self.slower),
            "choice": explain_products(),
        }

    def sentences(self) -> Iterator[str]:
        """Say it in words."""
        yield (
            f"min(tiles, BLAS) / auto: at least {self.ratio(self.worst):.2f} ({self.worst}); "
            f"below {GOOD} for {len(self.slower)} of {len(self.seconds)} products"
        )
        yield explain_products()

    def table(self) -> Table:
        """Return the times, one product a row, in microseconds."""
        title = "\nMatrix products (m, k) by (k, n), float32: time of one product in µs"
        table = Table(title=title, title_justify="left", title_style="bold", box=None)
        for name in ("m x k x n", *_MAKERS, "min / auto"):
            table.add_column(name, justify="left" if "x" in name else "right", no_wrap=True)
        for product, seconds in self.seconds.items():
            times = [f"{1e6 * s:,.1f}" for s in seconds]
            table.add_row(str(product), *times, f"{self.ratio(product):.2f}")
        return table
