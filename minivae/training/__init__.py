"""Training: the loop, its history, checkpoints and the live display."""

from minivae.training.adversarial import Players, adversarial_update
from minivae.training.checkpoint import load_checkpoint, save_checkpoint
from minivae.training.fit import TrainingInterrupted, fit, setup_of, total_steps
from minivae.training.history import History

__all__ = [
    "History",
    "Players",
    "TrainingInterrupted",
    "adversarial_update",
    "fit",
    "load_checkpoint",
    "save_checkpoint",
    "setup_of",
    "total_steps",
]
