"""Where the boxes of a drawing go: the layered layout of Sugiyama, Tagawa and Toda (1981).

1. Rows: an operation stands below its operands; leaves, right above the first that needs them.
2. Lines: a box that is needed further down sends a line through the rows between. There the line
   takes part like a box without width, so that nothing is ever drawn across a box.
3. Places: every link pulls its ends until one is straight above the other. Row by row, boxes move
   to where their links want them, as near as their neighbours let them. The first sweeps also
   sort the rows by these wishes; the order with the fewest crossings is kept.

A *stop* (row, box) is a box in its row, or the line that it sends in one of the rows below.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from operator import itemgetter
from typing import NamedTuple

Stop = tuple[int, int]
Pull = tuple[float, Stop, float]  # weight, the other end, and how far right of that to stand
GAP = 18.0  # between neighbours in a row
PORT = 14.0  # between the arrows into one box, unless it is too narrow for them
SPINE, LEAF = 16.0, 1e-3  # how strongly pull: links into the middle, and links from leaves
SOFT = 3.0  # slants below this are as good as none
SORTING, STRAIGHTENING = 8, 300  # sweeps
PATIENCE = 200_000  # moves of stops when straightening: about two seconds


class Link(NamedTuple):
    """A line from a stop to one in the next row, which it reaches ``port`` right of its middle."""

    above: Stop
    below: Stop
    port: float


def layered(
    operands: Sequence[Sequence[int]], widths: Sequence[float]
) -> tuple[list[int], list[Link], dict[Stop, float]]:
    """Lay out a graph whose boxes are numbered so that operands come first.

    Parameters
    ----------
    operands : sequence of sequences of int
        For each box the boxes it is made from, in order; none for a leaf.
    widths : sequence of float
        The width of each box.

    Returns
    -------
    rows : list of int
        The row of each box, counted from above.
    links : list of Link
        What is to be drawn, sorted. A box is reached in the order of its operands.
    places : dict
        The middle of every stop, from the left edge of the leftmost.

    Examples
    --------
    >>> rows, links, places = layered([[], [0, 0], [1, 0]], [40.0, 40.0, 40.0])  # x*x + x
    >>> rows
    [0, 1, 2]
    >>> [(above, below) for above, below, _ in links]
    [((0, 0), (1, 0)), ((0, 0), (1, 1)), ((0, 0), (1, 1)), ((1, 0), (2, 2)), ((1, 1), (2, 2))]
    """
    rows = _rows(operands)
    links = sorted(_links(operands, rows, widths))
    boxes = {(row, box): width for box, (row, width) in enumerate(zip(rows, widths, strict=True))}
    width = dict.fromkeys(chain.from_iterable(link[:2] for link in links), 0.0) | boxes
    order: list[list[Stop]] = [[] for _ in range(max(rows) + 1)]
    for stop in sorted(width):
        order[stop[0]].append(stop)
    from_above, from_below = (
        defaultdict[Stop, list[Pull]](list),
        defaultdict[Stop, list[Pull]](list),
    )
    for above, below, port in links:
        weight = (1.0 if port else SPINE) * (1.0 if operands[above[1]] else LEAF)
        from_above[below].append((weight, above, -port))
        from_below[above].append((weight, below, port))
    places = dict.fromkeys(width, 0.0)

    def wish(stop: Stop, pulls: list[Pull]) -> tuple[float, float]:
        """Return where its links want a stop, and how strongly.

        They want the least Σ w|d|, d being their slant: an absolute value, unlike a square, bends
        a long line once, not a little in every row. Since |d| = d²/|d|, it is a weighted mean.
        """
        total = mean = 0.0
        for weight, end, port in pulls or [(1.0, stop, 0.0)]:
            slant = places[end] + port - places[stop]
            total += weight / (SOFT + abs(slant))
            mean += weight / (SOFT + abs(slant)) * slant
        return places[stop] + mean / total, total

    def settle(row: list[Stop], wishes: list[tuple[float, float]]) -> None:
        apart = [GAP + (width[s] + width[t]) / 2 for s, t in pairwise(row)]
        places.update(zip(row, spaced(wishes, apart), strict=True))

    found = []
    for sweep in range(SORTING):
        downwards = sweep % 2 == 0
        near, far = (from_above, from_below) if downwards else (from_below, from_above)
        for row in order if downwards else reversed(order):
            wishes = {stop: wish(stop, near[stop] or far[stop]) for stop in row}
            row.sort(key=wishes.__getitem__)
            settle(row, [wishes[stop] for stop in row])
        found.append((_crossings(links, places), [list(row) for row in order]))
    order = min(found, key=itemgetter(0))[1]
    for _ in range(min(STRAIGHTENING, PATIENCE // len(width))):
        for row in chain(order, reversed(order)):
            settle(row, [wish(stop, from_above[stop] + from_below[stop]) for stop in row])
    left = min(places[s] - width[s] / 2 for s in width)
    return rows, links, {s: x - left for s, x in places.items()}


def _rows(operands: Sequence[Sequence[int]]) -> list[int]:
    """Count the steps of the longest way to each box; what leaves alone make waits for its use."""
    rows: list[int] = []
    first = [len(operands)] * len(operands)
    for above in operands:
        rows.append(1 + max((rows[i] for i in above), default=-1))
    for box in reversed(range(len(operands))):
        if box != len(operands) - 1 and not any(operands[i] for i in operands[box]):
            rows[box] = first[box] - 1
        for i in operands[box]:
            first[i] = min(first[i], rows[box])
    return rows


def _links(
    operands: Sequence[Sequence[int]], rows: Sequence[int], widths: Sequence[float]
) -> set[Link]:
    """Connect boxes; the operation among leaves is reached in the middle, for a straight spine."""
    links = set()
    for box, above in enumerate(operands):
        made = [k for k, i in enumerate(above) if operands[i]]
        middle = made[0] if len(made) == 1 else (len(above) - 1) / 2
        port = min(PORT, widths[box] / 2 / len(above)) if above else 0.0
        for k, i in enumerate(above):
            stops = [(row, i) for row in range(rows[i], rows[box])]
            links |= {Link(a, b, 0.0) for a, b in pairwise(stops)}
            links.add(Link(stops[-1], (rows[box], box), port * (k - middle)))
    return links


def spaced(wishes: Sequence[tuple[float, float]], apart: Iterable[float]) -> list[float]:
    """Return the places nearest to weighted wishes that keep their order and distance.

    They minimise Σ wᵢ(xᵢ - wishᵢ)² with xᵢ₊₁ - xᵢ ≥ apartᵢ. Pool adjacent violators: once the
    distances are subtracted, x must only not decrease; where it does, merge into the mean.

    Examples
    --------
    >>> spaced([(0.0, 1.0), (0.0, 1.0), (50.0, 1.0)], [10.0, 10.0])
    [-5.0, 5.0, 50.0]
    """
    starts = list(accumulate(apart, initial=0.0))
    pools: list[tuple[float, float, int]] = []  # their place, weight and number of members
    for (wish, weight), start in zip(wishes, starts, strict=True):
        pools.append((wish - start, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (x, v, m), (y, w, n) = pools[-2:]
            pools[-2:] = [((v * x + w * y) / (v + w), v + w, m + n)]
    merged = chain.from_iterable([x] * members for x, _, members in pools)
    return [x + start for x, start in zip(merged, starts, strict=True)]


def _crossings(links: Iterable[Link], places: dict[Stop, float]) -> int:
    """Count the pairs of links that cross: inversions of their lower ends, left to right."""
    ends = sorted((a[0], places[a], places[b] + port) for a, b, port in links)
    count, row = 0, -1
    passed: list[float] = []
    for gap, _, end in ends:
        if gap != row:
            row, passed = gap, []
        count += len(passed) - bisect(passed, end)
        insort(passed, end)
    return count
