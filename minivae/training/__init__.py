"""Training: the loop, its history, checkpoints and the live display."""

from minivae.training.checkpoint import load_checkpoint, save_checkpoint, steps_done
from minivae.training.fit import TrainingInterrupted, fit, total_steps
from minivae.training.history import History

__all__ = [
    "History",
    "TrainingInterrupted",
    "fit",
    "load_checkpoint",
    "save_checkpoint",
    "steps_done",
    "total_steps",
]
