"""The picture of a graph: what a tensor was made from, as an SVG and as text for Graphviz."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Any

import numpy as np

from minivae.engine.layout import layered
from minivae.engine.tensor import Tensor
from minivae.files import write_atomically

LARGEST = 500  # boxes; nobody reads more
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_HEIGHT, _PITCH, _MARGIN = 40.0, 76.0, 12.0  # of a box, from row to row, around all
_NARROW = frozenset(ascii_lowercase + digits + " ()[].,:·_") - {"m", "w"}
_INK, _PENCIL = "#222222", "#666666"
_LOOK = {  # fill, stroke, its width, rounding, dashes; Okabe and Ito's blue and vermillion
    "operation": ("#F2F2F0", "#8A8A8A", 1.0, 4, "none"),
    "variable": ("#DCEBF6", "#0072B2", 1.4, 20, "none"),
    "constant": ("#FFFFFF", "#8A8A8A", 1.2, 20, "4 3"),
    "result": ("#FCE9DC", "#D55E00", 2.2, 4, "none"),
}


@dataclass(frozen=True)
class Drawing:
    """The picture of a graph, which a notebook shows by itself.

    Attributes
    ----------
    title : str
        What is drawn, in words.
    svg, dot : str
        The picture, and the graph in the language of Graphviz.
    """

    title: str
    svg: str = field(repr=False)
    dot: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a ``.svg`` file, or the graph to a ``.dot`` file, atomically.

        Raises
        ------
        ValueError
            If the path has another suffix.
        OSError
            If the folder is not there or cannot be written.
        """
        path = Path(path)
        content = {".svg": self.svg, ".dot": self.dot}.get(path.suffix.lower())
        if content is None:
            raise ValueError(
                f"save: a drawing is written as .svg or .dot, not as {path.suffix or 'no suffix'!r}"
                f"; pass {str(path.with_suffix('.svg'))!r}"
            )
        write_atomically(path, content)
        return path


@dataclass(frozen=True)
class _Box:
    kind: str
    title: str
    shape: str
    operands: list[int]

    @property
    def width(self) -> float:
        """Room for the labels in every common sans-serif; wide letters take more of it."""
        return max(64.0, 20 + _room(self.title, 13), 20 + _room(self.shape, 11))


def draw(y: Tensor, /, **names: Any) -> Drawing:
    """Draw the graph behind ``y``, from its leaves down to ``y``.

    Operations are grey, with their result's shape; what requires a gradient is blue, constants
    are dashed, and ``y`` is orange. Arrows reach an operation in the order of its operands.
    Numbers stand in its label, where ``·`` is an operand: ``multiply(·, 0.5)``.

    Parameters
    ----------
    y : Tensor
        The result, before ``backward`` frees its graph.
    **names : Tensor, ndarray or Module
        What to call tensors and arrays; a module's parameters are called after it and their path.

    Raises
    ------
    TypeError
        If ``y`` is not a tensor, or a name is given to something that has no place in a graph.
    ValueError
        If a name's owner does not occur in the graph, or the graph is too large to be read.
    RuntimeError
        If the graph has been freed.

    Examples
    --------
    >>> import minivae as mv
    >>> x = mv.tensor([1.0, 2.0], requires_grad=True)
    >>> drawing = mv.draw((x * x + x).sum(), x=x)
    >>> drawing
    Drawing(title='the graph of sum: 4 boxes')
    >>> print(drawing.dot)  # doctest: +ELLIPSIS
    digraph {
    ...
      n0 -> n1;
      n0 -> n1;
      n1 -> n2;
      n0 -> n2;
      n2 -> n3;
    }
    """
    if not isinstance(y, Tensor):
        raise TypeError(
            f"draw: only a tensor remembers how it was made, this is a {type(y).__name__}; "
            "pass the result of minivae's operations on tensors"
        )
    graph = _operands_first(y)
    if len(graph) > LARGEST:
        raise ValueError(
            f"draw: the graph has {len(graph)} boxes, more than the {LARGEST} that can be read; "
            "draw an intermediate result, or a smaller model or fewer steps"
        )
    number = {id(a): n for n, a in enumerate(graph)}
    called = _called(names, number)
    boxes = []
    for n, a in enumerate(graph):
        node = getattr(a, "node", None)
        leaf = "variable" if getattr(a, "requires_grad", False) else "constant"
        made = _applied(node) if node else ""
        title = " = ".join(filter(None, [", ".join(called[n]), made])) or leaf
        title = "".join(c if c.isprintable() else "�" for c in title)
        kind = "result" if a is y else "operation" if node else leaf
        boxes.append(_Box(kind, title, str(a.shape), [number[id(x)] for x in _operands(a)]))
    title = f"the graph of {boxes[-1].title}: {len(boxes)} box{'es' * (len(boxes) > 1)}"
    return Drawing(title, _svg(boxes, title), _dot(boxes))


def _operands(a: Any) -> list[Any]:
    """Return the tensors and arrays that a tensor was made from; numbers are part of its label."""
    node = getattr(a, "node", None)
    if node is None:
        return []
    if node.args is None:
        raise RuntimeError(
            f"draw: the graph behind this {node.op.__name__} was freed by a backward(); "
            "draw before it, or pass it retain_graph=True"
        )
    return [x for x in node.args if isinstance(x, Tensor | np.ndarray)]


def _operands_first(y: Tensor) -> list[Any]:
    """List all that ``y`` was made from, each once and after its operands, without recursion."""
    listed, seen, stack = [], set(), [(y, False)]
    while stack:
        a, finished = stack.pop()
        if finished:
            listed.append(a)
        elif id(a) not in seen:
            seen.add(id(a))
            stack += [(a, True), *((x, False) for x in reversed(_operands(a)))]
    return listed


def _called(names: dict[str, Any], number: dict[int, int]) -> defaultdict[int, list[str]]:
    """Return the names of each box."""
    called = defaultdict(list)
    for name, owner in names.items():
        if hasattr(owner, "named_parameters"):
            owned = [(f"{name}.{path}", a) for path, a in owner.named_parameters()]
        elif isinstance(owner, Tensor | np.ndarray):
            owned = [(name, owner)]
        else:
            raise TypeError(
                f"draw: {name} is a {type(owner).__name__}; names are for tensors, arrays, modules"
            )
        present = [(number[id(a)], full) for full, a in owned if id(a) in number]
        if not present:
            raise ValueError(
                f"draw: {name} does not occur in the graph; pass the very tensor or array that "
                "was computed with, not a copy"
            )
        for n, full in present:
            called[n].append(full)
    return called


def _applied(node: Any) -> str:
    """Write an operation with its numbers and telling static arguments: ``sum(axis=1)``."""
    operands = ["·" if isinstance(x, Tensor | np.ndarray) else _brief(x) for x in node.args]
    static = [
        f"{key}={_brief(value)}"
        for key, value in node.static.items()
        if value is not None and value is not False and key != "shape"  # shown underneath
    ]
    shown = [*(operands if set(operands) != {"·"} else []), *static]
    return f"{node.op.__name__}({', '.join(shown)})" if shown else node.op.__name__


def _brief(value: Any) -> str:
    """Write a number, an axis, an index in a few characters."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))})"
    if isinstance(value, slice):
        return ":".join("" if end is None else str(end) for end in (value.start, value.stop))
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    text = "…" if value is ... else f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 24 else text[:23] + "…"


def _room(text: str, size: float) -> float:
    """Bound the width of a text from above, also in a font as wide as DejaVu Sans."""
    return size * sum(0.64 if c in _NARROW else 1.0 for c in text)


def _svg(boxes: list[_Box], title: str) -> str:
    """Draw boxes over the links; an arrow's head points straight down, as the curves arrive."""
    rows, links, places = layered([box.operands for box in boxes], [box.width for box in boxes])
    ends = [places[row, n] + boxes[n].width / 2 for n, row in enumerate(rows)]
    width = 2 * _MARGIN + max(*places.values(), *ends)
    height = 2 * _MARGIN + _PITCH * max(rows) + _HEIGHT
    curves, heads, drawn = [], [], []
    for above, below, port in links:
        x, y = _MARGIN + places[above], _MARGIN + _PITCH * above[0] + _HEIGHT
        to, end = _MARGIN + places[below] + port, _MARGIN + _PITCH * below[0]
        arrives = below[0] == rows[below[1]]
        half = (y + end) / 2
        curves.append(f"M{x:.1f} {y:.1f}C{x:.1f} {half:.1f} {to:.1f} {half:.1f} {to:.1f} ")
        curves[-1] += f"{end - 6:.1f}" if arrives else f"{end:.1f}v{_HEIGHT:.1f}"
        if arrives:
            heads.append(f"M{to:.1f} {end - 1:.1f}l-3.5 -7h7z")
    for n, (box, row) in enumerate(zip(boxes, rows, strict=True)):
        fill, stroke, line, rounding, dashes = _LOOK[box.kind]
        x, y = _MARGIN + places[row, n], _MARGIN + _PITCH * row
        drawn.append(
            f'<rect x="{x - box.width / 2:.1f}" y="{y:.1f}" width="{box.width:.1f}" '
            f'height="{_HEIGHT:.1f}" rx="{rounding}" fill="{fill}" stroke="{stroke}" '
            f'stroke-width="{line}" stroke-dasharray="{dashes}"/>\n'
            f'<text x="{x:.1f}" y="{y + 17:.1f}" font-size="13" fill="{_INK}">'
            f"{escape(box.title)}</text>\n"
            f'<text x="{x:.1f}" y="{y + 32:.1f}" font-size="11" fill="{_PENCIL}">'
            f"{escape(box.shape)}</text>"
        )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" '
            f'width="{width:.1f}" style="max-width: 100%" role="img">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="white"/>',
            f'<path d="{"".join(curves)}" fill="none" stroke="{_PENCIL}" stroke-width="1.2"/>',
            f'<path d="{"".join(heads)}" fill="{_PENCIL}"/>',
            f'<g text-anchor="middle" font-family="{_FONT}">',
            *drawn,
            "</g>\n</svg>\n",
        ]
    )


def _dot(boxes: list[_Box]) -> str:
    """Write the graph for Graphviz, every box once and an arrow for every operand."""
    lines = ["digraph {", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for n, box in enumerate(boxes):
        label = box.title.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
        fill, stroke = _LOOK[box.kind][:2]
        lines.append(
            f'  n{n} [label="{label}\\n{box.shape}", fillcolor="{fill}", color="{stroke}"];'
        )
    lines += [f"  n{i} -> n{n};" for n, box in enumerate(boxes) for i in box.operands]
    return "\n".join([*lines, "}\n"])
