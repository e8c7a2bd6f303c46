"""What the README promises: its code runs, its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_code_of_the_quick_start_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    value, reconstruction, kl = map(float, re.findall(r"-?\d+\.\d+", capsys.readouterr().out))
    assert value == pytest.approx(reconstruction - kl, abs=0.02)
    assert names["images"].shape == (16, 8, 8)
    assert (tmp_path / "manifold.png").exists()


def test_there_are_two_commands_of_one_line():
    assert len(re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)) == 2


def test_links_lead_to_files():
    targets = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README)
    targets = [link or image for link, image in targets]
    assert targets
    missing = [t for t in targets if not t.startswith("http") and not (ROOT / t).exists()]
    assert not missing
