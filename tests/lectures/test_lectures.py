"""What every lecture promises its reader, as far as it can be told without running it."""

import importlib.util
import re
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[2]
EXERCISES = ROOT / "exercises"
SECTION = re.compile(r'"([^"]+)"')


def load_build():
    spec = importlib.util.spec_from_file_location("build", ROOT / "lectures" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load_build()
pytestmark = pytest.mark.parametrize("path", build.lectures(), ids=lambda path: path.stem)


def cells(path, kind):
    return [cell.source for cell in jupytext.read(path).cells if cell.cell_type == kind]


def prose(path):
    return "\n\n".join(cells(path, "markdown"))


def words(text):
    """Count the words of a text, without its formulas and tags."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|<[^>]*>", " ", text, flags=re.DOTALL)
    return len(re.findall(r"[^\W\d_][\w'’-]*", text))


def stored(path):
    return nbformat.read(path.with_suffix(".ipynb"), 4)


def outputs(path):
    return [o for cell in stored(path).cells for o in cell.get("outputs", [])]


def test_it_is_read_in_one_sitting(path):
    assert 1200 <= words(prose(path)) <= 2500


def test_its_cells_are_short(path):
    assert max(len(source.splitlines()) for source in cells(path, "code")) <= 30


def test_its_equations_are_numbered_from_1_without_a_gap(path):
    numbers = [int(n) for n in re.findall(r"\\tag\{(\d+)\}", prose(path))]
    assert len(numbers) >= 8
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_equation_is_checked_by_a_cell_below_it(path):
    pending = set()
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "markdown":
            pending |= set(re.findall(r"\\tag\{(\d+)\}", cell.source))
        elif re.search(r"\bassert\b|\bcheck\(", cell.source):
            pending -= set(re.findall(r"[\" ]\((\d+)\)", cell.source))
    assert not pending, f"no cell names these in a check: {sorted(pending, key=int)}"


def test_references_are_to_equations_and_figures_that_exist(path):
    text = prose(path)
    equations = set(re.findall(r"\\tag\{(\d+)\}", text))
    figures = re.findall(r"\*\*Figure (\d+)\.\*\*", text)
    assert set(re.findall(r"(?<![\w\\])\((\d+)\)", text)) <= equations
    assert set(re.findall(r"Figure (\d+)", text)) <= set(figures)
    assert figures == [str(k + 1) for k in range(len(figures))]


def test_every_figure_has_a_caption(path):
    pictures = [o for o in outputs(path) if "image/png" in o.get("data", {})]
    assert len(pictures) == prose(path).count("**Figure ") >= 5


def test_it_ends_with_five_questions_whose_answers_are_hidden(path):
    text = prose(path)
    assert re.findall(r"^\*\*(\d)\.\*\* ", text, re.MULTILINE) == list("12345")
    assert text.count("<details><summary>Answer</summary>") == text.count("</details>") == 5


def test_the_notebook_has_the_cells_of_its_source(path):
    assert build.in_step(path), "run python lectures/build.py"


def test_the_notebook_was_run_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in stored(path).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert outputs(path)


def test_the_notebook_holds_no_errors_and_no_warnings(path):
    assert [o for o in outputs(path) if o.output_type == "error"] == []
    assert [o for o in outputs(path) if o.get("name") == "stderr"] == []


def test_the_notebook_is_small_and_tells_nothing_of_its_machine(path):
    notebook = path.with_suffix(".ipynb")
    assert notebook.stat().st_size < 1_000_000
    text = re.sub(r'"image/png": "[^"]*"', "", notebook.read_text()) + path.read_text()
    found = re.findall(r"(?:/home|/tmp|/root|/usr|/Users|[A-Z]:\\\\)[/\\]?\w*", text)
    assert found == []
    assert stored(path).metadata == build.METADATA


def test_sections_that_exercises_refer_to_exist(path):
    headings = set(re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE))
    for exercise in [*EXERCISES.glob("*.py"), EXERCISES / "README.md"]:
        for line in exercise.read_text().splitlines():
            if path.stem in line and "section" in line:
                wanted = set(SECTION.findall(line.split("section", 1)[1]))
                assert wanted <= headings, f"{exercise.name}: {line}"


def test_a_changed_cell_is_noticed(path, tmp_path):
    changed = tmp_path / path.name
    changed.write_text(path.read_text().replace("import numpy as np", "import numpy", 1))
    changed.with_suffix(".ipynb").write_bytes(path.with_suffix(".ipynb").read_bytes())
    assert not build.in_step(changed)


def test_cell_ids_follow_the_text_and_not_the_place(path, tmp_path):
    first = [cell.id for cell in build.read_source(path).cells]
    longer = tmp_path / path.name
    longer.write_text(path.read_text() + "\n# %% [markdown]\n# One more.\n")
    assert [cell.id for cell in build.read_source(longer).cells][:-1] == first
    assert len(set(first)) == len(first)
