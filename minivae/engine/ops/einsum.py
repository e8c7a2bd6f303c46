"""Sums of products in index notation, as ``numpy.einsum`` writes them."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.indexing import diagonal
from minivae.engine.ops.reductions import sum
from minivae.engine.ops.shape import broadcast_to
from minivae.engine.registry import as_array, composed


@op(holomorphic=True)
def contract(*parts: Any, subscripts: str = "") -> Any:
    """Sum of products; in each operand every index occurs once, and again elsewhere.

    :func:`einsum` is its public form, which brings any other into this one.
    """
    dtype = np.result_type(*parts)  # that of the arrays, which numbers follow
    arrays = [np.asarray(part, dtype) for part in parts]
    if not all(array.size for array in arrays):
        # Sums of nothing are 0. numpy.einsum may read beyond an empty array: it gets zeros to read.
        arrays = [np.broadcast_to(dtype.type(0), array.shape) for array in arrays]
    return np.einsum(subscripts, *arrays, optimize=len(parts) > 2)


def _replaced(x: Any, parts: Any, subscripts: str, i: int) -> Any:
    """Contract with ``x`` in the place of operand ``i``."""
    return contract(*parts[:i], x, *parts[i + 1 :], subscripts=subscripts)


def _from_result(g: Any, parts: Any, subscripts: str, i: int) -> Any:
    """Contract the cotangent with all other operands, to the indices of operand ``i``."""
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    subscripts = ",".join([output, *terms[:i], *terms[i + 1 :]]) + "->" + terms[i]
    full = contract(g, *parts[:i], *parts[i + 1 :], subscripts=subscripts)
    return broadcast_to(full, np.broadcast_shapes(full.shape, parts[i].shape))


contract.tangent(_replaced)  # z is linear in each operand
contract.adjoint(_from_result)


@composed()
def einsum(subscripts: str, *operands: Any, optimize: Any = True) -> Any:
    """Sum of products of entries in index notation, e.g. ``einsum("ij,jk->ik", x, y)`` = x y.

    As ``numpy.einsum`` with subscripts in a string: an index that is not in the result is summed
    over, one that occurs twice in an operand takes its diagonal, "..." stands for leading axes that
    broadcast. Without "->" the result has the indices that occur once, in alphabetical order.
    ``optimize`` is NumPy's and ignored: three operands or more are contracted in pairs anyway.

    Raises
    ------
    ValueError
        If the subscripts do not fit the operands.
    """
    operands = tuple(as_array(x) if isinstance(x, list | tuple) else x for x in operands)
    terms, output = _explicit(subscripts, [np.ndim(x) for x in operands])
    parts = []
    for k, x in enumerate(operands):
        term, elsewhere = terms[k], output + "".join(terms[:k] + terms[k + 1 :])
        while twice := next((i for i in term if term.count(i) > 1), ""):  # xᵢᵢ: the diagonal
            first, second = [axis for axis, i in enumerate(term) if i == twice][:2]
            if x.shape[first] != x.shape[second]:
                raise ValueError(
                    f"einsum: index {twice!r} occurs twice in an operand, along axes of sizes "
                    f"{x.shape[first]} and {x.shape[second]}; a diagonal needs equal ones"
                )
            x = diagonal(x, 0, first, second)  # which puts its axis last
            term = "".join(i for axis, i in enumerate(term) if axis not in (first, second)) + twice
        if alone := [axis for axis, i in enumerate(term) if i not in elsewhere]:
            x = sum(x, axis=tuple(alone))
        parts.append(x)
        terms[k] = "".join(i for i in term if i in elsewhere)
    return contract(*parts, subscripts=",".join(terms) + "->" + output)


def _explicit(subscripts: Any, ndims: list[int]) -> tuple[list[str], str]:
    """Spell subscripts out: one letter for each axis of each operand, and those of the result."""
    if not isinstance(subscripts, str):
        raise TypeError('einsum: the subscripts come first, as a string such as "ij,jk->ik"')
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(
            f"einsum: {subscripts!r} has subscripts for {len(terms)} operands, there are "
            f"{len(ndims)}"
        )
    for term, ndim in zip(terms, ndims, strict=True):
        named = len(term.replace("...", ""))
        if ndim < named or ("..." not in term and ndim > named):
            raise ValueError(f"einsum: {term!r} does not fit an operand with {ndim} axes")
    spare = [letter for letter in ascii_letters if letter not in subscripts]
    extra = [n - len(t) + 3 if "..." in t else 0 for t, n in zip(terms, ndims, strict=True)]
    leading = "".join(spare[: max(extra, default=0)])
    if not arrow:
        letters = inputs.replace(",", "").replace("...", "")
        output = "..." + "".join(sorted(i for i in set(letters) if letters.count(i) == 1))
    if leading and "..." not in output:
        raise ValueError(
            f'einsum: "..." stands for {len(leading)} axes in {subscripts!r}, but is missing from '
            f'the result; write "->...{output}", or name the axes to sum over'
        )
    terms = [
        term.replace("...", leading[len(leading) - n :])
        for term, n in zip(terms, extra, strict=True)
    ]
    return terms, output.replace("...", leading)
