"""Diversity: how many of the right answers a model gives, and how evenly.

Asked the same question again, a person gives several answers. A model without a latent variable
that gives its likeliest answer gives one for ever, and of continuous answers the mean of all,
which may be none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Diversity:
    """What answers to one question are like.

    Attributes
    ----------
    answers : int
        How many were given.
    distinct : int
        How many different ones are among them.
    entropy : float
        -Σ_a f_a log f_a of their frequencies f, in nats: from 0 where all are the same to
        log(answers) where all differ. In expectation it lies below the entropy of the model's
        answers, as no n answers can tell of more than log n.
    valid : float or None
        The share of right ones; None where it is not known which are right.
    coverage : float or None
        The share of the right ones, out of all there are, that were given at least once.
    """

    answers: int
    distinct: int
    entropy: float
    valid: float | None = None
    coverage: float | None = None

    @property
    def effective(self) -> float:
        """The number of equally frequent answers that would have this entropy, e^entropy."""
        return float(np.exp(self.entropy))


def diversity(answers: Any, right: Collection[Hashable] | None = None) -> Diversity:
    """Measure the diversity of answers to one question.

    Parameters
    ----------
    answers : sequence of hashable, or ndarray (n, T)
        The answers: texts, or rows of codes, each a tuple then.
    right : collection, optional
        All right answers, in the same form.

    Returns
    -------
    Diversity

    Raises
    ------
    ValueError
        If there are no answers, or an empty collection of right ones.

    Examples
    --------
    >>> result = diversity(["3+4", "7+0", "3+4", "9+9"], right=["3+4", "4+3", "7+0", "0+7"])
    >>> result.distinct, result.valid, result.coverage
    (3, 0.75, 0.5)
    """
    answers = _hashable(answers)
    if not answers or (right is not None and not right):
        raise ValueError(
            "diversity: there must be at least one answer, and one right answer if any are given; "
            f"there are {len(answers)} and {'some' if right is None or right else 0}"
        )
    counts = Counter(answers)
    shares = np.array(list(counts.values())) / len(answers)
    entropy = float(np.sum(shares * np.log(1 / shares)))
    if right is None:
        return Diversity(len(answers), len(counts), entropy)
    wanted = set(_hashable(right))
    valid = sum(count for answer, count in counts.items() if answer in wanted) / len(answers)
    coverage = len(wanted & counts.keys()) / len(wanted)
    return Diversity(len(answers), len(counts), entropy, valid, coverage)


def distinct_ngrams(texts: Sequence[Sequence[Hashable]], n: int) -> float:
    """Return the share of different ones among all n-grams of the texts: "distinct-n".

    1 where none occurs twice, near 0 where a few phrases are said again and again. It falls with
    the amount of text, so that only equal amounts compare.

    Source: Li et al. 2016, A diversity-promoting objective function, section 5.3.

    Parameters
    ----------
    texts : sequence of sequences
        Texts, or lists of words.
    n : int
        Length of a phrase.

    Raises
    ------
    ValueError
        If ``n`` is less than 1, or no text is as long.

    Examples
    --------
    >>> distinct_ngrams(["abab", "ab"], 2)  # ab, ba, ab; ab
    0.5
    """
    grams = [tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1)]
    if n < 1 or not grams:
        raise ValueError(f"distinct_ngrams: there are no phrases of n = {n}; take n from 1 on")
    return len(set(grams)) / len(grams)


def _hashable(answers: Any) -> list[Hashable]:
    """Return answers as a list, rows of an array as tuples."""
    if isinstance(answers, np.ndarray) and answers.ndim > 1:
        return [tuple(row) for row in answers.reshape(len(answers), -1).tolist()]
    return list(answers)
