"""One prompt, many right answers, all of them known."""

from itertools import product

import numpy as np
import pytest

from minivae.data import sums, sums_of, to_text
from minivae.data.sums import ALPHABET, LENGTH


def value(text):
    return sum(int(digit) for digit in text.split("+"))


@pytest.mark.parametrize("total", range(10))
def test_the_answers_to_a_total_are_all_sums_of_two_or_three_digits_that_make_it(total):
    everything = ["+".join(d) for k in (2, 3) for d in product("0123456789", repeat=k)]
    right = [text for text in everything if value(text) == total]
    assert sorted(sums_of(total)) == sorted(right)
    assert len(right) == (total + 1) + (total + 1) * (total + 2) // 2


@pytest.mark.parametrize("total", [-1, 10])
def test_other_totals_are_refused(total):
    with pytest.raises(ValueError, match=f"a total from 0 to 9, got {total}"):
        sums_of(total)


def test_every_total_and_each_of_its_answers_is_equally_likely():
    n = 50_000
    codes, labels = sums(n, np.random.default_rng(0))
    assert codes.shape == (n, LENGTH)
    assert not codes[:, -1].any()
    texts = np.array(to_text(codes, ALPHABET))
    for total in range(10):
        given = texts[labels == total]
        assert abs(len(given) - n / 10) < 5 * np.sqrt(n * 0.1 * 0.9)
        p = 1 / len(sums_of(total))
        for answer in sums_of(total):
            share = np.mean(given == answer)
            assert abs(share - p) <= 5 * np.sqrt(p * (1 - p) / len(given))
        assert set(given) <= set(sums_of(total))
