"""MNIST as published, where a copy is at hand."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from minivae.data import DataError, available, load
from minivae.data.mnist import MNIST

HERE = Path(os.environ.get("MINIVAE_DATA", "no-such-folder")).expanduser()

needs_mnist = pytest.mark.skipif(
    not (HERE / "mnist").is_dir(), reason="no MNIST here: set MINIVAE_DATA to the folder above it"
)


@needs_mnist
def test_mnist_is_what_its_authors_describe(monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(HERE))
    mnist = load("mnist")
    assert mnist.train.shape == (60_000, 784)
    assert mnist.test.shape == (10_000, 784)
    assert mnist.image_shape == (28, 28)
    for x, labels in zip((mnist.train, mnist.test), mnist.labels, strict=True):
        assert x.dtype == np.float32
        assert x.min() == 0
        assert x.max() == 1
        np.testing.assert_array_equal(np.unique(labels), np.arange(10))
        assert labels.shape == (len(x),)
    # "centered in a 28x28 image by computing the center of mass"
    images = mnist.test.reshape(-1, 28, 28)
    rows, columns = images.sum(axis=(0, 2)), images.sum(axis=(0, 1))
    for profile in (rows, columns):
        assert abs(np.average(np.arange(28), weights=profile) - 14) < 0.5
    # The first labels of the training set, as in every introduction to it.
    assert mnist.labels.train[:5].tolist() == [5, 0, 4, 1, 9]


@needs_mnist
@pytest.mark.parametrize("filename", MNIST.digests)
def test_a_copy_with_one_damaged_byte_is_refused(filename, tmp_path, monkeypatch):
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name in MNIST.digests:
        shutil.copyfile(HERE / "mnist" / name, folder / name)
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    raw = bytearray((folder / filename).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / filename).write_bytes(raw)
    with pytest.raises(DataError) as e:
        load("mnist")
    assert str(folder / filename) in str(e.value)


def test_a_folder_without_mnist_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"mnist.train-images-idx3-ubyte\.gz: no such file"):
        load("mnist")
    assert not next(entry for entry in available() if entry.name == "mnist").present
