"""Evaluation: the bound on data that training never saw, and what it is to be compared with."""

from minivae.evaluation.baseline import ignorant_log_prob
from minivae.evaluation.bound import Score, evaluate

__all__ = ["Score", "evaluate", "ignorant_log_prob"]
