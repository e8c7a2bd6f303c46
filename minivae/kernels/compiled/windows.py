"""The product of the matrix of windows with another, without that matrix ever being written.

Row p, column k of the matrix of windows of an image x is the entry of x that step k of a kernel
meets when the kernel lies at place p. It stands in x at ``rows[p] + steps[k]``, for two tables that
depend on shapes only. As a tile of a product broadcasts the entries of its left factor one by one
(:mod:`minivae.kernels.compiled.tile`), it may as well fetch them from there: im2col without the
copy, for any stride and dilation, and for the transposed matrix with the tables exchanged.

A tile has 7 rows because MNIST's images, halved and halved again, have sides of 28, 14 and 7, so
that no tile is cut; and 2 vectors, which is as fast as a wider one, since rows of windows overlap
and lie in the core's cache, and fits 32 and 64 channels without a rest.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from minivae.kernels.compiled.jit import intrinsic, jit
from minivae.kernels.compiled.pointers import beyond, entry, put
from minivae.kernels.compiled.tile import (
    _FUSED,
    _INDEX,
    _broadcast,
    _load,
    _store,
    _vector,
)
from minivae.kernels.compiled.vectors import BYTES

ROWS = {64: 7, 32: 6, 16: 4}[BYTES]
VECTORS = 2
STRETCH = 64  # steps that are summed in registers: the sum of so many is accurate to 1e-6


def _add_products(builder: Any, vectors: int, args: Any) -> None:
    """Write the code of a tile that is ``vectors`` wide."""
    x, rows, steps, count, b, c, places, begin = args
    entries = [builder.gep(x, [builder.load(builder.gep(rows, [_INDEX(i)]))]) for i in range(ROWS)]
    zero = ir.Constant(_vector(c), None)
    before, loop = builder.block, builder.append_basic_block("step")
    builder.branch(loop)
    builder.position_at_end(loop)
    k, y = builder.phi(_INDEX), builder.phi(b.type)
    sums = [builder.phi(zero.type) for _ in range(ROWS * vectors)]
    step = builder.load(builder.gep(steps, [k]))
    row = [_load(builder, y, v) for v in range(vectors)]
    added = []
    for i in range(ROWS):
        factor = _broadcast(builder, builder.gep(entries[i], [step]))
        for v in range(vectors):
            product = builder.fmul(factor, row[v], flags=_FUSED)
            added.append(builder.fadd(sums[i * vectors + v], product, flags=_FUSED))
    next_k = builder.add(k, _INDEX(1))
    moved = [next_k, builder.gep(y, [_INDEX(vectors * zero.type.count)]), *added]
    starts = [_INDEX(0), b] + [zero] * len(sums)
    for phi, start, then in zip([k, y, *sums], starts, moved, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(then, loop)
    after = builder.append_basic_block("end")
    builder.cbranch(builder.icmp_signed("<", next_k, count), loop, after)

    builder.position_at_end(after)
    lines = [builder.gep(c, [builder.load(builder.gep(places, [_INDEX(i)]))]) for i in range(ROWS)]
    targets = [(line, v) for line in lines for v in range(vectors)]
    with builder.if_else(begin) as (write, add):
        with write:
            for value, target in zip(added, targets, strict=True):
                _store(builder, value, *target)
        with add:  # all are read before one is written: the last rows of a table may be the same
            totals = [
                builder.fadd(_load(builder, *target), value)
                for value, target in zip(added, targets, strict=True)
            ]
            for total, target in zip(totals, targets, strict=True):
                _store(builder, total, *target)


@intrinsic
def _tile(_: Any, vectors: Any, x: Any, rows: Any, steps: Any, count: Any, b: Any, c: Any,
          places: Any, begin: Any) -> Any:  # fmt: skip
    """Add Σₖ x[rows[i] + steps[k]] bₖⱼ, k < ``count``, to c[places[i] + j], or begin with it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for width in range(1, VECTORS + 1):
            with builder.if_then(builder.icmp_signed("==", args[0], _INDEX(width))):
                _add_products(builder, width, args[1:])
        return context.get_dummy_value()

    n = types.intp
    return types.void(n, x, rows, steps, n, b, c, places, types.boolean), generate


@jit
def multiply_windows(x, rows, height, steps, count, b, columns, lanes, c, places, begin, zero):  # type: ignore[no-untyped-def]
    """Add to c[places[p] + j] the sum Σₖ x[rows[p] + steps[k]] bₖⱼ, or begin with it.

    For p < ``height``, rounded up to whole tiles, and k < ``count``. ``columns`` is a multiple of
    ``lanes``; b stands in panels as wide as a tile, each of ``count`` rows.
    """
    if count == 0 and begin:
        for p in range(height):
            for j in range(columns):
                put(c, entry(places, p) + j, zero)
    for j in range(0, columns, VECTORS * lanes):
        width = min(VECTORS * lanes, columns - j)
        for k in range(0, count, STRETCH):
            panel = beyond(b, j * count + k * width)
            for p in range(0, height, ROWS):
                _tile(
                    width // lanes, x, beyond(rows, p), beyond(steps, k), min(STRETCH, count - k),
                    panel, beyond(c, j), beyond(places, p), begin and k == 0,
                )  # fmt: skip
