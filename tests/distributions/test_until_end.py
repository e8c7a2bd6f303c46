"""Strings of independent symbols that stop at an end symbol, against enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.distributions import Categorical, UntilEnd

seeds = st.integers(0, 2**32 - 1)


def build(seed, length=3, size=3, end=1, rows=()):
    logits = 2 * np.random.default_rng(seed).standard_normal((*rows, length, size))
    return UntilEnd(logits, end)


def strings(length=3, size=3, end=1):
    """Each string once: all after its first end symbol are end symbols."""
    every = np.array(list(product(range(size), repeat=length)))
    ended = np.cumsum(every == end, axis=1) - (every == end) > 0
    return every[np.all((every == end) | ~ended, axis=1)]


@given(seeds, st.integers(0, 2))
def test_the_probability_of_a_string_is_the_product_up_to_its_end(seed, end):
    p = build(seed, end=end)
    shares = np.exp(p.logits.data)
    shares /= shares.sum(axis=-1, keepdims=True)
    found = np.exp(p.log_prob(strings(end=end)).data)
    for row, value in zip(strings(end=end), found, strict=True):
        expected = 1.0
        for t, symbol in enumerate(row):
            expected *= shares[t, symbol]
            if symbol == end:
                break
        assert value == pytest.approx(expected, rel=1e-12)
    assert found.sum() == pytest.approx(1, rel=1e-12)


@given(seeds, st.integers(-2, 9))
def test_what_follows_the_end_does_not_count(seed, padding):
    p = build(seed)
    assert p.log_prob([2, 1, 0]).item() == p.log_prob([2, 1, padding]).item()


@given(seeds)
def test_strings_without_an_end_are_those_of_independent_symbols(seed):
    p = build(seed)
    rows = np.random.default_rng(seed).choice([0, 2], (5, 3))
    np.testing.assert_allclose(
        p.log_prob(rows).data, Categorical(p.logits).log_prob(rows).data, rtol=1e-12
    )


@given(seeds, seeds)
def test_the_divergence_is_the_sum_over_all_strings(seed, other):
    p, q = build(seed), build(other)
    log_p, log_q = p.log_prob(strings()).data, q.log_prob(strings()).data
    expected = np.sum(np.exp(log_p) * (log_p - log_q))
    assert p.kl(q).item() == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert p.kl(p).item() == pytest.approx(0, abs=1e-14)


@given(seeds)
def test_the_divergence_of_rows_is_that_of_each(seed):
    p, q = build(seed, rows=(4,)), build(seed + 1, rows=(4,))
    alone = [
        UntilEnd(a, 1).kl(UntilEnd(b, 1)).item()
        for a, b in zip(p.logits.data, q.logits.data, strict=True)
    ]
    np.testing.assert_allclose(p.kl(q).data, alone, rtol=1e-12)


@pytest.mark.parametrize("end", [0, 1, 2])
def test_draws_are_as_frequent_as_their_probabilities_and_padded_with_ends(end):
    p, every, n = build(end, end=end), strings(end=end), 20_000
    drawn = p.sample(np.random.default_rng(0), n)
    assert drawn.dtype == np.int64
    counts = (drawn[:, None] == every).all(axis=-1).sum(axis=0)
    assert counts.sum() == n
    share = np.exp(p.log_prob(every).data)
    assert np.all(np.abs(counts / n - share) <= 4.5 * np.sqrt(share * (1 - share) / n))


@given(seeds)
def test_the_gradient_of_the_log_probability_is_right(seed):
    rows = np.random.default_rng(seed).integers(0, 3, (4, 3))
    logits = build(seed, rows=(4,)).logits.data
    mv.testing.gradcheck(lambda a: UntilEnd(a, 1).log_prob(rows), logits)


def test_a_symbol_outside_the_alphabet_is_refused():
    with pytest.raises(ValueError, match="one for each of 3 classes"):
        build(0).log_prob([0, 3, 1])


def test_codes_have_no_mean_and_other_distributions_no_divergence():
    p = build(0)
    for ask in (lambda: p.mean, lambda: p.std):
        with pytest.raises(TypeError, match="names of symbols"):
            ask()
    for other in (Categorical(p.logits), UntilEnd(p.logits, 2)):
        with pytest.raises(TypeError, match="same end symbol"):
            p.kl(other)


@given(seeds)
def test_a_symbol_that_is_impossible_makes_no_value_nan(seed):
    """Nor one step that is never reached, whatever it holds."""
    possible = build(seed).logits.data
    logits = possible.copy()
    logits[1, 0] = -np.inf
    p, rows = UntilEnd(logits, 1), strings()
    with np.errstate(divide="ignore"):
        expected = np.log([np.prod(shares(p, row)) for row in rows])
    np.testing.assert_allclose(p.log_prob(rows).data, expected, rtol=1e-10, atol=1e-12)
    q = build(seed + 1)
    found = np.exp(p.log_prob(rows).data)
    ratios = np.where(found > 0, p.log_prob(rows).data - q.log_prob(rows).data, 0.0)
    assert p.kl(q).item() == pytest.approx(np.sum(found * ratios), rel=1e-9, abs=1e-12)
    possible[0] = [-np.inf, 0.0, -np.inf]  # at once: what comes later is not reached
    assert UntilEnd(possible, 1).kl(p).item() == pytest.approx(
        -p.log_prob([1, 1, 1]).item(), rel=1e-9
    )


def shares(p, row):
    """The probability of each symbol of a string, up to its end."""
    counted = row[: np.argmax(row == p.end) + 1] if p.end in row else row
    return [p.probs.data[t, symbol] for t, symbol in enumerate(counted)]


def test_strings_of_another_length_have_no_divergence():
    with pytest.raises(TypeError, match="strings of up to 3 symbols .* not of up to 1"):
        build(0).kl(build(0, length=1))


@pytest.mark.parametrize("end", [-1, 3])
def test_an_end_symbol_outside_the_alphabet_is_refused(end):
    with pytest.raises(ValueError, match=f"one of the symbols 0 ... 2, it is {end}"):
        build(0, end=end)
