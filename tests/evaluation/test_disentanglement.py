"""Scores of disentanglement: 1 where every factor has a dimension of its own, 0 where none has."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import entr
from sklearn.metrics import mutual_info_score

from minivae.evaluation import dci, disentanglement, mutual_information_gap, separated_attributes

RNG = np.random.default_rng(0)
SEEDS = st.integers(0, 2**32 - 1)
SCORES = [mutual_information_gap, separated_attributes]
GRID = np.stack(np.meshgrid(range(3), range(4), range(2)), axis=-1).reshape(-1, 3)  # factors


def scales(rng, d):
    return rng.uniform(0.5, 3, d) * rng.choice([-1, 1], d)


@pytest.mark.parametrize("score", SCORES)
@given(seed=SEEDS)
def test_one_dimension_for_each_factor_scores_one(score, seed):
    """In any order, of any sign and scale, beside a dimension that holds nothing."""
    rng = np.random.default_rng(seed)
    codes = np.c_[GRID * scales(rng, 3), np.zeros(len(GRID))][:, rng.permutation(4)]
    assert score(codes, GRID).score == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
@given(seed=SEEDS)
def test_a_copy_of_every_dimension_scores_zero(score, seed):
    rng = np.random.default_rng(seed)
    codes = rng.standard_normal((40, 3)) + rng.integers(3, size=(40, 3))
    factors = np.c_[rng.integers(3, size=40), rng.standard_normal(40)]
    assert score(np.c_[codes, -2 * codes], factors).score == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
@given(seed=SEEDS)
def test_order_sign_and_scale_of_the_dimensions_do_not_matter(score, seed):
    rng = np.random.default_rng(seed)
    codes, order = rng.standard_normal((60, 3)), rng.permutation(3)
    factors = np.c_[codes[:, 0] + rng.standard_normal(60), rng.integers(3, size=60)]
    plain = score(codes, factors)
    changed = score((codes * scales(rng, 3))[:, order], factors)
    np.testing.assert_allclose(changed.per_factor, plain.per_factor, atol=1e-10)
    np.testing.assert_allclose(changed.table, plain.table[order], atol=1e-10)


@given(SEEDS)
def test_the_gap_does_not_change_under_any_increasing_map_of_a_dimension(seed):
    rng = np.random.default_rng(seed)
    codes = rng.standard_normal((60, 2))
    factors = np.c_[codes @ [1.0, 0.3], rng.integers(4, size=60)]
    bent = np.c_[np.exp(codes[:, 0]), codes[:, 1] ** 3]
    plain, changed = (mutual_information_gap(c, factors) for c in (codes, bent))
    np.testing.assert_allclose(changed.table, plain.table, atol=1e-12)


@given(SEEDS)
def test_informations_are_those_of_the_counts(seed):
    rng = np.random.default_rng(seed)
    codes, factors = rng.integers(5, size=(50, 2)), rng.integers(3, size=(50, 2))
    factors[:3, :] = np.arange(3)[:, None]  # none constant
    gap = mutual_information_gap(codes, factors)
    for i in range(2):
        for j in range(2):
            truth = mutual_info_score(codes[:, i], factors[:, j])
            assert gap.table[i, j] == pytest.approx(truth, abs=1e-12)
    h = [entr(np.bincount(v) / 50).sum() for v in factors.T]
    np.testing.assert_allclose(gap.per_factor, np.abs(gap.table[0] - gap.table[1]) / h, atol=1e-12)
    assert gap.score == pytest.approx(gap.per_factor.mean())


def test_continuous_factors_are_cut_at_their_quantiles():
    """A copy of a continuous factor tells log 20 of its 20 bins, and the other next to nothing."""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((20_000, 2))
    gap = mutual_information_gap(np.exp(factors), factors)
    np.testing.assert_allclose(np.diag(gap.table), np.log(20), atol=1e-12)
    bias = 19**2 / (2 * 20_000)  # of counted frequencies; χ² has standard deviation bias √(2/361)
    assert gap.table[0, 1] == pytest.approx(bias, abs=4.5 * bias * np.sqrt(2 / 361))


@given(st.floats(0, 1), SEEDS)
@settings(max_examples=20)
def test_squared_correlations_are_numpys(mix, seed):
    rng = np.random.default_rng(seed)
    codes = rng.standard_normal((50, 2))
    v = mix * codes[:, 0] + rng.standard_normal(50)
    table = separated_attributes(codes, v).table
    expected = [np.corrcoef(z, v)[0, 1] ** 2 for z in codes.T]
    np.testing.assert_allclose(table[:, 0], expected, atol=1e-10)


@pytest.mark.parametrize("score", [*SCORES, lambda c, f: _disentanglement(c, f)])
def test_mixing_the_dimensions_lowers_the_score(score):
    """Two factors turned by an angle: the score falls from 0 to 45 degrees."""
    rng = np.random.default_rng(0)
    factors = rng.uniform(-1, 1, (1500, 2))
    scores = []
    for degrees in (0, 15, 30, 45):
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        found = score(factors @ [[c, -s], [s, c]], factors)
        scores.append(getattr(found, "score", found))
    assert all(a > b + 0.05 for a, b in pairwise(scores)), scores
    assert scores[0] > 0.9
    assert scores[-1] < 0.15


def _disentanglement(codes, factors):
    return dci(codes, factors, rng=np.random.default_rng(1)).disentanglement


def test_forests_find_which_dimension_serves_which_factor():
    rng = np.random.default_rng(0)
    factors = np.c_[rng.integers(4, size=800), rng.standard_normal(800)]
    codes = np.c_[factors[:, 1], rng.standard_normal(800), factors[:, 0]]
    found = dci(codes, factors, rng=rng)
    assert found.importance.argmax(axis=0).tolist() == [2, 0]
    for value in (found.disentanglement, found.completeness, found.informativeness):
        assert 0.95 < value <= 1
    again = [dci(codes, factors, rng=np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(again[0].importance, again[1].importance)


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(0, 1)).filter(lambda a: a.sum() > 0.1))
def test_rows_and_columns_weigh_as_much_as_they_are_used(weights):
    used = weights.sum(axis=1) > 0
    sharp = 1 - scipy.stats.entropy(weights[used], base=3, axis=1)
    expected = np.average(sharp, weights=weights[used].sum(axis=1))
    assert disentanglement._concentration(weights) == pytest.approx(expected, abs=1e-9)


def test_dimensions_that_are_hardly_used_hardly_count():
    """Eight of noise, each of which serves both factors alike, beside the two that matter."""
    rng = np.random.default_rng(0)
    factors = rng.integers(4, size=(800, 2)) + 0.1 * rng.standard_normal((800, 2))
    found = dci(np.c_[factors, rng.standard_normal((800, 8))], factors, rng=rng)
    weight = found.importance.sum(axis=1)
    sharp = 1 - scipy.stats.entropy(found.importance, base=2, axis=1)
    assert found.disentanglement == pytest.approx(np.average(sharp, weights=weight), abs=1e-9)
    assert found.disentanglement > 0.95 > sharp.mean() + 0.1


@pytest.mark.parametrize("code", [np.zeros(100), np.tile(np.arange(10), 10)])
def test_a_code_that_knows_nothing_scores_nothing_however_rare_a_class(code):
    """Nine to one: naming the frequent class always is right on 90 %, and no better than chance."""
    v = np.repeat([0, 1], [90, 10])
    found = separated_attributes(np.c_[code, v], v)
    assert found.table[:, 0].tolist() == [0.0, 1.0]


def test_what_one_dimension_does_for_two_factors_is_complete_but_not_disentangled():
    """z_1 holds both factors (as digits of a number): each factor needs one dimension only."""
    rng = np.random.default_rng(0)
    factors = rng.integers(3, size=(800, 2))
    codes = np.c_[3.0 * factors[:, 0] + factors[:, 1], rng.standard_normal(800)]
    found = dci(codes, factors, rng=rng)
    assert found.completeness > 0.9
    assert found.disentanglement < 0.1


def test_whether_a_factor_is_discrete_can_be_said():
    """A class of 30 values: the nearest mean names each, a correlation with z² sees nothing."""
    v = np.repeat(np.arange(30), 4)
    codes = np.c_[np.where(v % 2, v, -v), np.zeros(120)]
    assert separated_attributes(codes, v, discrete=[True]).score == 1.0
    assert separated_attributes(codes, v).score < 0.1
    gap = mutual_information_gap(codes, v, discrete=[True])
    assert gap.table[0, 0] == pytest.approx(mutual_info_score(v, v // 1.5))  # 20 bins of 30 values
    with pytest.raises(ValueError, match="one answer for each of 1 factors"):
        mutual_information_gap(codes, v, discrete=[True, False])


@pytest.mark.parametrize("score", [*SCORES, lambda c, f: dci(c, f, rng=np.random.default_rng(0))])
def test_what_cannot_be_scored_is_refused(score):
    with pytest.raises(ValueError, match="two dimensions or more"):
        score(np.zeros((4, 1)), GRID[:4])
    with pytest.raises(ValueError, match="two dimensions or more"):
        score(np.zeros((5, 2)), GRID[:4])
    with pytest.raises(ValueError, match=r"factors \[1\] never change"):
        score(np.zeros((4, 2)), np.c_[np.arange(4), np.ones(4)])


@pytest.mark.parametrize("score", [*SCORES, lambda c, f, **o: dci(c, f, rng=RNG, **o)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(score, value):
    factors, codes = GRID.astype(float), GRID.astype(float)
    factors[3, 1] = value
    with pytest.raises(ValueError, match=": the factors contain NaN or infinity"):
        score(codes, factors)
    with pytest.raises(ValueError, match=": the codes contain NaN or infinity"):
        score(factors, codes)
    with pytest.raises(ValueError, match=": bins must be at least 2, .* not 1"):
        score(codes, GRID, bins=1)


def test_one_factor_cannot_be_told_from_another():
    with pytest.raises(ValueError, match="dci: needs two factors"):
        dci(np.eye(4), np.arange(4), rng=np.random.default_rng(0))
