"""Patches of photographs: cut where they should be, and white."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import fit_whitening, load, random_patches


@given(
    st.lists(st.tuples(st.integers(3, 8), st.integers(3, 8)), min_size=1, max_size=3),
    st.integers(1, 12),
    st.integers(0, 2**32),
)
def test_a_patch_is_a_piece_of_an_image_less_its_mean(shapes, n, seed):
    rng = np.random.default_rng(seed)
    images = [rng.standard_normal(shape) for shape in shapes]
    patches = random_patches(images, n, 3, rng)
    assert patches.shape == (n, 9)
    pieces = [
        image[i : i + 3, j : j + 3].ravel()
        for image in images
        for i in range(image.shape[0] - 2)
        for j in range(image.shape[1] - 2)
    ]
    pieces = np.array([piece - piece.mean() for piece in pieces])
    distances = np.abs(patches[:, None] - pieces).max(axis=-1)
    assert np.all(distances.min(axis=1) < 1e-12)


def test_every_place_of_every_image_is_equally_likely():
    images = [np.arange(16.0).reshape(4, 4) ** 2, -(np.arange(16.0).reshape(4, 4) ** 2)]
    n = 18_000
    patches = random_patches(images, n, 2, np.random.default_rng(0))
    _, counts = np.unique(patches.round(6), axis=0, return_counts=True)
    assert len(counts) == 18
    assert np.all(np.abs(counts - 1000) < 5 * np.sqrt(1000))


def test_patches_of_both_images_come_in_random_order():
    patches = random_patches([np.eye(3), -np.eye(3)], 1_000, 3, np.random.default_rng(0))
    same = np.sum(patches[1:, 0] == patches[:-1, 0])
    assert abs(same - 999 / 2) < 5 * np.sqrt(999 / 4)


def test_an_image_smaller_than_a_patch_is_refused():
    with pytest.raises(ValueError, match="no patch of 5x5 in 9x4"):
        random_patches([np.zeros((9, 4))], 3, 5, np.random.default_rng(0))


def test_training_patches_are_white_on_the_kept_directions():
    x = load("patches").train.astype(np.float64)
    variances = np.linalg.eigvalsh(np.cov(x.T, bias=True))
    kept = variances > 0.5
    # A patch is float32: rounded to 6e-8 of at most 20 standard deviations.
    np.testing.assert_allclose(variances[kept], 1, atol=1e-4)
    np.testing.assert_allclose(variances[~kept], 0, atol=1e-4)
    assert kept.sum() == fit_whitening(x, 1 - 1e-6).directions.shape[1]
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)


def test_training_patches_come_from_the_left_four_fifths_alone(monkeypatch):
    # On the left weak noise, on the right a chessboard of 20 times its strength: no patch of the
    # one looks like a patch of the other, and a whitening that has seen both would shrink both.
    rng = np.random.default_rng(0)
    photographs = [rng.integers(118, 138, (60, 100, 3), dtype=np.uint8) for _ in range(2)]
    for photograph in photographs:
        photograph[:, 80:] = 255 * (np.indices((60, 20)).sum(axis=0) % 2)[..., None]
    monkeypatch.setattr(
        "sklearn.datasets.load_sample_images", lambda: SimpleNamespace(images=photographs)
    )
    patches = load("patches")
    train, test = (np.linalg.norm(x, axis=1) for x in (patches.train, patches.test))
    assert train.max() < 20  # sqrt(100) in the mean
    assert test.min() > 100
