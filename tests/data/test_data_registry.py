"""Data sets by name."""

import functools
import subprocess
import sys

import numpy as np
import pytest

from minivae.data import DataError, available, fetch, load

HERE = [entry for entry in available() if entry.path is None]  # embedded or drawn
here = pytest.mark.parametrize("entry", HERE, ids=lambda entry: entry.name)
loaded = functools.cache(load)


@here
def test_the_list_tells_the_truth_about_what_needs_no_files(entry):
    data = loaded(entry.name)
    assert data.name == entry.name
    assert entry.present
    assert entry.count == len(data.train) + len(data.test)
    assert data.train.shape[1:] == data.test.shape[1:] == (entry.data_dim,)
    assert entry.image_shape == data.image_shape
    assert (entry.kind == "images") == (data.image_shape is not None)
    assert (entry.kind == "strings") == (data.alphabet is not None)
    assert fetch(entry.name) == entry


@here
def test_loading_twice_gives_the_same_bits(entry):
    first, second = loaded(entry.name), load(entry.name)
    for part in ("train", "test"):
        np.testing.assert_array_equal(getattr(first, part), getattr(second, part))
        for known in ("labels", "factors"):
            if getattr(first, known) is not None:
                a, b = (getattr(getattr(data, known), part) for data in (first, second))
                np.testing.assert_array_equal(a, b)


@here
def test_every_row_is_of_its_kind(entry):
    data = loaded(entry.name)
    for x in (data.train, data.test):
        assert x.flags.c_contiguous
        if entry.kind == "strings":
            assert x.dtype == np.int64
            assert x.min() == 0
            assert x.max() < len(data.alphabet)
        else:
            assert x.dtype == np.float32
            assert np.isfinite(x).all()
        if entry.kind == "images" and entry.name != "patches":
            assert x.min() == 0
            assert 0.9 < x.max() <= 1


@here
def test_each_row_has_its_label_and_its_factors(entry):
    data = loaded(entry.name)
    for part in ("train", "test"):
        n = len(getattr(data, part))
        if data.labels is not None:
            labels = getattr(data.labels, part)
            assert labels.shape == (n,)
            assert labels.dtype == np.int64
            np.testing.assert_array_equal(np.unique(labels), np.arange(data.labels.train.max() + 1))
        if data.factors is not None:
            factors = getattr(data.factors, part)
            assert factors.shape == (n, len(data.factors.names))
            assert factors.dtype == np.float32
            counted = factors[:, list(data.factors.discrete)]
            assert len(data.factors.discrete) == len(data.factors.names)
            np.testing.assert_array_equal(counted, counted.round())


def test_no_drawn_row_of_the_test_part_is_in_the_training_part():
    for name in ("ring", "swiss_roll", "gaussians", "waves"):
        data = loaded(name)
        both = np.concatenate([data.train, data.test])
        assert len(np.unique(both, axis=0)) == len(both)


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_the_list_says_where_files_would_lie(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    entry = next(entry for entry in available() if entry.name == name)
    assert not entry.present
    assert entry.path == tmp_path / name


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_fetching_from_a_given_mirror(name, server, tmp_path, monkeypatch):
    monkeypatch.delenv("MINIVAE_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    with pytest.raises(DataError, match="404 Not Found"):
        fetch(name, mirrors=[f"{server.url}/{name}/"])
    assert server.asked == [f"/{name}/train-images-idx3-ubyte.gz"]


@pytest.mark.parametrize("call", [load, fetch])
def test_an_unknown_name_is_refused_with_the_known_ones(call):
    with pytest.raises(DataError) as e:
        call("mnits")
    names = ", ".join(entry.name for entry in available())
    assert names.startswith("digits, mnist, fashion, ")
    assert str(e.value) == (
        f"'mnits': no data set of this name; did you mean 'mnist'? known: {names}"
    )
    with pytest.raises(DataError, match=f"no data set of this name; known: {names}"):
        call("")


def test_importing_loads_no_heavy_library():
    heavy = {"sklearn", "scipy", "pooch", "requests"}
    code = f"import sys, minivae.data; print(*{heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
