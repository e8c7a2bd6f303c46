"""Checkpoints: all that decides how training goes on, in one file that is never half written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from minivae.files import write_atomically
from minivae.models import Model
from minivae.optim import Optimizer
from minivae.training.history import History


@dataclass
class Progress:
    """Where a training run stands.

    Attributes
    ----------
    history : History
        The epochs that are complete.
    setup : dict
        What must not change while training goes on: recipe, optimiser, data, batch size.
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
    optimizer: Optimizer,
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
    write_atomically(path, to_bytes(arrays, {"minivae": json.dumps(state, default=_plain)}))


def load_checkpoint(
    path: str | os.PathLike[str],
    model: Model,
    optimizer: Optimizer,
    rng: np.random.Generator,
    setup: dict[str, Any],
) -> Progress:
    """Put model, optimiser and random generator into the state that a checkpoint holds.

    Raises
    ------
    ValueError
        If the file is damaged, or belongs to another setup; nothing is changed then.
    """
    before = model.state_dict()
    try:
        with safe_open(Path(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            state = json.loads((file.metadata() or {})["minivae"])
        for name, now in json.loads(json.dumps(setup)).items():
            if state["setup"][name] != now:
                raise ValueError(f"its {name} was {state['setup'][name]}, now it is {now}")
        model.load_state_dict(_part(arrays, "model."))
        optimizer.load_state_dict(_part(arrays, "optimizer."))
        rng.bit_generator.state = state["rng"]
        return Progress(History(state["history"]), setup, state["step"])
    except (SafetensorError, KeyError, ValueError) as error:
        model.load_state_dict(before)
        raise ValueError(
            f"the checkpoint {path} does not fit this run ({error}); if it is damaged, delete it "
            "and train anew"
        ) from error


def steps_done(path: str | os.PathLike[str]) -> int:
    """Return how many updates a checkpoint has seen: 0 if there is none, or none that is readable.

    Whether a checkpoint is in order is for :func:`load_checkpoint` to say.
    """
    try:
        with safe_open(Path(path), framework="numpy") as file:
            return json.loads((file.metadata() or {})["minivae"])["step"]
    except (OSError, SafetensorError, KeyError, ValueError):
        return 0


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def _plain(value: Any) -> Any:
    """Let JSON take the arrays and numbers of NumPy in a generator's state."""
    return value.tolist()
