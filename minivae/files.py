"""Writing files so that nobody ever sees one half done, whenever the process is killed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Replace ``path`` by ``content`` in one step: readers see the old file or the new one.

    The content goes to a temporary file in the same folder, is flushed to the disk, and is then
    renamed, which file systems do as a whole.

    Raises
    ------
    OSError
        If the folder cannot be written; the old file is then still there.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        _replace(path, data)
    except OSError as error:  # name what was to be written, not the temporary file
        raise OSError(error.errno, error.strerror, str(path)) from error


def to_json(content: Any) -> str:
    """Return JSON, NumPy's numbers and arrays written as the plain numbers and lists they hold."""
    return json.dumps(content, default=lambda array: array.tolist())


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
