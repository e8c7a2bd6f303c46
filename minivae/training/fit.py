"""The training loop: minibatches, gradients, updates; what is kept, and how a run goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import ceil
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from minivae.data import Dataset, batches
from minivae.engine import no_grad
from minivae.kernels.threads import one_blas_thread
from minivae.models import Model
from minivae.optim import Adam, Optimizer
from minivae.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from minivae.training.display import Display
from minivae.training.history import History, Row

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


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
    optimizer: Optimizer | None = None,
    transform: Transform | None = None,
    validation: np.ndarray | None = None,
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
    optimizer : Optimizer, optional
        By default ``Adam(model.parameters(), lr=1e-3)``.
    transform : callable, optional
        ``transform(batch, rng)`` gives what the model sees in place of each batch: with
        :func:`minivae.data.binarize`, pixels drawn anew every time (dynamic binarization).
    validation : ndarray, optional
        Data on which the terms are computed after each epoch, for the history alone.
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
    FloatingPointError
        If the loss stops being finite.
    TrainingInterrupted
        On Ctrl-C, after the display has been closed; the last checkpoint is complete.
    """
    x = np.asarray(model.as_data(data.train if isinstance(data, Dataset) else data))
    optimizer = optimizer or Adam(model.parameters(), lr=1e-3)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"fit: rng must be a numpy.random.Generator, it is {rng!r}")
    total = total_steps(len(x), batch_size, epochs=epochs, steps=steps)
    per_epoch = total_steps(len(x), batch_size, epochs=1, steps=None)
    state = Progress(History(), setup_of(model, optimizer, x, batch_size))
    if resume and checkpoint is not None and Path(checkpoint).exists():
        state = load_checkpoint(checkpoint, model, optimizer, rng, state.setup, total)
    kept = state.step > 0
    shown: AbstractContextManager[Display | None] = (
        Display(ceil(total / per_epoch), total, state.step) if progress else nullcontext()
    )
    try:
        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"), shown as display:
            while state.step < total:
                row = _epoch(model, x, optimizer, rng, batch_size, transform, state, total, display)
                if validation is not None:
                    row |= _validate(model, validation, state.epoch)
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


def _epoch(
    model: Model,
    x: np.ndarray,
    optimizer: Optimizer,
    rng: np.random.Generator,
    batch_size: int,
    transform: Transform | None,
    state: Progress,
    total: int,
    display: Display | None,
) -> Row:
    """Pass over the data once, or until ``total`` updates; return the means of the terms."""
    sums: dict[str, float] = {}
    images, start = 0, time.perf_counter()
    for batch in batches(x, batch_size, rng):
        if state.step == total:
            break
        terms = model.terms(batch if transform is None else transform(batch, rng), rng=rng)
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step()
        state.step += 1
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + value.item() * len(batch)
        if not np.isfinite(sums["loss"]):
            raise FloatingPointError(
                f"fit: the loss is {terms['loss'].item()} at update {state.step}; a smaller "
                "learning rate may help, or data of a smaller scale"
            )
        images += len(batch)
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


def _validate(model: Model, x: np.ndarray, epoch: int) -> Row:
    """Compute the terms on data that training never sees, with noise of their own."""
    with no_grad():
        terms = model.terms(x, rng=np.random.default_rng(epoch))
    return {f"validation_{name}": value.item() for name, value in terms.items()}


def setup_of(model: Model, optimizer: Optimizer, x: np.ndarray, batch_size: int) -> dict[str, Any]:
    """Say what must not change while training goes on: what a checkpoint is compared with."""
    return {
        "recipe": model.recipe,
        "optimizer": type(optimizer).__name__,
        "data": f"of shape {x.shape} and checksum {crc32(np.ascontiguousarray(x).data):08x}",
        "batch_size": batch_size,
    }


def _farewell(checkpoint: Any, kept: bool) -> str:
    if checkpoint is None:
        return "training stopped, and nothing was kept: pass checkpoint= to be able to go on"
    if not kept:
        return "training stopped before the first epoch was complete; fit again to begin anew"
    return f"training stopped; {checkpoint} holds all complete epochs: go on with resume=True"
