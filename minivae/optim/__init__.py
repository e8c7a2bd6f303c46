"""Optimisers, ``loss.backward(); opt.step()``, and schedules of the numbers that they take."""

from minivae.optim.methods import SGD, Adagrad, Adam
from minivae.optim.optimizer import Optimizer
from minivae.optim.schedules import Schedule, cyclical, staircase, warm_up

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "Optimizer",
    "Schedule",
    "cyclical",
    "staircase",
    "warm_up",
]
