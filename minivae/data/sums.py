"""One prompt, many right answers: a number, and the sums that make it.

Asked for 7, one may say ``3+4``, ``7+0`` or ``1+5+1``. A model without a latent variable that must
give one answer gives the same dull one for ever; how many of the right ones a model gives can be
counted here, because all of them are known.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split
from minivae.data.text import to_codes

TOTALS = 10
ALPHABET = ".0123456789+"
LENGTH = 6  # a+b+c and the end
TRAIN, TEST = 8_000, 2_000


@functools.cache
def sums_of(total: int) -> tuple[str, ...]:
    """List all sums of two or three digits that make ``total``.

    There are (total + 1) of two digits and (total + 1)(total + 2) / 2 of three.

    Parameters
    ----------
    total : int
        0 to 9.

    Raises
    ------
    ValueError
        If ``total`` is not one of them.

    Examples
    --------
    >>> sums_of(1)
    ('0+1', '1+0', '0+0+1', '0+1+0', '1+0+0')
    """
    if not 0 <= total < TOTALS:
        raise ValueError(f"sums_of: expected a total from 0 to {TOTALS - 1}, got {total}")
    two = [f"{a}+{total - a}" for a in range(total + 1)]
    three = [f"{a}+{b}+{total - a - b}" for a in range(total + 1) for b in range(total + 1 - a)]
    return (*two, *three)


def sums(n: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw totals uniformly, and for each one of its sums uniformly.

    So p(answer | total) is one over the number of right answers, and the best possible model of
    the answers loses log(len(sums_of(total))) nats.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    codes : ndarray of int64, shape (n, 6)
        One answer a row, with 0 from its end on.
    labels : ndarray of int64, shape (n,)
        The total that each makes: the prompt.

    Examples
    --------
    >>> from minivae.data import to_text
    >>> codes, labels = sums(2, np.random.default_rng(0))
    >>> to_text(codes, ALPHABET), labels
    (['0+5+3', '1+5'], array([8, 6]))
    """
    labels = rng.integers(0, TOTALS, n)
    places = rng.random(n)
    texts = [
        answers[int(place * len(answers))]
        for place, answers in zip(places, map(sums_of, labels.tolist()), strict=True)
    ]
    return to_codes(texts, ALPHABET, LENGTH), labels


def load_sums() -> Dataset:
    """Load 10,000 sums with their totals as labels, 8,000 of them for training.

    Examples
    --------
    >>> load_sums()
    Dataset('sums', train=(8000, 6), test=(2000, 6), alphabet='.0123456789+')
    """
    codes, labels = sums(TRAIN + TEST, np.random.default_rng(SEED))
    source = "drawn by minivae: sums of two or three digits"
    return split("sums", codes, TRAIN, source=source, labels=labels, alphabet=ALPHABET)
