"""Compiled code is kept on disk, never stale, and where it cannot be kept or read all goes on."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from interpreter import NOTICE, ROOT, assert_same_within_rounding, python, train

jit = pytest.importorskip(
    "minivae.kernels.compiled.jit", reason="Numba is not installed here: nothing is compiled"
)

TILES = "import minivae; minivae.use('numba', products='tiles')\n"
KERNELS = pytest.mark.parametrize("before", ["", TILES], ids=["by default", "with tiles"])


def installed(tmp_path):
    """A copy of the package, without anything compiled."""
    root = tmp_path / "installed"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "minivae", root / "minivae", ignore=skip)
    return root


def test_the_first_compilation_is_announced_once_and_later_ones_are_not_needed(tmp_path, truth):
    root, cache = installed(tmp_path), tmp_path / "cache"
    cold, lines, err = train(tmp_path, root=root, NUMBA_CACHE_DIR=str(cache))
    assert lines == ["numba"]
    assert err.count(NOTICE) == 1
    assert len(err.splitlines()) == 1
    assert list(cache.rglob("*.nbc"))
    warm, lines, err = train(tmp_path, root=root, NUMBA_CACHE_DIR=str(cache))
    assert lines == ["numba"]
    assert err == ""
    assert_same_within_rounding(cold, truth)
    for name in cold:
        np.testing.assert_array_equal(cold[name], warm[name])


def test_the_notice_speaks_of_our_kernels_only(tmp_path):
    _, err = python(
        "from minivae.kernels import compiled\n"
        "import numba\n"
        "assert numba.njit(lambda x: x + 1)(1) == 2\n",
        NUMBA_CACHE_DIR=str(tmp_path),
    )
    assert NOTICE not in err


def test_a_kernel_is_compiled_anew_when_a_file_whose_functions_it_calls_was_edited(tmp_path):
    root, cache = installed(tmp_path), tmp_path / "cache"
    loss = """
import numpy as np
from minivae import kernels
print(kernels.bernoulli_nll(np.zeros((1, 1)), np.zeros((1, 1)))[0], kernels.backend())
"""

    def run():
        out, err = python(loss, root=root, NUMBA_CACHE_DIR=str(cache))
        value, backend = out.split()
        assert backend == "numba"
        return float(value), NOTICE in err

    assert run() == (pytest.approx(np.log(2)), True)
    assert run() == (pytest.approx(np.log(2)), False)
    with (root / "minivae" / "kernels" / "compiled" / "elementary.py").open("a") as file:
        file.write("\n\n@inline\ndef log1p(u):\n    return constants(u).two\n")
    assert run() == (2.0, True)


def test_an_edit_of_any_file_of_the_folder_makes_cached_code_stale(tmp_path, monkeypatch):
    folder = installed(tmp_path) / "minivae" / "kernels" / "compiled"
    monkeypatch.setattr(jit, "_FOLDER", folder)
    stamps = [jit._stamp()]
    files = sorted(folder.glob("*.py"))
    assert len(files) > 10
    for file in files:
        before = file.stat()
        os.utime(file, (before.st_atime, before.st_mtime + 10))  # of the same size, later
        stamps.append(jit._stamp())
        with file.open("a") as longer:
            longer.write("#\n")
        os.utime(file, (before.st_atime, before.st_mtime + 10))  # longer, at the same time
        stamps.append(jit._stamp())
    (folder / "another.py").touch()
    stamps.append(jit._stamp())
    assert len(set(stamps)) == len(stamps)


def test_where_nothing_can_be_written_kernels_are_compiled_and_not_kept(tmp_path, truth):
    """A file stands where the cache's folder would be: that stops the superuser, too."""
    root = installed(tmp_path)
    compiled = root / "minivae" / "kernels" / "compiled"
    (compiled / "__pycache__").write_text("no folder")
    nowhere = tmp_path / "file"
    nowhere.write_text("no folder")
    places = {name: str(nowhere / "home") for name in ("HOME", "XDG_CACHE_HOME", "IPYTHONDIR")}
    before = "from minivae.kernels import compiled; print(compiled.__file__)\n"
    weights, lines, err = train(tmp_path, before, root=root, **places, LOCALAPPDATA=str(nowhere))
    assert Path(lines[0]) == compiled / "__init__.py"
    assert lines[1:] == ["numba"]
    assert err.count(NOTICE) == 1
    assert_same_within_rounding(weights, truth)
    assert not list(tmp_path.rglob("*.nb?"))


@KERNELS
def test_a_damaged_cache_falls_back_to_the_references(tmp_path, truth, before):
    root, cache = installed(tmp_path), tmp_path / "cache"
    _, lines, _ = train(tmp_path, before, root=root, NUMBA_CACHE_DIR=str(cache))
    assert lines == ["numba"]
    for file in cache.rglob("*.nbc"):
        file.write_bytes(file.read_bytes()[:50])
    weights, lines, _ = train(tmp_path, before, root=root, NUMBA_CACHE_DIR=str(cache))
    assert_numba_was_given_up(lines)
    assert_same_within_rounding(weights, truth)


@KERNELS
def test_on_a_full_disk_the_references_run(tmp_path, truth, before):
    """No file may grow beyond 10,000 bytes, less than any machine code has."""
    pytest.importorskip("resource", reason="this system does not limit the size of files")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
    cache = tmp_path / "cache"
    weights, lines, _ = train(tmp_path, full + before, NUMBA_CACHE_DIR=str(cache))
    assert_numba_was_given_up(lines)
    assert not list(cache.rglob("*.nbc"))
    assert_same_within_rounding(weights, truth)


def assert_numba_was_given_up(lines):
    backend, warning = lines
    assert backend == "numpy"
    assert warning.startswith("WARNING minivae: Numba does not work here")
