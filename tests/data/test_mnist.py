"""MNIST and Fashion-MNIST as published, where a copy is at hand; their loader, everywhere."""

import dataclasses
import gzip
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from minivae.data import DataError, available, load, mnist
from minivae.data.mnist import FASHION, MNIST

HERE = Path(os.environ.get("MINIVAE_DATA", "no-such-folder")).expanduser()

needs_mnist = pytest.mark.skipif(
    not (HERE / "mnist").is_dir(), reason="no MNIST here: set MINIVAE_DATA to the folder above it"
)


@needs_mnist
def test_mnist_is_what_its_authors_describe(monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(HERE))
    data = load("mnist")
    assert data.train.shape == (60_000, 784)
    assert data.test.shape == (10_000, 784)
    assert data.image_shape == (28, 28)
    for x, labels in zip((data.train, data.test), data.labels, strict=True):
        assert x.dtype == np.float32
        assert x.min() == 0
        assert x.max() == 1
        np.testing.assert_array_equal(np.unique(labels), np.arange(10))
        assert labels.shape == (len(x),)
    # "centered in a 28x28 image by computing the center of mass"
    images = data.test.reshape(-1, 28, 28)
    rows, columns = images.sum(axis=(0, 2)), images.sum(axis=(0, 1))
    for profile in (rows, columns):
        assert abs(np.average(np.arange(28), weights=profile) - 14) < 0.5
    # The first labels of the training set, as in every introduction to it.
    assert data.labels.train[:5].tolist() == [5, 0, 4, 1, 9]


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


def as_idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.mark.parametrize(("name", "files"), [("mnist", "MNIST"), ("fashion", "FASHION")])
def test_each_file_is_read_into_its_place(name, files, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte.gz": rng.integers(0, 256, (7, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte.gz": rng.integers(0, 10, 7, dtype=np.uint8),
        "t10k-images-idx3-ubyte.gz": rng.integers(0, 256, (3, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte.gz": rng.integers(0, 10, 3, dtype=np.uint8),
    }
    (tmp_path / name).mkdir()
    for filename, array in arrays.items():
        (tmp_path / name / filename).write_bytes(gzip.compress(as_idx(array)))
    digests = {
        filename: hashlib.md5(as_idx(array)).hexdigest() for filename, array in arrays.items()
    }
    toy = dataclasses.replace(getattr(mnist, files), digests=digests)
    monkeypatch.setattr(mnist, files, toy)
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    got = load(name)
    assert got.name == name
    assert got.image_shape == (28, 28)
    images = (got.train, got.test, *got.labels)
    order = (0, 2, 1, 3)
    for x, expected in zip(images, [list(arrays.values())[i] for i in order], strict=True):
        scale = 255 if expected.ndim == 3 else 1
        np.testing.assert_allclose(x * scale, expected.reshape(x.shape), rtol=1e-6)
    assert str(tmp_path / name) in got.source


needs_fashion = pytest.mark.skipif(
    not (HERE / "fashion").is_dir(), reason="no Fashion-MNIST here: set MINIVAE_DATA"
)


@needs_fashion
def test_fashion_is_what_its_authors_describe(monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(HERE))
    fashion = load("fashion")
    assert fashion.train.shape == (60_000, 784)
    assert fashion.test.shape == (10_000, 784)
    for labels, each in zip(fashion.labels, (6_000, 1_000), strict=True):
        np.testing.assert_array_equal(np.bincount(labels), [each] * 10)


def test_the_two_sets_have_files_of_the_same_names_and_different_contents():
    assert list(FASHION.digests) == list(MNIST.digests)
    assert not set(FASHION.digests.values()) & set(MNIST.digests.values())
    assert all(len(digest) == 32 for digest in FASHION.digests.values())


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_a_folder_without_the_files_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"{name}.train-images-idx3-ubyte\.gz: no such file"):
        load(name)
    assert not next(entry for entry in available() if entry.name == name).present
