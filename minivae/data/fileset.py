"""Files that lie in a folder of the user's or come from the network, checked by digest.

A file enters the cache by one atomic rename, after its digest was checked; so whatever happens
during a download, what lies in the cache under its right name is a good file.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minivae.data.errors import DataError
from minivae.data.idx import MEND, parse_idx, read_gz

CONNECT_READ_TIMEOUT = (10, 30)  # seconds


@dataclass(frozen=True)
class FileSet:
    """Files compressed with gzip, and all that is needed to find, fetch and check them.

    Attributes
    ----------
    name : str
        The folder that holds them, inside ``MINIVAE_DATA`` or inside the cache.
    digests : mapping of str to str
        File name to the MD5 of its decompressed bytes.
    mirrors : sequence of str
        Addresses of folders that serve the files, tried in order.

    Examples
    --------
    >>> toy = FileSet("toy", {"a.gz": "0cc175b9c0f1b6a831c399e269772661"}, mirrors=())
    >>> toy.folder().name, toy.missing()
    ('toy', ['a.gz'])
    """

    name: str
    digests: Mapping[str, str]
    mirrors: Sequence[str]

    def folder(self) -> Path:
        """Say where the files lie, or would lie: ``MINIVAE_DATA`` if it is set, else the cache."""
        given = os.environ.get("MINIVAE_DATA")
        if given:
            return Path(given).expanduser() / self.name
        import pooch

        return Path(pooch.os_cache("minivae")) / self.name

    def missing(self) -> list[str]:
        """List the files that are not in the folder."""
        folder = self.folder()
        return [filename for filename in self.digests if not (folder / filename).is_file()]

    def fetch(self, *, mirrors: Sequence[str] | None = None) -> Path:
        """Download into the cache what is missing, and return the folder.

        Parameters
        ----------
        mirrors : sequence of str, optional
            Addresses to use instead of ``self.mirrors``.

        Raises
        ------
        DataError
            If no mirror gives a file with the right digest, the cache cannot be written, or a
            file is missing in the folder that ``MINIVAE_DATA`` names (nothing is written there).
        """
        folder = self.folder()
        for filename in self.missing():
            if os.environ.get("MINIVAE_DATA"):
                mend = "put it there, or unset MINIVAE_DATA to download it"
                raise DataError(str(folder / filename), "no such file", mend)
            self._download(filename, folder, self.mirrors if mirrors is None else mirrors)
        return folder

    def read_idx(self, filename: str) -> NDArray[np.uint8]:
        """Read one of the files, which must be an IDX file, and check its digest.

        Raises
        ------
        DataError
            If the file is unreadable, damaged, or not the one with the stated digest.
        """
        path = self.folder() / filename
        raw = read_gz(path)
        array = parse_idx(raw, str(path))
        self._check_digest(filename, raw, str(path))
        return array

    def _check_digest(self, filename: str, raw: bytes, name: str) -> None:
        got, expected = hashlib.md5(raw, usedforsecurity=False).hexdigest(), self.digests[filename]
        if got != expected:
            raise DataError(name, f"expected MD5 {expected} of its contents, got {got}", MEND)

    def _download(self, filename: str, folder: Path, mirrors: Sequence[str]) -> None:
        import pooch

        get = pooch.HTTPDownloader(timeout=CONNECT_READ_TIMEOUT, chunk_size=1 << 16)
        failures = []
        for mirror in mirrors:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as scratch:
                    path = Path(scratch, filename)
                    get(f"{mirror.rstrip('/')}/{filename}", str(path), None)
                    self._check_digest(filename, read_gz(path), mirror)
                    os.replace(path, folder / filename)
                return
            except DataError as error:
                failures.append(f"{mirror}: {error.problem}")
            except OSError as error:  # what requests raises is an OSError too
                failures.append(f"{mirror}: {_reason(error)}")
        raise DataError(
            filename,
            f"cannot be downloaded into {folder} ({'; '.join(failures) or 'no mirrors'})",
            f"connect to the network, or put {', '.join(self.digests)} in a folder "
            f"DIR/{self.name} and set MINIVAE_DATA=DIR",
        )


def _reason(error: OSError) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"{response.status_code} {response.reason}"
    return error.strerror or type(error).__name__
