"""Data sets by name."""

import subprocess
import sys

import pytest

from minivae.data import DataError, available, fetch, load


def test_the_list_tells_the_truth_about_the_embedded_digits():
    entry = next(entry for entry in available() if entry.name == "digits")
    digits = load("digits")
    assert entry.present
    assert entry.path is None
    assert entry.images == len(digits.train) + len(digits.test)
    assert entry.image_shape == digits.image_shape
    assert fetch("digits") == entry


def test_the_list_says_where_files_would_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))
    entry = next(entry for entry in available() if entry.name == "mnist")
    assert not entry.present
    assert entry.path == tmp_path / "mnist"


def test_fetching_from_a_given_mirror(server, tmp_path, monkeypatch):
    monkeypatch.delenv("MINIVAE_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    with pytest.raises(DataError, match="404 Not Found"):
        fetch("mnist", mirrors=[f"{server.url}/mnist/"])
    assert server.asked == ["/mnist/train-images-idx3-ubyte.gz"]


@pytest.mark.parametrize("call", [load, fetch])
def test_an_unknown_name_is_refused_with_the_known_ones(call):
    with pytest.raises(DataError) as e:
        call("mnits")
    assert str(e.value) == (
        "'mnits': no data set of this name; did you mean 'mnist'? known: digits, mnist"
    )
    with pytest.raises(DataError, match="no data set of this name; known: digits, mnist"):
        call("")


def test_importing_loads_no_heavy_library():
    code = "import sys, minivae.data; print(*{'sklearn', 'pooch', 'requests'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
