"""The order in which a walk visits a graph: by age.

Whatever an operation makes is younger than what it was made from. So from the youngest to the
oldest each tensor comes after all its consumers, and from the oldest to the youngest after all its
operands; and what is older than the inputs of a function cannot depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from minivae.engine.messages import freed

if TYPE_CHECKING:
    from minivae.engine.tensor import Tensor


def consumers_first(root: Tensor, stops: Iterable[Tensor] = (), since: int = 0) -> list[Tensor]:
    """List the tensors that operations made on the way to ``root``, each after all its consumers.

    Whatever consumes a tensor is younger than it: from the youngest to the oldest, then, and each
    once. Depth-first recursion would instead follow every *path*, of which k stacked
    ``x = x + x`` have 2ᵏ. The way ends at ``stops``, and at what was made before ``since``.
    """
    met = {*stops}
    made = []
    if root.node is not None and root not in met and root.node.born >= since:
        made.append(root)
        met.add(root)
    for z in made:  # which grows meanwhile
        node = z.node
        assert node is not None
        if node.args is None:
            raise freed(node.op.__name__)
        for i, _ in node.plan.adjoints:
            x = node.args[i]
            if x.node is not None and x not in met and x.node.born >= since:
                met.add(x)
                made.append(x)
    made.sort(key=attrgetter("node.born"), reverse=True)
    return made


def born(x: Tensor) -> int:
    """Return when ``x`` was made; of a leaf only a :class:`Variable` knows, of others it is 0."""
    return getattr(x, "born", 0) if x.node is None else x.node.born


def leading_to(inputs: Sequence[Tensor], made: list[Tensor]) -> set[Tensor]:
    """Return ``inputs`` and those of ``made`` that depend on them: the rest needs no cotangent."""
    leading = set(inputs)
    for z in reversed(made):
        assert z.node is not None
        if not leading.isdisjoint(z.node.tracked()):
            leading.add(z)
    return leading
