"""Which kernels run, what importing costs, and what happens where Numba does not work.

Each situation is an interpreter of its own, in which the same few steps of training are made.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import minivae as mv

ROOT = Path(mv.__file__).parents[1]
NEEDS_NUMBA = pytest.mark.skipif(
    find_spec("numba") is None, reason="Numba is not installed here: there is nothing to compile"
)
NOTICE = "minivae: compiling kernels"

WITHOUT_NUMBA = """
import sys
class NoNumba:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
sys.meta_path.insert(0, NoNumba())
"""

TRAIN = """
import sys
import warnings
import numpy as np
import minivae as mv
rng = np.random.default_rng(0)
x = (rng.random((20, 6)) < 0.5).astype("float32")
model = mv.models.VAE.mlp(data_dim=6, hidden=(5,), latent=2, rng=rng)
opt = mv.optim.Adam(model.parameters(), lr=0.01)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(5):
        loss = model.loss(x, rng=rng)
        opt.zero_grad()
        loss.backward()
        opt.step()
np.savez(sys.argv[1], **model.state_dict())
print(mv.kernels.backend())
for warning in caught:
    print("WARNING", warning.message)
"""


def python(code, *arguments, root=ROOT, **environment):
    """Run code in a fresh interpreter; return what it printed on stdout and on stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=kept | {"PYTHONPATH": str(root)} | environment,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def train(tmp_path, before="", root=ROOT, **environment):
    """Run TRAIN; return the weights, the lines printed, and what came on stderr."""
    path = tmp_path / "weights.npz"
    out, err = python(before + TRAIN, path, root=root, **environment)
    with np.load(path) as weights:
        return dict(weights), out.splitlines(), err


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """The weights after TRAIN with NumPy's kernels."""
    before = "import minivae; minivae.use('numpy')\n"
    weights, lines, err = train(tmp_path_factory.mktemp("truth"), before)
    assert lines == ["numpy"]
    assert err == ""
    return weights


def assert_same_within_rounding(weights, truth):
    assert weights.keys() == truth.keys()
    for name in truth:
        np.testing.assert_allclose(weights[name], truth[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_importing_minivae_and_using_a_model_imports_nothing_heavy():
    out, _ = python("""
import sys
HEAVY = {"numba", "matplotlib", "hypothesis", "sklearn"}
import minivae as mv
print("import:", sorted(HEAVY & sys.modules.keys()), "minivae.kernels" in sys.modules)
mv.fit, mv.data, mv.testing
print("fit:", sorted(HEAVY & sys.modules.keys()))
import numpy as np
rng = np.random.default_rng(0)
model = mv.models.VAE.mlp(data_dim=6, hidden=(5,), latent=2, rng=rng)
model.loss(np.ones((3, 6)), rng=rng).backward()
model.log_prob(np.ones((3, 6)), samples=2, rng=rng)
print("forward and backward:", sorted(HEAVY & sys.modules.keys()))
""")
    assert out.splitlines() == ["import: [] False", "fit: []", "forward and backward: []"]


def test_without_numba_one_warning_and_the_same_weights(tmp_path, truth):
    weights, lines, _ = train(tmp_path, WITHOUT_NUMBA)
    assert lines[0] == "numpy"
    assert len(lines) == 2
    assert re.search("Numba does not work here.*No module named 'numba'.*NumPy's kernels", lines[1])
    for name in truth:
        np.testing.assert_array_equal(weights[name], truth[name])


def test_without_numba_choosing_numpy_silences_the_warning(tmp_path):
    _, lines, _ = train(tmp_path, WITHOUT_NUMBA + "import minivae; minivae.use('numpy')\n")
    assert lines == ["numpy"]


def test_without_numba_everything_can_be_imported():
    python(
        WITHOUT_NUMBA + "import minivae as mv\n"
        "from minivae import data, distributions, engine, evaluation, models, nn, optim, testing\n"
        "from minivae import runs, training, viz\n"
        "from minivae.testing import strategies\n"
    )


@NEEDS_NUMBA
def test_numba_without_its_compiler_gives_the_same_weights(tmp_path, truth):
    weights, lines, err = train(tmp_path, NUMBA_DISABLE_JIT="1")
    assert lines == ["numba"]
    assert NOTICE not in err
    assert_same_within_rounding(weights, truth)


@NEEDS_NUMBA
def test_the_first_compilation_is_announced_once_and_later_ones_are_not_needed(tmp_path, truth):
    cache = tmp_path / "cache"
    cold, lines, err = train(tmp_path, NUMBA_CACHE_DIR=str(cache))
    assert lines == ["numba"]
    assert err.count(NOTICE) == 1
    assert len(err.splitlines()) == 1
    assert list(cache.rglob("*.nbc"))
    warm, lines, err = train(tmp_path, NUMBA_CACHE_DIR=str(cache))
    assert lines == ["numba"]
    assert err == ""
    assert_same_within_rounding(cold, truth)
    for name in cold:
        np.testing.assert_array_equal(cold[name], warm[name])


@NEEDS_NUMBA
def test_the_notice_speaks_of_our_kernels_only(tmp_path):
    _, err = python(
        "from minivae.kernels import compiled\n"
        "import numba\n"
        "assert numba.njit(lambda x: x + 1)(1) == 2\n",
        NUMBA_CACHE_DIR=str(tmp_path),
    )
    assert NOTICE not in err


@NEEDS_NUMBA
def test_where_nothing_can_be_written_kernels_are_compiled_and_not_kept(tmp_path, truth):
    """A file stands where the cache's folder would be: that stops the superuser, too."""
    root = tmp_path / "installed"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "minivae", root / "minivae", ignore=skip)
    for folder in [root / "minivae" / "kernels"]:
        (folder / "__pycache__").write_text("no folder")
    nowhere = tmp_path / "file"
    nowhere.write_text("no folder")
    places = {name: str(nowhere / "home") for name in ("HOME", "XDG_CACHE_HOME", "IPYTHONDIR")}
    before = "from minivae.kernels import compiled; print(compiled.__file__)\n"
    weights, lines, err = train(tmp_path, before, root=root, **places, LOCALAPPDATA=str(nowhere))
    assert Path(lines[0]) == root / "minivae" / "kernels" / "compiled.py"
    assert lines[1:] == ["numba"]
    assert err.count(NOTICE) == 1
    assert_same_within_rounding(weights, truth)
    assert not list(tmp_path.rglob("*.nb?"))


@NEEDS_NUMBA
@pytest.mark.parametrize("name", ["torch", "Numba", "", None])
def test_unknown_kernels_are_refused_and_the_choice_stands(name):
    mv.use("numba")
    with pytest.raises(ValueError, match=r"there are no .* kernels; choose one of.*numba.*numpy"):
        mv.use(name)
    assert mv.kernels.backend() == "numba"


@NEEDS_NUMBA
def test_a_damaged_cache_falls_back_to_the_references(tmp_path, truth):
    cache = tmp_path / "cache"
    train(tmp_path, NUMBA_CACHE_DIR=str(cache))
    for file in cache.rglob("*.nbc"):
        file.write_bytes(file.read_bytes()[:50])
    weights, lines, _ = train(tmp_path, NUMBA_CACHE_DIR=str(cache))
    assert lines[0] == "numpy"
    assert sum(line.startswith("WARNING minivae: Numba does not work here") for line in lines) == 1
    for name, expected in truth.items():
        np.testing.assert_allclose(weights[name], expected, rtol=1e-5, atol=1e-6)
