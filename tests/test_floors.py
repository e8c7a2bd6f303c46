"""The house stands: a floor imports only from floors below it, and nothing imports in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import minivae

PACKAGE = Path(minivae.__file__).parent
FLOORS = [  # from the ground up; floors of one line do not import each other
    {"files", "kernels", "data"},
    {"engine"},
    {"nn", "testing"},
    {"distributions", "optim"},
    {"models"},
    {"training"},
    {"evaluation", "viz", "bench"},
    {"runs"},
    {"cli"},
]
LEVEL = {name: level for level, floor in enumerate(FLOORS) for name in floor}


def modules():
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(("minivae", *parts)).removesuffix(".__init__"), path


def imports(path):
    """Names that a file imports from minivae when it runs, also inside functions."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):  # what only a type checker reads does not count
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minivae"):
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("minivae"))


def test_every_part_of_the_package_stands_on_a_floor():
    parts = {name.split(".")[1] for name, _ in modules() if "." in name}
    assert parts - {"__main__"} == set(LEVEL)


def test_floors_import_downward_only():
    for name, path in modules():
        own = name.split(".")[1] if "." in name else None
        if own in LEVEL:
            for imported in imports(path):
                part = imported.split(".")[1]
                assert part == own or LEVEL[part] < LEVEL[own], f"{name} imports {imported}"


def test_no_module_imports_itself_through_others():
    known = {name for name, _ in modules()}
    graph = {}
    for name, path in modules():
        targets = set()
        for imported in imports(path):
            while imported not in known:
                imported = imported.rpartition(".")[0]
            targets.add(imported)
        graph[name] = targets - {name, "minivae"}
    for name, targets in graph.items():  # a package imports its parts; these may name each other
        parents = {name.rpartition(".")[0]}
        graph[name] = targets - parents
    list(TopologicalSorter(graph).static_order())


def test_matplotlib_is_imported_by_the_figures_only():
    for name, path in modules():
        if not name.startswith("minivae.viz"):
            assert "matplotlib" not in path.read_text().replace("Matplotlib", ""), name
