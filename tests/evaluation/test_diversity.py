"""Diversity of answers: what it counts, its limits, and its agreement with SciPy's entropy."""

from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from minivae.evaluation import distinct_ngrams, diversity

answers = st.lists(st.text("abc", max_size=3), min_size=1, max_size=30)


@given(answers, answers)
def test_it_is_what_counting_one_by_one_gives(given_ones, right):
    result = diversity(given_ones, right)
    kinds = []
    for answer in given_ones:
        if answer not in kinds:
            kinds.append(answer)
    told = [a for a in kinds if a in right]
    wanted = [a for i, a in enumerate(right) if a not in right[:i]]
    assert result.answers == len(given_ones)
    assert result.distinct == len(kinds)
    assert result.valid == pytest.approx(sum(a in right for a in given_ones) / len(given_ones))
    assert result.coverage == pytest.approx(len(told) / len(wanted))
    truth = scipy.stats.entropy(list(Counter(given_ones).values()))
    assert result.entropy == pytest.approx(truth, rel=1e-12, abs=1e-12)
    assert result.effective == pytest.approx(np.exp(truth), rel=1e-12)


@given(answers)
def test_the_entropy_lies_between_that_of_one_answer_and_that_of_all_different(given_ones):
    result = diversity(given_ones)
    assert 0 <= result.entropy <= np.log(result.distinct) + 1e-12
    assert result.entropy <= np.log(len(given_ones)) + 1e-12
    assert (result.valid, result.coverage) == (None, None)


@given(answers, st.randoms())
def test_neither_the_order_nor_the_names_of_answers_matter(given_ones, random):
    mixed = [answer + "x" for answer in given_ones]
    random.shuffle(mixed)
    first, second = diversity(given_ones), diversity(mixed)
    assert (first.answers, first.distinct) == (second.answers, second.distinct)
    assert first.entropy == pytest.approx(second.entropy, rel=1e-12, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20))
def test_rows_of_an_array_count_as_the_tuples_that_they_are(rows):
    right = [(0, 0), (1, 2)]
    expected = diversity(rows, right)
    assert diversity(np.array(rows), right) == expected


def test_one_answer_for_ever_has_no_entropy_and_evenly_spread_ones_have_all():
    assert diversity(["yes"] * 50).entropy == 0
    even = diversity(list("abcd") * 5, right=set("abcdefgh"))
    assert even.effective == pytest.approx(4, rel=1e-12)
    assert even.coverage == 0.5


@given(st.lists(st.text("ab", max_size=6), min_size=1, max_size=6), st.integers(1, 3))
def test_distinct_phrases_are_the_share_of_kinds_among_all_phrases(texts, n):
    windows = [t[i : i + n] for t in texts for i in range(len(t)) if i + n <= len(t)]
    if windows:
        assert distinct_ngrams(texts, n) == pytest.approx(len(set(windows)) / len(windows))
        words = [list(text) for text in texts]
        assert distinct_ngrams(words, n) == distinct_ngrams(texts, n)
    else:
        with pytest.raises(ValueError, match="no phrases"):
            distinct_ngrams(texts, n)


@pytest.mark.parametrize(("given_ones", "right"), [([], None), ([], ["a"]), (["a"], [])])
def test_without_answers_there_is_nothing_to_measure(given_ones, right):
    with pytest.raises(ValueError, match="at least one"):
        diversity(given_ones, right)


def test_phrases_of_no_words_are_refused():
    with pytest.raises(ValueError, match="n from 1 on"):
        distinct_ngrams(["ab"], 0)
