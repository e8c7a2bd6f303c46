"""One pass over the data: minibatches, gradients, updates, and what the terms were on average."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
        if self.y is not None and len(self.y) != len(self.x):
            raise ValueError(
                f"fit: every datum needs one row of y; there are {len(self.x)} data and "
                f"{len(self.y)} rows"
            )
        if self.y is not None and isinstance(self.optimizer, Players):
            raise ValueError("fit: there is no condition y in a GAN; leave it out")
        for name in self.schedule:
            if name != "lr" and not hasattr(getattr(self.model, "objective", None), name):
                raise ValueError(
                    f"fit: nothing here has a {name!r} that a schedule could change; it may be "
                    "'lr', or a number of model.objective such as 'beta'"
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
        terms = terms_of(self.model, x, None if self.y is None else self.y[rows], self.rng)
        self.optimizer.zero_grad()
        terms["loss"].backward()
        self.optimizer.step()
        return terms


def validate(model: Model, x: np.ndarray, y: np.ndarray | None, epoch: int) -> Row:
    """Compute the terms on data that training never sees, with noise of their own."""
    with no_grad():
        terms = terms_of(model, x, y, np.random.default_rng(epoch))
    return {f"validation_{name}": value.item() for name, value in terms.items()}


def terms_of(model: Model, x: Any, y: Any, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return a model's terms, under a condition if there is one."""
    return model.terms(x, rng=rng) if y is None else model.terms(x, y, rng=rng)
