"""The small language: its words, their factors and their exact probability."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import to_codes, to_text, words, words_log_prob
from minivae.data.words import ALPHABET, CLOSINGS, CONSONANTS, LENGTH, VOWELS

# E log p = -log(2 * 2 * 3 * 4) - E[syllables] log(4 * 3)
MEAN = -np.log(48) - 3 * np.log(12)


@given(st.integers(0, 2**32))
def test_every_word_has_the_properties_that_its_factors_state(seed):
    codes, factors = words(20, np.random.default_rng(seed))
    for text, row in zip(to_text(codes, ALPHABET), factors.astype(int), strict=True):
        kind, harmony, syllables, closing = row
        body = text[: 2 * syllables]
        assert text[2 * syllables :] == CLOSINGS[closing]
        assert len(body) == 2 * syllables
        assert set(body[::2]) <= set(CONSONANTS[kind])
        assert set(body[1::2]) <= set(VOWELS[harmony])


@pytest.mark.parametrize("syllables", [2, 3])
def test_the_words_of_each_length_are_distinct_and_have_a_third_of_all_probability(syllables):
    texts = [
        "".join(pairs) + closing
        for c, v in product(CONSONANTS, VOWELS)
        for pairs in product(["".join(p) for p in product(c, v)], repeat=syllables)
        for closing in CLOSINGS
    ]
    assert len(set(texts)) == len(texts)
    log_p = words_log_prob(to_codes(texts, ALPHABET, LENGTH))
    assert np.exp(log_p).sum() == pytest.approx(1 / 3, rel=1e-10)


@pytest.mark.parametrize(
    "text", ["", "ka", "kado", "kati", "katopunuku", "ktao", "katoz", "katonn", "kat", "akot"]
)
def test_what_is_no_word_has_no_probability(text):
    codes = to_codes([text, "kato"], ALPHABET, 11)
    assert words_log_prob(codes).tolist() == [-np.inf, -np.log(48 * 144)]


def test_the_mean_log_probability_is_minus_the_entropy():
    log_p = words_log_prob(words(20_000, np.random.default_rng(0))[0])
    # log p = constant - s log 12 with s uniform on 2, 3, 4: its std is sqrt(2 / 3) log 12.
    assert abs(log_p.mean() - MEAN) < 5 * np.sqrt(2 / 3) * np.log(12) / np.sqrt(len(log_p))


def test_every_choice_is_made_uniformly_and_independently():
    n = 20_000
    codes, factors = words(n, np.random.default_rng(1))
    cells = np.zeros((2, 2, 3, 4))
    np.add.at(cells, tuple((factors - [0, 0, 2, 0]).astype(int).T), 1)
    z = (cells - n / 48) / np.sqrt(n / 48 * (1 - 1 / 48))
    assert np.all(np.abs(z) < 5)
    hard = codes[factors[:, 0] == 0]
    for column, kind in ((0, CONSONANTS[0]), (2, CONSONANTS[0])):
        shares = np.bincount(hard[:, column], minlength=len(ALPHABET))[1:5] / len(hard)
        assert len(kind) == 4
        assert np.all(np.abs(shares - 0.25) < 5 * np.sqrt(0.25 * 0.75 / len(hard)))


def test_the_longest_word_has_room_for_its_end():
    codes, factors = words(5_000, np.random.default_rng(2))
    longest = codes[(factors[:, 2] == 4) & (factors[:, 3] > 0)]
    assert len(longest)
    assert np.all(longest[:, :-1] > 0)
    assert not codes[:, -1].any()
