"""Figures as files: pixels for slides and pages, vectors for print."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from minivae.files import write_atomically
from minivae.viz.style import house_style

_FORMATS: dict[str, dict[str, Any]] = {  # no dates and no versions: same figure, same bytes
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}


def save(figure: Figure, path_without_suffix: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write a figure as ``.png`` (200 dots per inch) and as ``.svg``, each file atomically.

    The same figure gives the same bytes, with the same versions of matplotlib and its libraries.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    path_without_suffix : path-like
        Folder and stem: ``"run/loss"`` makes ``run/loss.png`` and ``run/loss.svg``.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    ValueError
        If the path already ends in one of the two suffixes.
    OSError
        If the folder is not there or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save(Figure(), f"{folder}/empty")]
    ['empty.png', 'empty.svg']
    """
    stem = Path(path_without_suffix)
    if stem.suffix.lower() in (".png", ".svg"):
        raise ValueError(
            f"save: both a .png and a .svg are written; pass {str(stem.with_suffix(''))!r}, "
            f"without the suffix {stem.suffix!r}"
        )
    return _write(figure, stem, "png"), _write(figure, stem, "svg")


def _write(figure: Figure, stem: Path, kind: str) -> Path:
    path = stem.with_name(f"{stem.name}.{kind}")
    content = io.BytesIO()
    with house_style():
        figure.savefig(content, format=kind, dpi=200, metadata=_FORMATS[kind])
    write_atomically(path, content.getvalue())
    return path
