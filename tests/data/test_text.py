"""Strings as codes and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import to_codes, to_text

ALPHABET = ".abc"
texts = st.lists(st.text("abc", max_size=6), max_size=8)


@given(texts, st.integers(7, 9))
def test_codes_read_back_as_the_texts(texts, length):
    codes = to_codes(texts, ALPHABET, length)
    assert codes.shape == (len(texts), length)
    assert codes.dtype == np.int64
    assert to_text(codes, ALPHABET) == texts


@given(texts)
def test_a_row_is_its_symbols_and_then_ends_for_ever(texts):
    for row, text in zip(to_codes(texts, ALPHABET, 7), texts, strict=True):
        assert [ALPHABET[code] for code in row] == list(text.ljust(7, "."))


@given(texts, st.integers(0, 2**32))
def test_what_follows_the_end_is_not_read(texts, seed):
    codes = to_codes(texts, ALPHABET, 9)
    after = np.cumsum(codes == 0, axis=1) > 1
    noise = np.random.default_rng(seed).integers(0, 4, codes.shape)
    assert to_text(np.where(after, noise, codes), ALPHABET) == texts


def test_a_row_without_an_end_is_read_whole():
    assert to_text(np.array([[1, 2, 3]]), ALPHABET) == ["abc"]


@pytest.mark.parametrize(
    ("text", "alphabet", "says"),
    [
        ("abca", ALPHABET, "at most 3 symbols and an end, got 'abca' of 4"),
        ("abz", ALPHABET, "expected symbols of 'abc', got 'z' in 'abz'"),
        ("a.b", ALPHABET, r"got '\.' in 'a\.b'"),
        ("a", ".aa", "distinct symbols"),
    ],
)
def test_texts_that_have_no_codes_are_refused(text, alphabet, says):
    with pytest.raises(ValueError, match=says):
        to_codes([text], alphabet, 4)


@pytest.mark.parametrize("codes", [np.zeros(3, int), np.zeros((2, 3))])
def test_what_are_no_rows_of_codes_is_refused(codes):
    with pytest.raises(ValueError, match="integer codes of shape"):
        to_text(codes, ALPHABET)


@pytest.mark.parametrize("code", [-1, 4])
def test_codes_of_another_alphabet_are_refused(code):
    with pytest.raises(ValueError, match="expected codes from 0 to 3"):
        to_text(np.array([[0, code]]), ALPHABET)
