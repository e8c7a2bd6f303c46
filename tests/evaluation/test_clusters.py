"""Clusters against classes."""

from itertools import permutations

import numpy as np
import pytest
from affine import with_posteriors
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import normalized_mutual_info_score

from minivae.evaluation import cluster_accuracy, kmeans_clusters, mixture_clusters
from minivae.models.prior import MixturePrior

LABELLED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


@given(LABELLED)
def test_the_accuracy_is_the_best_over_all_ways_to_name_the_clusters(pairs):
    clusters, labels = np.array(pairs).T
    best = max(np.mean(np.array(names)[clusters] == labels) for names in permutations(range(4)))
    found = cluster_accuracy(clusters, labels)
    assert found.accuracy == pytest.approx(best)
    named = [found.names.get(c, -1) for c in clusters]
    assert np.mean(named == labels) == found.accuracy
    assert found.table.sum() == len(pairs)


@given(LABELLED)
def test_purity_lets_clusters_share_a_class(pairs):
    clusters, labels = np.array(pairs).T
    right = sum(np.bincount(labels[clusters == c]).max() for c in np.unique(clusters))
    found = cluster_accuracy(clusters, labels)
    assert found.purity == pytest.approx(right / len(pairs))
    assert found.purity >= found.accuracy


@given(LABELLED)
def test_the_normalized_information_is_scikit_learns(pairs):
    clusters, labels = np.array(pairs).T
    expected = normalized_mutual_info_score(labels, clusters, average_method="geometric")
    if len(set(clusters)) == 1 or len(set(labels)) == 1:
        expected = 0.0  # no entropy to share; scikit-learn says 1 if both are constant
    found = cluster_accuracy(clusters, labels).normalized_information
    assert found == pytest.approx(expected, abs=1e-9)


@given(LABELLED, st.permutations(range(4)))
def test_names_of_clusters_do_not_matter(pairs, names):
    clusters, labels = np.array(pairs).T
    a, b = cluster_accuracy(clusters, labels), cluster_accuracy(np.array(names)[clusters], labels)
    assert a.accuracy == pytest.approx(b.accuracy)
    assert a.purity == pytest.approx(b.purity)


def test_clusters_beyond_the_classes_count_as_wrong_but_stay_pure():
    found = cluster_accuracy([0, 1, 2, 3], [0, 0, 1, 1])
    assert (found.accuracy, found.purity) == (0.5, 1.0)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_k_means_finds_clusters_that_lie_apart(seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    codes = 20.0 * np.eye(3)[labels] + rng.standard_normal((60, 3))
    assert cluster_accuracy(kmeans_clusters(codes, 3, rng=rng), labels).accuracy == 1.0


def test_components_of_a_mixture_are_the_clusters_of_the_codes():
    """Means far apart, and an encoder whose codes are the data."""
    labels = np.arange(40) % 4
    means = 10.0 * np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    model, x = with_posteriors(means[labels] + np.random.default_rng(0).standard_normal((40, 2)), 1)
    model.prior = MixturePrior(means, np.zeros((4, 2)))
    np.testing.assert_array_equal(mixture_clusters(model, x), labels)
    with pytest.raises(TypeError, match="the prior must be a mixture, it is Normal"):
        mixture_clusters(with_posteriors(means, 1)[0], x)


def test_k_means_comes_from_its_seed():
    codes = np.random.default_rng(0).standard_normal((50, 2))
    runs = [kmeans_clusters(codes, 4, rng=np.random.default_rng(s)) for s in (1, 1)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize(
    ("clusters", "labels", "message"),
    [
        ([0, 1], [0], r"must be \(n,\)"),
        ([], [], r"must be \(n,\)"),
        ([0.0, 1.0], [0, 1], "whole numbers from 0 on"),
        ([0, 1], [-1, 1], "whole numbers from 0 on"),
    ],
)
def test_what_is_no_partition_is_refused(clusters, labels, message):
    with pytest.raises(ValueError, match=message):
        cluster_accuracy(clusters, labels)
