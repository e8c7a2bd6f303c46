"""Build the lectures: run each source top to bottom and store the notebook with its outputs.

A lecture is written in ``<name>.py``, in jupytext's percent format, which reads and diffs well.
``<name>.ipynb`` is made from it and is what students open.

    python lectures/build.py             write the notebooks
    python lectures/build.py --check     write nothing; fail if a cell fails, or if a stored
                                         notebook does not have the cells of its source

Names of lectures may follow, as in ``build.py first_vae``; without any, all are built.
"""

import argparse
import base64
import hashlib
import io
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

HERE = Path(__file__).parent
METADATA = {  # nothing that depends on the machine or the day
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lectures():
    """Return the sources of all lectures."""
    return sorted(path for path in HERE.glob("*.py") if path != Path(__file__))


def read_source(path):
    """Read a lecture's source as a notebook without outputs."""
    notebook = jupytext.read(path)
    notebook.nbformat_minor = 5
    notebook.metadata = nbformat.from_dict(METADATA)
    seen = set()
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        text, copies = f"{cell.cell_type}\n{cell.source}", 0
        while (name := hashlib.sha256(f"{text}{copies}".encode()).hexdigest()[:8]) in seen:
            copies += 1
        seen.add(name)
        cell.id = name  # of its text: a cell that moves keeps its id, and diffs stay small
    return notebook


def cells(notebook):
    """Return what must be equal in a source and its notebook."""
    return [(cell.cell_type, cell.id, cell.source) for cell in notebook.cells]


def in_step(path):
    """Tell whether the stored notebook of a source has the same cells."""
    stored = path.with_suffix(".ipynb")
    return stored.exists() and cells(nbformat.read(stored, 4)) == cells(read_source(path))


def run(notebook):
    """Run a notebook in its own kernel, in the lectures' folder, and tidy what it put out."""
    client = NotebookClient(
        notebook, timeout=600, record_timing=False, resources={"metadata": {"path": str(HERE)}}
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel has added its version
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = tidy(cell.outputs)
    nbformat.validate(notebook)


def tidy(outputs):
    """Join what was printed in pieces, send stderr to the terminal, and make figures small."""
    kept = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            print(output.text, file=sys.stderr, end="")
            continue
        if kept and output.output_type == kept[-1].output_type == "stream":
            kept[-1].text += output.text
            continue
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = small_png(output.data["image/png"])
        kept.append(output)
    return kept


def small_png(encoded):
    """Store a figure with a palette of 256 colours: a third of the size, and no visible change."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    small = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode() + "\n"


def main():
    """Build or check the lectures named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="lectures, such as first_vae; by default all")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    options = parser.parse_args()
    paths = [HERE / f"{Path(name).stem}.py" for name in options.names] or lectures()
    if missing := [path.stem for path in paths if path not in lectures()]:
        known = ", ".join(path.stem for path in lectures())
        sys.exit(f"no lecture {', '.join(missing)}; there are: {known}")
    failed = False
    for path in paths:
        notebook, start = read_source(path), time.perf_counter()
        try:
            run(notebook)
        except CellExecutionError as error:
            print(f"{path.name}: a cell failed\n{error}", file=sys.stderr)
            failed = True
            continue
        seconds = time.perf_counter() - start
        if not options.check:
            nbformat.write(notebook, path.with_suffix(".ipynb"))
        elif not in_step(path):
            print(f"{path.stem}.ipynb is not that of its source: run python lectures/build.py")
            failed = True
            continue
        print(f"{path.stem}: {len(notebook.cells)} cells, {seconds:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
