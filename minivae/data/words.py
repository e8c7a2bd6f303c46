"""Pronounceable words of a small language whose grammar, and so whose entropy, is known exactly.

A word is 2 to 4 syllables of a consonant and a vowel, and perhaps a closing consonant:
``katopun``, ``gezybir``. Two of its properties hold for all its syllables, so that a symbol tells
of symbols far from it: the *consonants* are all hard (p t k s) or all soft (b d g z), the *vowels*
all front (e i y) or all back (a o u), as in Finnish or Turkish.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split
from minivae.data.text import to_codes, to_text

CONSONANTS = ("ptks", "bdgz")
VOWELS = ("eiy", "aou")
CLOSINGS = ("", "n", "r", "l")
SYLLABLES = (2, 3, 4)
ALPHABET = "." + "".join(CONSONANTS) + "".join(VOWELS) + "".join(CLOSINGS)
LENGTH = 2 * max(SYLLABLES) + 2  # the closing consonant and the end
FACTORS = ("consonants", "vowels", "syllables", "closing")
TRAIN, TEST = 8_000, 2_000

# Every choice is uniform: a word's probability is one over the number of choices of its kind.
_FORMS = len(CONSONANTS) * len(VOWELS) * len(SYLLABLES) * len(CLOSINGS)
_PER_SYLLABLE = len(CONSONANTS[0]) * len(VOWELS[0])
_WORD = re.compile("|".join(f"(?:[{c}][{v}]){{2,4}}[nrl]?" for c in CONSONANTS for v in VOWELS))


def words(n: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Draw words, every choice of the grammar uniformly.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    codes : ndarray of int64, shape (n, 10)
        One word a row, with 0 from its end on.
    factors : ndarray of float32, shape (n, 4)
        Hard (0) or soft (1) consonants; front (0) or back (1) vowels; 2, 3 or 4 syllables;
        closing consonant none (0), n (1), r (2), l (3).

    Examples
    --------
    >>> codes, factors = words(3, np.random.default_rng(0))
    >>> to_text(codes, ALPHABET)
    ['gigyl', 'gygyr', 'dezyl']
    """
    kind = rng.integers(0, len(CONSONANTS), n)
    harmony = rng.integers(0, len(VOWELS), n)
    syllables = rng.choice(SYLLABLES, n)
    closing = rng.integers(0, len(CLOSINGS), n)
    consonants = rng.integers(0, len(CONSONANTS[0]), (n, max(SYLLABLES)))
    vowels = rng.integers(0, len(VOWELS[0]), (n, max(SYLLABLES)))
    texts = []
    for i in range(n):
        pairs = zip(consonants[i, : syllables[i]], vowels[i], strict=False)
        body = (CONSONANTS[kind[i]][c] + VOWELS[harmony[i]][v] for c, v in pairs)
        texts.append("".join(body) + CLOSINGS[closing[i]])
    factors = np.stack([kind, harmony, syllables, closing], axis=1, dtype=np.float32)
    return to_codes(texts, ALPHABET, LENGTH), factors


def words_log_prob(codes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Evaluate the exact log-probability of each row under the grammar, in nats.

    With 2 kinds of consonants, 2 of vowels, 3 lengths and 4 closings, and 4 consonants and 3
    vowels to choose from in each of the s syllables::

        log p = -log(2 * 2 * 3 * 4) - s log(4 * 3)

    Its mean over drawn words is what the best possible model reaches:
    -log 48 - 3 log 12 = -11.33 nats a word.

    Parameters
    ----------
    codes : ndarray of int, shape (n, length)
        Rows of codes of :data:`ALPHABET`, read up to the end symbol.

    Returns
    -------
    ndarray of float64, shape (n,)
        Nats for each row, -inf for what is no word.

    Examples
    --------
    >>> words_log_prob(to_codes(["kato", "kado"], ALPHABET, LENGTH)).round(3)
    array([-8.841,   -inf])
    """
    texts = to_text(codes, ALPHABET)
    syllables = np.array([len(text) // 2 if _WORD.fullmatch(text) else np.inf for text in texts])
    return -np.log(_FORMS) - syllables * np.log(_PER_SYLLABLE)


def load_words() -> Dataset:
    """Load 10,000 words, 8,000 of them for training.

    Examples
    --------
    >>> strings = load_words()
    >>> strings.train.shape, strings.alphabet
    ((8000, 10), '.ptksbdgzeiyaounrl')
    """
    codes, factors = words(TRAIN + TEST, np.random.default_rng(SEED))
    return split(
        "strings",
        codes,
        TRAIN,
        source="drawn by minivae: words of a small grammar",
        factors=factors,
        names=FACTORS,
        discrete=FACTORS,
        alphabet=ALPHABET,
    )
