"""The picture of a graph: nothing overlaps, nothing is missing, everything flows downwards."""

import re
from html import unescape
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import findfont, get_font

import minivae as mv
from minivae.engine.draw import LARGEST, draw
from minivae.engine.layout import GAP, layered, spaced

SVG = "{http://www.w3.org/2000/svg}"


def leaf(*values):
    return mv.tensor(np.array(values), requires_grad=True)


def two_layers():
    rng = np.random.default_rng(0)
    net = mv.nn.MLP([4, 3, 1], activation="tanh", rng=rng)
    x = mv.tensor(rng.normal(size=(5, 4)))
    return mv.softplus(net(x)).sum(), x, net


def parsed(drawing):
    """Return the root, the (x, y, width, height) of the boxes, and each box's texts."""
    root = ElementTree.fromstring(drawing.svg)
    group = root.find(f"{SVG}g")
    boxes = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in group.findall(f"{SVG}rect")
    ]
    texts = group.findall(f"{SVG}text")
    return root, boxes, list(zip(texts[::2], texts[1::2], strict=True))


def labels(drawing):
    return [title.text for title, _ in parsed(drawing)[2]]


@st.composite
def graphs(draw):
    """Operands of each box, lower numbers only, every box but the last of use to another."""
    operands = [[]]
    for box in range(1, draw(st.integers(1, 16))):
        operands.append(draw(st.lists(st.integers(0, box - 1), max_size=4)))
    unused = set(range(len(operands))) - {i for above in operands for i in above}
    return [*operands, sorted(unused)]


@st.composite
def layouts(draw):
    operands = draw(graphs())
    size = len(operands)
    widths = draw(st.lists(st.floats(20.0, 300.0), min_size=size, max_size=size))
    return operands, widths, layered(operands, widths)


@given(layouts())
@settings(max_examples=40)
def test_neighbours_keep_their_distance_also_from_the_lines_between_them(layout):
    _, widths, (rows, _, places) = layout
    for row in range(max(rows) + 1):
        stops = sorted((x, box) for (r, box), x in places.items() if r == row)
        assert stops, "a row is empty"
        for (x, a), (y, b) in pairwise(stops):
            half = sum(widths[box] / 2 for box in (a, b) if rows[box] == row)
            assert y - x >= half + GAP - 1e-6


@given(layouts())
@settings(max_examples=40)
def test_the_drawing_begins_at_its_leftmost_box_or_line(layout):
    _, widths, (rows, _, places) = layout
    edges = [x - widths[box] / 2 * (rows[box] == row) for (row, box), x in places.items()]
    assert min(edges) == pytest.approx(0.0)


@given(layouts())
@settings(max_examples=40)
def test_links_lead_from_every_operand_down_to_its_operation_row_by_row(layout):
    operands, _, (rows, links, _) = layout
    arrivals = [[] for _ in operands]
    lines = {(above, below) for above, below, _ in links}
    for above, below, port in links:
        assert below[0] == above[0] + 1
        if below[0] == rows[below[1]]:
            arrivals[below[1]].append((port, above[1]))
        else:
            assert above[1] == below[1]
            assert port == 0.0
    for box, above in enumerate(operands):
        assert [i for _, i in sorted(arrivals[box])] == above  # from left to right
        for i in above:
            stops = [(row, i) for row in range(rows[i], rows[box])]
            assert set(pairwise([*stops, (rows[box], box)])) <= lines


@given(layouts())
@settings(max_examples=40)
def test_arrows_end_on_their_box(layout):
    _, widths, (rows, links, _) = layout
    for _, (row, box), port in links:
        if row == rows[box]:
            assert abs(port) < widths[box] / 2


@given(layouts())
@settings(max_examples=40)
def test_a_leaf_stands_right_above_its_first_consumer(layout):
    operands, _, (rows, _, _) = layout
    for i, above in enumerate(operands[:-1]):
        if not above:
            assert rows[i] == min(rows[n] for n, made in enumerate(operands) if i in made) - 1


@given(
    st.lists(st.tuples(st.floats(-99, 99), st.floats(0.1, 9)), min_size=1, max_size=8),
    st.floats(0, 30),
    st.integers(0, 2**32 - 1),
)
def test_spaced_is_the_feasible_point_nearest_to_the_wishes(wishes, gap, seed):
    """The optimum x of a convex problem: Σ w (x - wish)(y - x) >= 0 for every feasible y."""
    x = np.array(spaced(wishes, [gap] * (len(wishes) - 1)))
    wish, weight = np.array(wishes).T
    assert np.all(np.diff(x) >= gap - 1e-9)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        y = rng.normal(0, 99) + np.cumsum(gap + rng.exponential(20, len(x)) * rng.integers(0, 2))
        assert np.sum(weight * (x - wish) * (y - x)) >= -1e-6


def test_a_tree_is_drawn_without_crossings():
    """Operands are numbered so that their first order has crossings."""
    operands = [[], [], [], [], [0], [1], [2], [3], [6, 4], [7, 5], [8, 9]]
    rows, links, places = layered(operands, [50.0] * len(operands))
    for row in range(max(rows)):
        ends = sorted((places[a], places[b] + port) for a, b, port in links if a[0] == row)
        assert [end for _, end in ends] == sorted(end for _, end in ends)


def middles(drawing, *titles):
    _, boxes, texts = parsed(drawing)
    return [
        x + width / 2
        for (x, _, width, _), (title, _) in zip(boxes, texts, strict=True)
        if title.text.startswith(titles)
    ]


def test_the_spine_of_a_network_is_straight():
    loss, _, _ = two_layers()
    assert np.ptp(middles(draw(loss), "linear", "tanh", "softplus", "sum")) <= 2


def test_a_chain_is_straight_beside_a_long_line_and_whatever_its_widths():
    W, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    chain = mv.exp(mv.tanh(mv.log(mv.exp(W @ x) * 0.123) ** 2.0)).reshape(1, 1)
    found = middles(
        draw(chain + (W * W * W).sum()), "matmul", "exp", "multiply(", "log", "power", "tanh"
    )
    assert len(found) == 7
    assert np.ptp(found) <= 2


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=20))
def test_boxes_and_curves_stay_on_the_canvas_and_boxes_apart(edges):
    made = [leaf(1.0)]
    for i, j in edges:
        made.append(made[i % len(made)] * made[j % len(made)])
    drawing = draw(made[-1])
    root, boxes, _ = parsed(drawing)
    _, _, width, height = map(float, root.get("viewBox").split())
    for x, y, w, h in boxes:
        assert min(x, y) > 0
        assert x + w < width
        assert y + h < height
    for (x, y, w, h), (X, Y, W, H) in combinations(boxes, 2):
        assert x + w < X or x > X + W or y + h < Y or y > Y + H
    for path in root.findall(f"{SVG}path"):
        for x, y in re.findall(r"M([\d.-]+) ([\d.-]+)", path.get("d")):
            assert 0 < float(x) < width
            assert 0 < float(y) < height
    assert drawing == draw(made[-1])  # the same bytes


def test_a_line_at_the_right_edge_is_on_the_canvas():
    x = leaf(3.0)
    root, _, _ = parsed(draw(x * x + x))
    curves = root.find(f"{SVG}path").get("d")
    turns = [float(x) for x in re.findall(r"C[\d.]+ [\d.]+ ([\d.]+)", curves)]
    assert max(turns) < float(root.get("viewBox").split()[2])


LETTERS = st.characters(codec="latin-1", exclude_categories=["C"])


@given(st.text(LETTERS | st.sampled_from("<&\"'>\\W@Ωμ"), min_size=1, max_size=40))
@example("W" * 40)
@example("encoder.layers.0.weight")
def test_every_name_is_escaped_and_inside_its_box(name):
    x = leaf(1.0)
    drawing = draw(mv.exp(x), **{name: x})
    _, boxes, texts = parsed(drawing)
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
    assert texts[0][0].text == shown
    font = get_font(findfont("DejaVu Sans"))
    for (_, y, width, height), both in zip(boxes, texts, strict=True):
        for text in both:
            font.set_size(float(text.get("font-size")), 72)
            font.set_text(text.text)
            assert font.get_width_height()[0] / 64 < width - 4
            assert y + float(text.get("font-size")) < float(text.get("y")) < y + height - 4


@given(st.text(min_size=1))
@example("&lt;")
def test_any_name_makes_an_xml_that_parses_and_a_dot_with_one_line_a_box(name):
    x = leaf(1.0)
    drawing = draw(mv.exp(x), **{name: x})
    parsed(drawing)
    drawing.svg.encode()
    (declared,) = re.findall(r'^  n0 \[label="((?:[^"\\]|\\.)*)", [^"]*"#', drawing.dot, re.M)
    text = declared.removesuffix(r"\n(1,)")
    assert unescape(re.sub(r"\\(.)", r"\1", text)) == "".join(
        c if c.isprintable() else "\ufffd" for c in name
    )


def test_dot_declares_every_box_once_and_every_operand_has_its_arrow():
    loss, _, _ = two_layers()
    x = leaf(1.0, 2.0)
    for y, arrows in ((loss, 8), ((x * x + x).sum(), 5)):
        dot = draw(y).dot
        declared = re.findall(r"^  (n\d+) \[label=", dot, re.M)
        drawn = re.findall(r"^  (n\d+) -> (n\d+);$", dot, re.M)
        assert len(declared) == len(set(declared))
        assert len(drawn) == arrows
        assert {end for arrow in drawn for end in arrow} == set(declared)
        assert dot.startswith("digraph {")
        assert dot.endswith("}\n")
        assert len(dot.splitlines()) == len(declared) + len(drawn) + 3


def test_tensors_arrays_and_the_parameters_of_modules_are_called_by_their_names():
    loss, x, net = two_layers()
    found = labels(draw(loss, x=x, net=net, loss=loss))
    parameters = [f"net.{path}" for path, _ in net.named_parameters()]
    steps = {"dense(activation=tanh)", "linear", "softplus", "loss = sum"}
    assert set(found) == {"x", *parameters, *steps}
    eps = np.ones(2)
    assert sorted(labels(draw(leaf(1.0, 2.0) * eps, eps=eps))) == ["eps", "multiply", "variable"]


def test_a_box_with_two_names_shows_both():
    loss, _, net = two_layers()
    found = labels(draw(loss, W=net.layers[0].weight, net=net))
    assert "W, net.layers.0.weight" in found


def test_a_module_may_have_parameters_that_the_graph_does_not_use():
    _, x, net = two_layers()
    found = labels(draw(net.layers[0](x), net=net))
    assert [name for name in found if name.startswith("net")] == [
        "net.layers.0.weight",
        "net.layers.0.bias",
    ]


def test_numbers_and_telling_arguments_stand_in_the_label():
    x = mv.tensor(np.ones((5, 4)), requires_grad=True)
    assert labels(draw(1.0 - (x * 0.5).sum(axis=1)[..., 1:3].reshape(2, 1))) == [
        "variable",
        "multiply(·, 0.5)",
        "sum(axis=1)",
        "getitem(index=(…, 1:3))",
        "reshape",
        "subtract(1, ·)",
    ]


def test_variables_constants_operations_and_the_result_look_different():
    x, c = leaf(1.0, 2.0), np.ones(2)
    drawing = draw(mv.exp(x * c).sum(), x=x, c=c)
    root, _, texts = parsed(drawing)
    rects = root.find(f"{SVG}g").findall(f"{SVG}rect")
    looks = {
        title.text: tuple(rect.get(key) for key in ("fill", "stroke", "rx", "stroke-dasharray"))
        for rect, (title, _) in zip(rects, texts, strict=True)
    }
    assert looks["multiply"] == looks["exp"]
    assert len(set(looks.values())) == 4


def test_a_leaf_is_a_drawing_of_one_box():
    drawing = draw(mv.tensor([1.0, 2.0]))
    assert labels(drawing) == ["constant"]
    assert "->" not in drawing.dot


def test_a_notebook_shows_the_picture_with_its_title():
    loss, _, _ = two_layers()
    drawing = draw(loss, loss=loss)
    assert drawing._repr_svg_() == drawing.svg
    assert parsed(drawing)[0].find(f"{SVG}title").text == drawing.title
    assert drawing.title == "the graph of loss = sum: 9 boxes"


@pytest.mark.parametrize("suffix", ["svg", "dot", "SVG"])
def test_save_writes_what_the_suffix_says(tmp_path, suffix):
    drawing = draw(leaf(1.0) * 2.0)
    path = drawing.save(tmp_path / f"graph.{suffix}")
    assert path.read_text(encoding="utf-8") == getattr(drawing, suffix.lower())


@pytest.mark.parametrize("name", ["graph.png", "graph"])
def test_save_refuses_other_suffixes(tmp_path, name):
    with pytest.raises(ValueError, match=r"as \.svg or \.dot, not .*graph\.svg"):
        draw(leaf(1.0) * 2.0).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_freed_graph_is_refused_and_a_retained_one_is_not():
    x = leaf(1.0)
    y = mv.exp(x).sum()
    y.backward(retain_graph=True)
    draw(y)
    y.backward()
    with pytest.raises(RuntimeError, match=r"behind this sum was freed.*retain_graph=True"):
        draw(y)


def test_a_graph_too_large_to_read_is_refused_however_long():
    x = leaf(1.0)
    y = x
    for _ in range(LARGEST - 1):
        y = y + 1.0
    assert len(labels(draw(y))) == LARGEST
    for _ in range(100_000):
        y = y + 1.0
    with pytest.raises(ValueError, match=f"has {LARGEST + 100_000} boxes.* {LARGEST} "):
        draw(y)


def test_names_of_what_does_not_occur_are_refused():
    x = leaf(1.0)
    for stranger in (leaf(1.0), np.ones(1), mv.nn.Linear(1, 1, rng=np.random.default_rng(0))):
        with pytest.raises(ValueError, match="stranger does not occur in the graph"):
            draw(mv.exp(x), x=x, stranger=stranger)
    with pytest.raises(TypeError, match="h is a float"):
        draw(mv.exp(x), h=0.5)


def test_only_tensors_are_drawn():
    with pytest.raises(TypeError, match="this is a ndarray; pass the result"):
        draw(np.ones(3))
