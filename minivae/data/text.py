"""Strings as rows of codes, all of one length, and back.

An alphabet is a string of distinct symbols; a symbol's code is its place in it. ``alphabet[0]``
ends a string, and fills what is left of the row: padding is the end, said again.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_codes(texts: Sequence[str], alphabet: str, length: int) -> NDArray[np.int64]:
    """Write each text as a row of codes that ends with the end symbol.

    Parameters
    ----------
    texts : sequence of str
        Texts of at most ``length - 1`` symbols, so that each row has room for the end.
    alphabet : str
        Distinct symbols; the first is the end and occurs in no text.
    length : int
        Codes in a row.

    Returns
    -------
    ndarray of int64, shape (len(texts), length)
        The codes, with 0 from the end of the text on.

    Raises
    ------
    ValueError
        If a text is too long or has a symbol that it cannot have, or the alphabet has one twice.

    Examples
    --------
    >>> to_codes(["ab", "b"], alphabet=".ab", length=4)
    array([[1, 2, 0, 0],
           [2, 0, 0, 0]])
    """
    if len(set(alphabet)) != len(alphabet):
        raise ValueError(f"to_codes: expected distinct symbols in the alphabet, got {alphabet!r}")
    code = {symbol: i for i, symbol in enumerate(alphabet)}
    rows = np.zeros((len(texts), length), np.int64)
    for row, text in zip(rows, texts, strict=True):
        if len(text) >= length:
            raise ValueError(
                f"to_codes: expected texts of at most {length - 1} symbols and an end, "
                f"got {text!r} of {len(text)}; raise length"
            )
        wrong = set(text) - set(alphabet[1:])
        if wrong:
            raise ValueError(
                f"to_codes: expected symbols of {alphabet[1:]!r}, got {min(wrong)!r} in {text!r}"
            )
        row[: len(text)] = [code[symbol] for symbol in text]
    return rows


def to_text(codes: NDArray[np.integer[Any]], alphabet: str) -> list[str]:
    """Read rows of codes up to the end symbol of each; a row without one is read whole.

    Parameters
    ----------
    codes : ndarray of int, shape (n, length)
        Codes, 0 to ``len(alphabet) - 1``.
    alphabet : str
        The symbols; the first is the end.

    Returns
    -------
    list of str
        One text for each row.

    Raises
    ------
    ValueError
        If ``codes`` are no rows of integers, or one has no symbol.

    Examples
    --------
    >>> to_text(np.array([[1, 2, 0, 0], [2, 2, 2, 2]]), alphabet=".ab")
    ['ab', 'bbbb']
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or not np.issubdtype(codes.dtype, np.integer):
        raise ValueError(
            f"to_text: expected integer codes of shape (n, length), got {codes.dtype} of shape "
            f"{codes.shape}"
        )
    if codes.size and not (codes.min() >= 0 and codes.max() < len(alphabet)):
        raise ValueError(
            f"to_text: expected codes from 0 to {len(alphabet) - 1}, got values from "
            f"{codes.min()} to {codes.max()}; is this the alphabet of these data?"
        )
    return ["".join(alphabet[i] for i in row).partition(alphabet[0])[0] for row in codes]
