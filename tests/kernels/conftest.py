"""What a few steps of training lead to with NumPy's kernels, for all that compares with it."""

import interpreter
import pytest


@pytest.fixture(scope="session")
def truth(tmp_path_factory):
    """The weights after TRAIN with NumPy's kernels."""
    before = "import minivae; minivae.use('numpy')\n"
    weights, lines, err = interpreter.train(tmp_path_factory.mktemp("truth"), before)
    assert lines == ["numpy"]
    assert err == ""
    return weights
