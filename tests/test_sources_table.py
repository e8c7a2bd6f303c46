"""The table of what the sources ask for: whole, and every entry leads to what it says."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from minivae.runs.recipes import RECIPES

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "lectures" / "sources.md"
TEXT = TABLE.read_text()
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in TEXT.splitlines()
    if re.match(r"\| *\d+ *\|", line)
]
LINKS = [
    pytest.param(label, target, id=f"{row[0]} {label}")
    for row in ROWS
    for label, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", row[-1])
]
HEADINGS = re.findall(r"^# ## (.+)$", (TABLE.parent / "first_vae.py").read_text(), re.MULTILINE)


def test_there_are_79_rows_in_order_and_nothing_in_them_is_empty():
    assert [row[0] for row in ROWS] == [str(i) for i in range(1, 80)]
    for row in ROWS:
        assert len(row) == 4, row
        assert all(row), row
        assert re.search(r"\]\(|`minivae train", row[3]), f"{row[0]}: nothing serves it"


def test_every_source_is_one_of_the_five():
    shorts = re.findall(r"^\| (\S+) \| [A-Z][^|]+ \|$", TEXT, re.MULTILINE)
    assert len(shorts) == 5
    used = {source for row in ROWS for source in row[2].split(", ")}
    assert used == set(shorts)


def test_every_link_of_the_document_leads_to_a_file():
    targets = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert targets
    assert not [t for t in targets if not (TABLE.parent / t).is_file()]


@pytest.mark.parametrize(("label", "target"), LINKS)
def test_what_a_link_names_is_in_the_file_that_it_leads_to(label, target):
    path = (TABLE.parent / target).resolve().relative_to(ROOT)
    name = label.strip("`")
    if label.startswith("First VAE: "):
        assert target == "first_vae.ipynb"
        assert label.removeprefix("First VAE: ") in HEADINGS
    elif label.startswith("`"):
        first, *rest = name.split(".")
        assert first in _defined(path), f"{first} is not in {path}; is it in {_homes(first)}?"
        if rest:
            thing = getattr(import_module(".".join(path.with_suffix("").parts)), first)
            assert hasattr(thing, ".".join(rest))
    else:
        assert path.parts[0] != "minivae", "a link into the package names what it leads to"


def _homes(name):
    """The files that define a name, for the message."""
    files = (path.relative_to(ROOT) for path in ROOT.glob("minivae/**/*.py"))
    return [str(path) for path in files if name in _defined(path)]


@cache
def _defined(path):
    """The names that a file itself defines, not those that it imports."""
    names = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def test_every_command_can_be_typed():
    commands = re.findall(r"`minivae train ([^`]+)`", "".join(row[-1] for row in ROWS))
    assert commands
    assert not [name for name in commands if name not in RECIPES]
