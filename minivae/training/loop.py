"""One pass over the data: minibatches, gradients, updates, and what the terms were on average."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from minivae.data import batches
from minivae.engine import Tensor, no_grad
from minivae.models import Model
from minivae.optim import Optimizer, Schedule
from minivae.training.adversarial import Players, adversarial_update
from minivae.training.checkpoint import Progress
from minivae.training.display import Display
from minivae.training.history import Row

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass
class Loop:
    """What an update needs; attributes as the arguments of :func:`minivae.fit`."""

    model: Model
    x: np.ndarray
    y: np.ndarray | None
    optimizer: Optimizer | Players
    rng: np.random.Generator
    batch_size: int
    transform: Transform | None
    schedule: Mapping[str, Schedule]
    total: int

    def __post_init__(self) -> None:
        if self.y is not None and isinstance(self.optimizer, Players):
            raise ValueError("fit: there is no condition y in a GAN; leave it out")
        may = ["lr", *_real_numbers(self.model.objective)]
        for name in self.schedule:
            if name not in may:
                raise ValueError(
                    f"fit: nothing here has a {name!r} that a schedule could change; there is "
                    + ", ".join(may)
                )

    def epoch(self, state: Progress, display: Display | None) -> Row:
        """Pass over the data once, or until ``total`` updates; return the means of the terms."""
        sums: dict[str, float] = {}
        images, start = 0, time.perf_counter()
        for rows in batches(np.arange(len(self.x)), self.batch_size, self.rng):
            if state.step == self.total:
                break
            self._set_scheduled(state.step)
            terms = self._update(rows)
            state.step += 1
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(rows)
            if not np.isfinite(list(sums.values())).all():
                said = ", ".join(f"{name} {value.item():g}" for name, value in terms.items())
                raise FloatingPointError(
                    f"fit: the loss is not finite at update {state.step} ({said}); a smaller "
                    "learning rate may help, or data of a smaller scale"
                )
            images += len(rows)
            if display is not None:
                display.step(state.step)
        seconds = time.perf_counter() - start
        means = {name: value / images for name, value in sums.items()}
        return {
            "epoch": state.epoch + 1,
            "step": state.step,
            "seconds": round(seconds, 4),
            "images_per_second": round(images / seconds, 1),
        } | means

    def _set_scheduled(self, step: int) -> None:
        for name, value in self.schedule.items():
            setattr(self.optimizer if name == "lr" else self.model.objective, name, value(step))

    def _update(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Adjust the model to a batch; return the terms of its loss."""
        x = self.x[rows] if self.transform is None else self.transform(self.x[rows], self.rng)
        if isinstance(self.optimizer, Players):
            return adversarial_update(self.model, x, self.optimizer, self.rng)
        terms = self.model.terms(x, None if self.y is None else self.y[rows], rng=self.rng)
        self.optimizer.zero_grad()
        terms["loss"].backward()
        self.optimizer.step()
        return terms


def validate(model: Model, x: np.ndarray, y: np.ndarray | None, epoch: int, batch_size: int) -> Row:
    """Return the means of the terms over data that training never sees, with noise of their own.

    They are computed in batches as large as those of training, which fit the memory.
    """
    rng, means = np.random.default_rng(epoch), dict[str, float]()
    with no_grad():
        for i in range(0, len(x), batch_size):
            rows = slice(i, i + batch_size)
            terms = model.terms(x[rows], None if y is None else y[rows], rng=rng)
            for name, value in terms.items():
                share = value.item() * len(x[rows]) / len(x)
                means[f"validation_{name}"] = means.get(f"validation_{name}", 0.0) + share
    return means


def _real_numbers(objective: Any) -> list[str]:
    """Return the names of an objective's real numbers: what a schedule may change."""
    if not is_dataclass(objective):
        return []
    return [field.name for field in fields(objective) if field.type in ("float", float)]
