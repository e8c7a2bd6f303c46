"""The classifier that judges samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.evaluation import Classifier

DIGITS = mv.data.load("digits")


@pytest.fixture(scope="module")
def judge():
    x, labels = DIGITS.train, DIGITS.labels.train
    return Classifier.fitted(x, labels, rng=np.random.default_rng(0), epochs=20)


def test_it_learns_the_digits(judge):
    """A nearest neighbour is right about 98 times in 100; 95 leaves room for any seed."""
    assert judge.accuracy(DIGITS.test, DIGITS.labels.test) > 0.95


def test_its_logits_are_an_affine_map_of_its_features(judge):
    last = judge.network.layers[-1]
    features = judge.features(DIGITS.test)
    assert features.shape == (360, 50)
    assert features.min() == 0 < features.max()
    logits = features @ last.weight.data.T + last.bias.data
    np.testing.assert_allclose(judge(DIGITS.test).data, logits, atol=1e-4)


def test_probabilities_are_those_of_the_loss(judge):
    x, labels = DIGITS.test[:7], DIGITS.labels.test[:7]
    p = judge.probabilities(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    expected = -np.log(p[np.arange(7), labels]).mean()
    assert judge.loss(x, labels).item() == pytest.approx(expected, abs=1e-4)
    assert judge.accuracy(x, labels) == np.mean(p.argmax(axis=1) == labels)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_loss_has_the_gradient_of_its_values(seed):
    rng = np.random.default_rng(seed)
    judge = Classifier(3, 4, hidden=(5,), rng=rng, dtype="float64")
    x, labels = rng.standard_normal((6, 3)), rng.integers(4, size=6)
    mv.testing.gradcheck(lambda *_: judge.loss(x, labels), *judge.parameters())


def test_the_same_seed_gives_the_same_weights():
    x, labels = DIGITS.train[:100], DIGITS.labels.train[:100]
    states = [
        Classifier.fitted(x, labels, (6,), rng=np.random.default_rng(s), epochs=1).state_dict()
        for s in (0, 0, 1)
    ]
    for name in states[0]:
        np.testing.assert_array_equal(states[0][name], states[1][name])
    assert not np.array_equal(
        states[0]["network.layers.0.weight"], states[2]["network.layers.0.weight"]
    )


def test_what_it_cannot_learn_from_is_refused():
    rng, x = np.random.default_rng(0), np.zeros((3, 2), "float32")
    for labels, message in (
        ([0, 1], "3 data need as many labels"),
        ([0, 1, -1], "whole numbers"),
        ([0.0, 1.0, 2.0], "whole numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            Classifier.fitted(x, np.array(labels), rng=rng)
    with pytest.raises(ValueError, match="features need a hidden layer"):
        Classifier(2, 2, hidden=(), rng=rng)
