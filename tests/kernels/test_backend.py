"""Which kernels run, what importing costs, and what happens where Numba does not work.

Each situation is an interpreter of its own, in which the same few steps of training are made.
"""

import re
from importlib.util import find_spec

import numpy as np
import pytest
from interpreter import NOTICE, python, train

import minivae as mv

NEEDS_NUMBA = pytest.mark.skipif(
    find_spec("numba") is None, reason="Numba is not installed here: there is nothing to compile"
)

WITHOUT_NUMBA = """
import sys
class NoNumba:
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in ("numba", "llvmlite"):  # the latter comes with the former
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
sys.meta_path.insert(0, NoNumba())
"""


def test_importing_minivae_imports_nothing_heavy_and_compiles_nothing():
    out, err = python("""
import sys
HEAVY = {"numba", "llvmlite", "scipy", "matplotlib", "hypothesis", "sklearn"}
import minivae as mv
print("import:", sorted(HEAVY & sys.modules.keys()), "minivae.kernels" in sys.modules)
mv.fit, mv.data, mv.testing
print("fit:", sorted(HEAVY & sys.modules.keys()))
""")
    assert out.splitlines() == ["import: [] False", "fit: []"]
    assert err == ""


FIRST_PASS = """
import sys
import numpy as np
import minivae as mv
if len(sys.argv) > 1:
    mv.use(sys.argv[1])
HEAVY = {"numba", "llvmlite", "matplotlib", "hypothesis", "sklearn"}
rng = np.random.default_rng(0)
model = mv.models.VAE.mlp(data_dim=6, hidden=(5,), latent=2, rng=rng)
print("model:", sorted(HEAVY & sys.modules.keys()))
model.loss(np.ones((3, 6)), rng=rng).backward()
model.log_prob(np.ones((3, 6)), samples=2, rng=rng)
print("forward and backward:", sorted(HEAVY & sys.modules.keys()))
"""


@NEEDS_NUMBA
def test_the_first_pass_imports_numba_and_nothing_else_that_is_heavy():
    model, passed = python(FIRST_PASS)[0].splitlines()
    assert model == "model: []"
    assert passed == "forward and backward: ['llvmlite', 'numba']"


def test_where_numpys_kernels_were_chosen_the_first_pass_imports_nothing_heavy():
    out, err = python(FIRST_PASS, "numpy")
    assert out.splitlines() == ["model: []", "forward and backward: []"]
    assert err == ""


def test_without_numba_one_warning_and_the_same_weights(tmp_path, truth):
    weights, lines, _ = train(tmp_path, WITHOUT_NUMBA)
    assert lines[0] == "numpy"
    assert len(lines) == 2
    missing = "No module named '(numba|llvmlite)'"
    assert re.search(f"Numba does not work here.*{missing}.*NumPy's kernels", lines[1])
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
def test_numba_without_its_compiler_is_left_alone(tmp_path, truth):
    """Loops would run in Python, a thousand times slower than NumPy; the user asked for it."""
    weights, lines, err = train(tmp_path, NUMBA_DISABLE_JIT="1")
    assert lines == ["numpy"]
    assert NOTICE not in err
    for name in truth:
        np.testing.assert_array_equal(weights[name], truth[name])


@NEEDS_NUMBA
@pytest.mark.parametrize("name", ["torch", "Numba", "", None])
def test_unknown_kernels_are_refused_and_the_choice_stands(name):
    mv.use("numba")
    with pytest.raises(ValueError, match=r"there are no .* kernels; choose one of.*numba.*numpy"):
        mv.use(name)
    assert mv.kernels.backend() == "numba"
