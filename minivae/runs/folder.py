"""The run folder: where a run keeps its settings, checkpoint, metrics, weights and figures."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from minivae.files import write_atomically
from minivae.models import Model, load
from minivae.runs.settings import Settings

_SETTINGS = "settings.json"


class RunFolder:
    """The files of a run.

    ``settings.json``, ``checkpoint.safetensors``, ``metrics.csv``, ``model.safetensors`` (once the
    run is complete), ``summary.json`` and ``figures/``.

    Parameters
    ----------
    path : path-like
        The folder of a run.

    Raises
    ------
    ValueError
        If it is none, or its settings are damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.exists(self.path):
            what = "is no run (it has no settings.json)" if self.path.exists() else "does not exist"
            raise ValueError(f"{self.path} {what}; give the folder that 'minivae train' wrote")
        try:
            self.settings = Settings.from_json((self.path / _SETTINGS).read_text())
        except ValueError as error:
            raise ValueError(
                f"{self.path / _SETTINGS} is damaged ({error}); train another run"
            ) from error

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Tell whether there is a run at ``path``."""
        return (Path(path) / _SETTINGS).is_file()

    @classmethod
    def check_free(cls, path: Path) -> None:
        """Refuse a place that holds something already.

        Raises
        ------
        ValueError
            If ``path`` is there, other than as an empty folder.
        """
        if cls.exists(path):
            raise ValueError(
                f"{path} holds a run already; add --resume to go on with it, or choose another "
                "folder with --out"
            )
        if path.is_dir() and any(path.iterdir()):
            raise ValueError(f"{path} holds other files; choose another folder with --out")
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file; choose a folder with --out")

    @classmethod
    def open(cls, path: str | os.PathLike[str], settings: Settings) -> RunFolder:
        """Open a run's folder with these settings; make it if there is none.

        A new folder appears in one step: it never exists without its settings.

        Raises
        ------
        ValueError
            If the place holds other files, or nothing can be written there.
        """
        path = Path(path)
        if cls.exists(path):
            for leftover in path.rglob(".*.tmp"):  # of a process that was killed while writing
                leftover.unlink()
            if cls(path).settings != settings:
                write_atomically(path / _SETTINGS, settings.to_json())
            return cls(path)
        cls.check_free(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        except OSError as error:
            raise ValueError(
                f"{path} cannot be made ({error.strerror}); choose another folder with --out"
            ) from error
        try:
            scratch.chmod(0o755)
            write_atomically(scratch / _SETTINGS, settings.to_json())
            os.replace(scratch, path)  # onto nothing, or onto an empty folder
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        return cls(path)

    @property
    def checkpoint(self) -> Path:
        """All that decides how training goes on."""
        return self.path / "checkpoint.safetensors"

    @property
    def metrics(self) -> Path:
        """The history of the epochs as a table."""
        return self.path / "metrics.csv"

    @property
    def weights(self) -> Path:
        """The trained model."""
        return self.path / "model.safetensors"

    @property
    def summary(self) -> Path:
        """The final figures."""
        return self.path / "summary.json"

    @property
    def figures(self) -> Path:
        """The folder of the figures, made if it is not there."""
        folder = self.path / "figures"
        folder.mkdir(exist_ok=True)
        return folder

    def model(self) -> Model:
        """Load the trained model.

        Raises
        ------
        ValueError
            If the run is not complete, or the file is damaged.
        """
        if not self.weights.is_file():
            raise ValueError(
                f"{self.path} is not complete: it has no {self.weights.name} yet; "
                f"finish it with: minivae train --resume {self.path}"
            )
        return load(self.weights)


def free_place(parent: Path, name: str) -> Path:
    """Return parent/name, or parent/name-2, parent/name-3, ... if that is taken."""
    number, path = 1, parent / name
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path


def newest_run(parent: Path) -> Path:
    """Return the run in ``parent`` that changed last.

    Raises
    ------
    ValueError
        If there is none.
    """
    runs = [path.parent for path in parent.glob(f"[!.]*/{_SETTINGS}")]
    if not runs:
        raise ValueError(f"there is no run in {parent} to resume; start one with: minivae train")
    return max(runs, key=lambda run: max(file.stat().st_mtime for file in run.iterdir()))
