"""Runs: settings in, a folder with everything out. What the commands of ``minivae`` call."""

from minivae.runs.folder import RunFolder, free_place, newest_run
from minivae.runs.job import Summary, open_run, train
from minivae.runs.measure import bound, log_probs, sample
from minivae.runs.pieces import RunData, load_data
from minivae.runs.settings import Settings

__all__ = [
    "RunData",
    "RunFolder",
    "Settings",
    "Summary",
    "bound",
    "free_place",
    "load_data",
    "log_probs",
    "newest_run",
    "open_run",
    "sample",
    "train",
]
