"""Fresh interpreters, in each of which the same few steps of training are made."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import minivae as mv

ROOT = Path(mv.__file__).parents[1]
NOTICE = "minivae: compiling kernels"

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


def assert_same_within_rounding(weights, truth):
    assert weights.keys() == truth.keys()
    for name in truth:
        np.testing.assert_allclose(weights[name], truth[name], rtol=1e-4, atol=1e-6, err_msg=name)
