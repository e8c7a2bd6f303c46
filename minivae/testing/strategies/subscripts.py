"""Calls of einsum: subscripts from a list of well-known ones, or drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minivae.testing.strategies.arrays import numbers
from minivae.testing.strategies.call import Call

KNOWN = [
    *("ij,jk->ik", "ij,jk", "bij,bjk->bik", "i,i->", "i,j->ij", "ij,ij->ij", "ij,kj,k->i"),
    *("ii->i", "ii", "iij->ij", "ij->", "ij->j", "ij->ji", "ba", "i,i,i->", "iij,jk->k"),
    *("cab", "kj,ji", "bca,c", "zi,ia,ai"),
    *("...ij,...jk->...ik", "...i->...", "...i,i", "...,...->...", " ij , jk -> ik ", "Ab,bA"),
    *(",i->i", "ab,bc,cd->ad", "ij...,jk...->ik...", "iij,jii->"),
]
PLAIN = ["ij,jk->ik", "i,i->", "ij,ij->ij", "ij,kj->ki", "i,j->ij", "ij,j,ik->ik", "i->i", ",->"]


@st.composite
def _random(draw: st.DrawFn) -> str:
    """Draw subscripts for one to three operands, with or without a stated result."""
    terms = []
    for _ in range(draw(st.integers(1, 3))):
        term = draw(st.text("abc", max_size=3))
        terms.append(draw(st.sampled_from([term, "..." + term, term + "..."])))
    inputs = ",".join(terms)
    if draw(st.booleans()):
        return inputs
    letters = draw(st.permutations(sorted(set(inputs) & set("abc"))))
    kept = "".join(letters[: draw(st.integers(0, len(letters)))])
    return inputs + "->" + ("..." if "..." in inputs else "") + kept


@st.composite
def _shaped(draw: st.DrawFn, subscripts: str, dtype: Any) -> tuple[np.ndarray, ...]:
    """Draw operands that fit; where an index stands once in an operand, its size may be 1."""
    sizes: dict[str, int] = {}
    lead = draw(st.sampled_from([(), (2,), (3, 2)]))
    parts = []
    for term in subscripts.replace(" ", "").partition("->")[0].split(","):
        before, dots, after = term.partition("...")
        shape: list[int] = []
        for i in before + after:
            if i not in sizes:
                sizes[i] = draw(st.sampled_from([2, 3, 1, 0]))
            narrow = term.count(i) == 1 and draw(st.integers(0, 7)) == 7
            shape.append(1 if narrow else sizes[i])
        if dots:
            shape[len(before) : len(before)] = lead[draw(st.integers(0, len(lead))) :]
        parts.append(draw(numbers(tuple(shape), dtype=dtype)))
    return tuple(parts)


@st.composite
def _summed(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    subscripts = draw(st.sampled_from(KNOWN) | _random())
    return Call(name, draw(_shaped(subscripts, dtype)), first=(subscripts,))


@st.composite
def _contracted(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    subscripts = draw(st.sampled_from(PLAIN))
    return Call(name, draw(_shaped(subscripts, dtype)), {"subscripts": subscripts})


SUBSCRIPTS: dict[str, Callable[[str, Any], st.SearchStrategy[Call]]] = {
    "contract": _contracted,
    "einsum": _summed,
}
"""How to draw a call, by the function's name."""
