"""A run that is killed at any moment goes on and ends with the same weights, bit for bit.

``MINIVAE_KILLS=50 pytest tests/runs/test_kill.py`` kills fifty times instead of five.
"""

import os
import random
import signal
import subprocess
import sys
import time

from minivae.runs import RunFolder

KILLS = int(os.environ.get("MINIVAE_KILLS", "5"))
COMMAND = [sys.executable, "-m", "minivae", "train", "--hidden", "32", "--epochs", "60"]


def start(out, *more):
    return subprocess.Popen(
        [*COMMAND, "--out", str(out), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=out.parent,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may ignore it
    )


def test_killed_runs_end_with_the_same_bits(tmp_path):
    start(tmp_path / "first", "--epochs", "1").communicate()  # in which kernels are compiled
    began = time.monotonic()
    process = start(tmp_path / "whole")
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    duration = time.monotonic() - began
    expected = (tmp_path / "whole" / "model.safetensors").read_bytes()

    moments = random.Random(0)
    killed = 0
    while killed < KILLS:
        out = tmp_path / f"run-{killed}"
        # Each run is killed again and again until one attempt outlives its moment.
        while True:
            process = start(out, "--resume")
            try:
                _, errors = process.communicate(timeout=moments.uniform(0, duration))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                killed += 1
            if RunFolder.exists(out):
                RunFolder(out)  # readable, whatever the moment
        assert process.returncode == 0, errors
        assert (out / "model.safetensors").read_bytes() == expected
        assert (out / "metrics.csv").read_text().count("\n") == 61


def test_ctrl_c_says_how_to_go_on(tmp_path):
    out = tmp_path / "run"
    process = start(out)
    while not (out / "checkpoint.safetensors").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert f"go on with: minivae train --resume {out}" in " ".join(errors.split())
    assert "Traceback" not in errors
    assert subprocess.run([*COMMAND[:4], "--resume", str(out)], capture_output=True).returncode == 0
