"""Checkpoints: all that decides how training goes on, in one file that is never half written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from minivae.files import to_json, write_atomically
from minivae.models import Model
from minivae.optim import Optimizer
from minivae.training.adversarial import Players
from minivae.training.history import History


@dataclass
class Progress:
    """Where a training run stands.

    Attributes
    ----------
    history : History
        The epochs that are complete.
    setup : dict
        What must not change while training goes on: recipe, objective, data, batch size and more.
    step : int
        Updates so far.
    """

    history: History
    setup: dict[str, Any]
    step: int = 0

    @property
    def epoch(self) -> int:
        """Number of complete epochs."""
        return len(self.history)


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Model,
    optimizer: Optimizer | Players,
    rng: np.random.Generator,
    progress: Progress,
) -> None:
    """Write weights, the optimiser's memory, the random state and the history, atomically."""
    arrays = {f"model.{name}": array for name, array in model.state_dict().items()}
    arrays |= {f"optimizer.{name}": array for name, array in optimizer.state_dict().items()}
    state: dict[str, Any] = {
        "rng": rng.bit_generator.state,
        "step": progress.step,
        "setup": progress.setup,
        "history": progress.history.rows,
    }
    write_atomically(path, to_bytes(arrays, {"minivae": to_json(state)}))


def load_checkpoint(
    path: str | os.PathLike[str],
    model: Model,
    optimizer: Optimizer | Players,
    rng: np.random.Generator,
    setup: dict[str, Any],
    total: int,
) -> Progress:
    """Put model, optimiser and random generator into the state that a checkpoint holds.

    Parameters
    ----------
    path : path-like
        The file.
    model, optimizer, rng
        What to change.
    setup : dict
        That of the run which is to go on; the checkpoint must be of the same.
    total : int
        Updates that are asked for in all.

    Raises
    ------
    ValueError
        If the file is damaged, of another setup, or has seen more than ``total`` updates; nothing
        is changed then.
    """
    try:
        with safe_open(Path(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            state = json.loads((file.metadata() or {})["minivae"])
        history = History([dict(row) for row in state["history"]])
        step, old = index(state["step"]), dict(state["setup"])
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(
            f"the checkpoint {path} is damaged ({error}); delete it and train anew"
        ) from error
    unfit = f"the checkpoint {path} does not fit this run"
    for name, now in json.loads(to_json(setup)).items():
        if old.get(name) != now:
            raise ValueError(
                f"{unfit}: its {name} was {old.get(name)}, now it is {now}; go on with what it was "
                "trained with, or use another file"
            )
    if step > total:
        raise ValueError(
            f"{unfit}: it has seen {step} updates already, more than the {total} asked for; ask "
            "for more, or use another file"
        )
    before = model.state_dict(), optimizer.state_dict(), rng.bit_generator.state
    try:
        model.load_state_dict(_part(arrays, "model."))
        optimizer.load_state_dict(_part(arrays, "optimizer."))
        rng.bit_generator.state = state["rng"]
    except (KeyError, ValueError, TypeError) as error:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        rng.bit_generator.state = before[2]
        raise ValueError(f"{unfit} ({error}); use another file") from error
    return Progress(history, setup, step)


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
