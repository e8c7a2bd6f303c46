"""The IDX format of MNIST: a big-endian header that says everything, then the bytes.

======  =======================  =====================================
offset  bytes                    meaning
======  =======================  =====================================
0       ``00 00``                always zero
2       ``08``                   the numbers are unsigned bytes
3       ``k``                    number of dimensions
4       ``k`` x 4, big-endian    size of each dimension
4 + 4k  product of the sizes     the numbers, last dimension fastest
======  =======================  =====================================
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minivae.data.errors import DataError

UNSIGNED_BYTE = 0x08
MAX_DIMENSIONS = 4  # labels have one, grey images three, colour images four
MEND = "delete it and fetch a good copy"


def parse_idx(raw: bytes, name: str) -> NDArray[np.uint8]:
    """Read an array of unsigned bytes from IDX bytes, checking every field and the length.

    Parameters
    ----------
    raw : bytes
        A whole IDX file, decompressed.
    name : str
        What to call it in an error message.

    Returns
    -------
    ndarray of uint8
        A read-only view of ``raw``, in the shape that the header states (1 to 4 dimensions).

    Raises
    ------
    DataError
        If a header field is wrong, or the length is not exactly what the header states.

    References
    ----------
    LeCun, Cortes, Burges: The MNIST database of handwritten digits, "File formats".

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]), "toy")
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    if len(raw) < 4:
        raise DataError(name, f"expected an IDX header of at least 4 bytes, got {len(raw)}", MEND)
    if raw[:2] != b"\0\0":
        problem = f"expected an IDX file, which starts with bytes 00 00, got {raw[:2].hex(' ')}"
        raise DataError(name, problem, MEND)
    if raw[2] != UNSIGNED_BYTE:
        problem = f"expected IDX type code 0x08 (unsigned bytes), got 0x{raw[2]:02x}"
        raise DataError(name, problem, MEND)
    ndim = raw[3]
    if not 1 <= ndim <= MAX_DIMENSIONS:
        problem = f"expected an IDX array of 1 to {MAX_DIMENSIONS} dimensions, got {ndim}"
        raise DataError(name, problem, MEND)
    start = 4 + 4 * ndim
    if len(raw) < start:
        problem = f"expected an IDX header of {start} bytes for {ndim} sizes, got {len(raw)}"
        raise DataError(name, problem, MEND)
    shape = struct.unpack_from(f">{ndim}I", raw, 4)
    if 0 in shape:
        raise DataError(name, f"expected IDX sizes of at least 1, got {shape}", MEND)
    expected = start + math.prod(shape)
    if len(raw) != expected:
        what = "truncated" if len(raw) < expected else "oversized"
        problem = f"{what}: expected {expected} bytes for IDX sizes {shape}, got {len(raw)}"
        raise DataError(name, problem, MEND)
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def read_gz(path: Path) -> bytes:
    """Decompress a gzip file whole.

    Raises
    ------
    DataError
        If the file cannot be read, is no gzip file, ends early or is damaged.
    """
    try:
        packed = path.read_bytes()
        raw = zlib.decompressobj(wbits=31)  # one gzip member
        content = raw.decompress(packed)
        if not raw.eof:
            raise EOFError
        if raw.unused_data:
            extra = len(raw.unused_data)
            raise DataError(str(path), f"oversized: {extra} bytes follow its gzip data", MEND)
        return content
    except EOFError:
        raise DataError(str(path), "truncated: its gzip data end early", MEND) from None
    except zlib.error as error:
        problem = f"not a gzip file, or a damaged one ({error})"
        raise DataError(str(path), problem, MEND) from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DataError(str(path), problem, "check the path and its permissions") from None


def read_idx_gz(path: str | Path) -> NDArray[np.uint8]:
    """Read an IDX file compressed with gzip.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    ndarray of uint8
        Read-only, as from :func:`parse_idx`.

    Raises
    ------
    DataError
        If the file cannot be read, or anything in it is not as the format states.

    Examples
    --------
    >>> import gzip, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.gz")
    ...     _ = path.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])))
    ...     read_idx_gz(path)
    array([7, 2, 1], dtype=uint8)
    """
    return parse_idx(read_gz(Path(path)), str(path))
