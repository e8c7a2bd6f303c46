"""The training loop: minibatches, gradients, updates; what is kept, and how a run goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, is_dataclass
from math import ceil
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from minivae.data import Dataset
from minivae.kernels.threads import one_blas_thread
from minivae.models import GAN, Model
from minivae.optim import Adam, Optimizer, Schedule
from minivae.training.adversarial import Players
from minivae.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from minivae.training.display import Display
from minivae.training.history import History
from minivae.training.loop import Loop, Transform, validate


class TrainingInterrupted(KeyboardInterrupt):
    """Training was interrupted by Ctrl-C; the message says what is kept and how to go on."""


def fit(
    model: Model,
    data: Dataset | np.ndarray,
    *,
    rng: np.random.Generator,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int = 100,
    optimizer: Optimizer | Players | None = None,
    transform: Transform | None = None,
    schedule: Mapping[str, Schedule] | None = None,
    y: np.ndarray | None = None,
    validation: np.ndarray | None = None,
    validation_y: np.ndarray | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
    on_epoch: Callable[[History], None] | None = None,
) -> History:
    """Train a model: minimise the mean of ``model.loss`` over minibatches.

    Parameters
    ----------
    model : Model
        What to train; changed in place.
    data : Dataset or ndarray
        Training data, (n, data_dim); of a data set its ``train``.
    rng : numpy.random.Generator
        Draws the order of the data, the noise of the model and that of ``transform``.
    epochs, steps : int
        Stop after so many passes over the data, or so many updates: one of the two.
    batch_size : int
        Data for one update; the last batch of an epoch may be smaller.
    optimizer : Optimizer or Players, optional
        By default ``Adam(model.parameters(), lr=1e-3)``; for a GAN, which has two losses and an
        optimiser for each, ``Players.adam(model)``.
    transform : callable, optional
        ``transform(batch, rng)`` gives what the model sees in place of each batch: with
        :func:`minivae.data.binarize`, pixels drawn anew every time (dynamic binarization).
    schedule : mapping, optional
        Numbers that change from update to update, by functions of the number of updates done:
        ``{"lr": minivae.optim.staircase(...)}`` the learning rate, any other name a number of
        ``model.objective``, as ``{"beta": minivae.optim.warm_up(1000)}``.
    y : ndarray, optional
        The condition of each datum, (n, c), for a conditional model.
    validation, validation_y : ndarray, optional
        Data (and their conditions) on which the terms are computed after each epoch, in batches
        as large as those of training, for the history alone.
    checkpoint : path-like, optional
        A file that is rewritten, atomically, after each epoch.
    resume : bool
        Go on from ``checkpoint`` if it exists. A run that was stopped at any moment and resumed
        ends with the same weights, bit for bit, as one that was not. (One whose ``steps`` ended
        within an epoch and that is made longer begins another pass over the data there.)
    progress : bool
        Show the epoch, the terms, images per second and the time left.
    on_epoch : callable, optional
        Called with the history after each epoch, once the checkpoint is written.

    Returns
    -------
    History
        One row an epoch.

    Raises
    ------
    ValueError
        If an argument makes no sense, or the checkpoint does not fit.
    TypeError
        If the optimiser does not suit the model: Players are for a GAN.
    FloatingPointError
        If the loss stops being finite.
    TrainingInterrupted
        On Ctrl-C, after the display has been closed; the last checkpoint is complete.
    """
    x, y = _paired(model, data.train if isinstance(data, Dataset) else data, y, "y")
    unseen = _validation(model, y, validation, validation_y)
    optimizer = _suited(optimizer, model)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"fit: rng must be a numpy.random.Generator, it is {rng!r}")
    total = total_steps(len(x), batch_size, epochs=epochs, steps=steps)
    per_epoch = total_steps(len(x), batch_size, epochs=1, steps=None)
    loop = Loop(model, x, y, optimizer, rng, batch_size, transform, schedule or {}, total)
    state = Progress(History(), setup_of(model, optimizer, x, batch_size, y, schedule or {}))
    if resume and checkpoint is not None and Path(checkpoint).exists():
        state = load_checkpoint(checkpoint, model, optimizer, rng, state.setup, total)
    kept = state.step > 0
    shown: AbstractContextManager[Display | None] = (
        Display(ceil(total / per_epoch), total, state.step) if progress else nullcontext()
    )
    try:
        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"), shown as display:
            while state.step < total:
                row = loop.epoch(state, display)
                if unseen is not None:
                    row |= validate(model, *unseen, state.epoch, batch_size)
                state.history.rows.append(row)
                if checkpoint is not None:
                    save_checkpoint(checkpoint, model, optimizer, rng, state)
                    kept = True
                if on_epoch is not None:
                    on_epoch(state.history)
                if display is not None:
                    display.epoch(row)
    except KeyboardInterrupt:
        raise TrainingInterrupted(_farewell(checkpoint, kept)) from None
    return state.history


def total_steps(n: int, batch_size: int, *, epochs: int | None, steps: int | None) -> int:
    """Return how many updates so many epochs, or steps, over ``n`` data are.

    Raises
    ------
    ValueError
        If not exactly one of the two is given, or a number is less than 1.
    TypeError
        If a number is no integer.
    """
    if (epochs is None) == (steps is None):
        raise ValueError("fit: say how long to train, by epochs= or by steps= (one of them)")
    named = {"epochs": epochs, "steps": steps, "batch_size": batch_size, "the number of data": n}
    for name, amount in named.items():
        if amount is not None and not isinstance(amount, int | np.integer):
            raise TypeError(f"fit: {name} must be an integer, it is {amount!r}")
        if amount is not None and amount < 1:
            raise ValueError(f"fit: {name} must be at least 1, it is {amount}")
    return epochs * ceil(n / batch_size) if epochs is not None else steps or 0


def _suited(optimizer: Optimizer | Players | None, model: Model) -> Optimizer | Players:
    """Return the optimiser, or the one by default, or refuse one that is not for the model."""
    if isinstance(model, GAN):
        if isinstance(optimizer, Optimizer):
            raise TypeError(
                "fit: a GAN has two losses, and one optimiser would make its discriminator help "
                "the generator; pass Players, as minivae.training.Players.adam(model)"
            )
        return optimizer or Players.adam(model)
    if isinstance(optimizer, Players):
        raise TypeError(
            f"fit: Players train a GAN, and this is a {type(model).__name__}; pass one optimiser"
        )
    return optimizer or Adam(model.parameters(), lr=1e-3)


def setup_of(
    model: Model,
    optimizer: Optimizer | Players,
    x: np.ndarray,
    batch_size: int,
    y: np.ndarray | None = None,
    schedule: Collection[str] = (),
) -> dict[str, Any]:
    """Say what must not change while training goes on: what a checkpoint is compared with.

    Numbers of the objective in ``schedule`` are left out, as they change from update to update.
    """
    return {
        "recipe": model.recipe,
        "objective": _said_of(model.objective, schedule),
        "optimizer": type(optimizer).__name__,
        "data": _print_of(x),
        "y": None if y is None else _print_of(np.asarray(y)),
        "batch_size": batch_size,
    }


def _said_of(objective: Any, schedule: Collection[str]) -> dict[str, Any]:
    """Return an objective's kind and its numbers, but for those that a schedule changes."""
    numbers = asdict(objective) if is_dataclass(objective) else {}  # type: ignore[arg-type]
    kept = {name: value for name, value in numbers.items() if name not in schedule}
    return {"kind": type(objective).__name__} | kept


def _print_of(a: np.ndarray) -> str:
    return f"of shape {a.shape} and checksum {crc32(np.ascontiguousarray(a).data):08x}"


def _paired(model: Model, x: Any, y: Any, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return data and their conditions as arrays, after a look at their shapes."""
    x, y = np.asarray(model.as_data(x)), None if y is None else np.asarray(y)
    if y is not None and y.shape[:1] != x.shape[:1]:
        raise ValueError(
            f"fit: every datum needs one row of {name}; there are {len(x)} data and "
            f"{y.shape[0] if y.ndim else 'no'} rows"
        )
    return x, y


def _validation(
    model: Model, y: np.ndarray | None, x_unseen: Any, y_unseen: Any
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return data for validation and their conditions, if there are any, or refuse them."""
    if x_unseen is None and y_unseen is None:
        return None
    if x_unseen is None:
        raise ValueError("fit: validation_y is there without validation; pass both, or none")
    if (y is None) != (y_unseen is None):
        raise ValueError(
            "fit: the data have conditions or they have none, in training as in validation; pass "
            "y and validation_y, or neither"
        )
    unseen, y_unseen = _paired(model, x_unseen, y_unseen, "validation_y")
    if len(unseen) == 0:
        raise ValueError("fit: validation is empty; leave it out, or pass at least one datum")
    if y is not None and y_unseen is not None and y.shape[1:] != y_unseen.shape[1:]:
        raise ValueError(
            f"fit: rows of validation_y must be like those of y, of shape {y.shape[1:]}; they have "
            f"{y_unseen.shape[1:]}"
        )
    return unseen, y_unseen


def _farewell(checkpoint: Any, kept: bool) -> str:
    if checkpoint is None:
        return "training stopped, and nothing was kept: pass checkpoint= to be able to go on"
    if not kept:
        return "training stopped before the first epoch was complete; fit again to begin anew"
    return f"training stopped; {checkpoint} holds all complete epochs: go on with resume=True"
