"""Optimisers: ``loss.backward(); opt.step()``."""

from minivae.optim.methods import SGD, Adagrad, Adam
from minivae.optim.optimizer import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "Optimizer"]
