"""What the README promises: its code runs, its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

import minivae as mv
from minivae.runs import RECIPES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_code_of_the_quick_start_runs(tmp_path, monkeypatch, capsys):
    code, family, condition, diagnosis, *_ = CODE
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    value, reconstruction, kl = map(float, re.findall(r"-?\d+\.\d+", capsys.readouterr().out))
    assert value == pytest.approx(reconstruction - kl, abs=0.02)
    assert names["images"].shape == (16, 8, 8)
    assert (tmp_path / "manifold.png").exists()
    for example in (family, condition, diagnosis):
        exec(example, names)
    assert "no fault found" in capsys.readouterr().out
    assert names["threes"].shape == (16, 64)
    for command in re.findall(r"minivae (?:train|models) ([a-z][a-z-]*)\b", README):
        assert command in RECIPES


def test_the_code_about_the_engine_runs_and_says_what_it_shows(capsys):
    *_, code, _ = CODE
    names = {"np": np, "mv": mv}
    exec(code, names)
    shares = np.exp([0.5, 1.0, 2.0]) / np.exp([0.5, 1.0, 2.0]).sum()
    assert capsys.readouterr().out.strip() == str(shares)
    expected = np.diag(shares) - np.outer(shares, shares)
    np.testing.assert_allclose(names["hessian"].data, expected, atol=1e-15)
    np.testing.assert_allclose(names["slope"].data, expected.sum(axis=1), atol=1e-15)
    assert "logsumexp" not in names["picture"].svg
    assert ">x<" in names["picture"].svg


def test_an_operation_is_added_in_a_few_lines_and_the_laws_apply():
    *_, code = CODE
    names = {"np": np, "mv": mv}
    try:
        exec(code, names)
        assert len([line for line in code.splitlines() if line]) == 6

        @given(mv.testing.strategies.operands("softsign").filter(lambda call: call.variables))
        def law(call):
            mv.testing.gradcheck(call, *call.variables)
            xs = call.variables
            _, dz = mv.jvp(call, xs, xs)
            z, pull = mv.vjp(call, *xs)
            back = sum(float(np.sum(g.data * x)) for g, x in zip(pull(z.data), xs, strict=True))
            assert float(np.sum(dz.data * z.data)) == pytest.approx(back, rel=1e-12, abs=1e-12)

        law()
    finally:
        mv.REGISTRY.pop("softsign", None)
        mv.FUNCTIONS.pop("softsign", None)


@pytest.mark.parametrize("command", re.findall(r"^\.venv/bin/python (\S+)", README, re.MULTILINE))
def test_the_programs_that_print_figures_are_there(command):
    assert (ROOT / command).exists()


def test_there_are_two_commands_of_one_line():
    assert len(re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)) == 2


def test_links_lead_to_files():
    targets = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README)
    targets = [link or image for link, image in targets]
    assert targets
    missing = [t for t in targets if not t.startswith("http") and not (ROOT / t).exists()]
    assert not missing
