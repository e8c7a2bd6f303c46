"""The categorical distribution: enumeration, counting, and what is no class."""

from itertools import product

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.distributions import Bernoulli, Categorical

seeds = st.integers(0, 2**32 - 1)


def table(seed, d=2, classes=3):
    return 2 * np.random.default_rng(seed).standard_normal((d, classes))


@given(seeds, st.sampled_from([1.0, 0.5, 1 / 255]))
def test_the_probabilities_of_all_vectors_sum_to_one_and_give_the_moments(seed, step):
    p = Categorical(table(seed), step)
    every = np.array(list(product(range(3), repeat=2))) * step
    mass = np.exp(p.log_prob(every).data)
    assert mass.sum() == pytest.approx(1, rel=1e-12)
    mean = mass @ every
    np.testing.assert_allclose(p.mean.data, mean, rtol=1e-10)
    np.testing.assert_allclose(p.std.data**2, mass @ (every - mean) ** 2, rtol=1e-9)


@given(seeds)
def test_two_classes_are_a_bernoulli_distribution_of_the_difference(seed):
    a = table(seed, classes=2)
    x = np.array([[0.0, 1.0], [1.0, 1.0]])
    p, q = Categorical(a), Bernoulli(a[:, 1] - a[:, 0])
    np.testing.assert_allclose(p.log_prob(x).data, q.log_prob(x).data, rtol=1e-10)
    np.testing.assert_allclose(p.mean.data, q.mean.data, rtol=1e-12)


@given(seeds, seeds)
def test_the_divergence_is_its_sum(seed, other):
    p, q = Categorical(table(seed)), Categorical(table(other))
    rows = zip(p.probs.data, q.probs.data, strict=True)
    expected = sum(scipy.stats.entropy(a, b) for a, b in rows)
    assert p.kl(q).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(seeds)
def test_the_gradient_is_that_of_the_formula_for_many_draws_of_codes(seed):
    a = np.random.default_rng(seed).standard_normal((4, 3, 2, 5))  # draws, data, entries, classes
    x = np.random.default_rng(seed).integers(0, 5, (3, 2))
    assert Categorical(a).log_prob(x).shape == (4, 3)
    mv.testing.gradcheck(lambda a: Categorical(a).log_prob(x), a)


def test_draws_have_the_stated_frequencies():
    p = Categorical(table(3), step=0.5)
    x = p.sample(np.random.default_rng(0), 50_000)
    counts = np.stack([(x == c * 0.5).sum(axis=0) for c in range(3)], axis=-1)
    assert (counts.sum(axis=-1) == 50_000).all()
    expected = 50_000 * p.probs.data
    assert scipy.stats.chi2.sf((((counts - expected) ** 2) / expected).sum(), df=4) > 1e-5


@pytest.mark.parametrize("x", [[0.5, 0.0], [3.0, 0.0], [-1.0, 0.0], [np.nan, 0.0]])
def test_what_is_no_class_is_refused(x):
    with pytest.raises(ValueError, match="one for each of 3 classes"):
        Categorical(table(0)).log_prob(np.array([x]))


def test_types_are_kept_and_other_divergences_refused():
    p = Categorical(table(0).astype(np.float32), step=0.5)
    x = np.array([0.5, 1.0])
    results = p.log_prob(x), p.mean, p.std, p.probs, p.sample(np.random.default_rng(0)), p.kl(p)
    assert {str(r.dtype) for r in results} == {"float32"}
    with pytest.raises(TypeError, match="no closed form to Bernoulli"):
        p.kl(Bernoulli(np.zeros(2)))


def impossible(a):
    """The same logits, of which the first of each entry makes its class impossible."""
    a = a.copy()
    a[..., 0] = -np.inf
    return a


@given(seeds, seeds)
def test_a_class_that_never_occurs_adds_nothing_to_the_divergence(seed, other):
    a, b = impossible(table(seed)), table(other)
    for q in (b, impossible(b)):
        rows = zip(Categorical(a).probs.data, Categorical(q).probs.data, strict=True)
        expected = sum(scipy.stats.entropy(*pair) for pair in rows)
        found = Categorical(a).kl(Categorical(q)).item()
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert Categorical(b).kl(Categorical(a)).item() == np.inf


def test_a_divergence_is_computed_in_the_type_of_the_first():
    a = table(0).astype(np.float32)
    assert Categorical(a).kl(Categorical(table(1))).dtype == "float32"
    assert Categorical(table(1)).kl(Categorical(a)).dtype == "float64"


@pytest.mark.parametrize(("classes", "step"), [(3, 0.5), (4, 1.0)])
def test_classes_that_stand_for_other_values_have_no_divergence(classes, step):
    with pytest.raises(TypeError, match=f"not with {classes} in steps of {step:.4g}"):
        Categorical(table(0)).kl(Categorical(table(1, classes=classes), step))
