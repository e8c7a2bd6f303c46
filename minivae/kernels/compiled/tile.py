"""The heart of a matrix product: a tile of the result that stays in registers.

The product C = A B has entries cᵢⱼ = Σₖ aᵢₖ bₖⱼ: m n k multiplications of two numbers, which must
be in registers first. A core with AVX-512 begins two instructions a cycle that multiply and add
vectors (16 numbers each in float32), and loads two vectors a cycle. Were both factors loaded for
each multiplication, loads would take twice as long as the arithmetic; so what is loaded must be
used several times. Hence tiles: ``ROWS`` rows by ``VECTORS`` vectors of C are kept in registers
while k runs, and one step of k is

    load VECTORS vectors of row k of B;  for each of the rows i: broadcast aᵢₖ, and for each of the
    vectors: cᵢ ← cᵢ + aᵢₖ bₖ.

Why rows: the vectors of a row of B are used for all rows of the tile, and an entry of A, repeated
in all places of a vector ("broadcast"), for all vectors. Sums over k stay apart, in the places of a
vector; none has to be added across it.

Why 8 by 3: that makes 24 multiplications, 12 cycles, of 3 + 8 loads, 5½ cycles. The 24 sums, 3
vectors of B and a broadcast take 28 of the 32 registers that AVX-512 has. AVX2 has 16, enough for 6
by 2: 12 + 2 + 1. A tile should have 8 sums at least, because a multiplication takes 4 cycles, in
which 8 can begin, and the next into the same sum must wait for it.

A loop in Python would leave it to the compiler what stays in registers, and it decides otherwise:
it keeps C in memory. So the tile is written in the compiler's own language, LLVM's; Numba calls a
function that does so an intrinsic. All else (:mod:`minivae.kernels.compiled.product`) is loops.

What the compiler makes of it can be read: set ``NUMBA_CACHE_DIR`` to an empty folder (Numba shows
no code that it took from its cache), multiply two matrices, and look for the loop with 24 times
``vfmadd`` in what ``minivae.kernels.compiled.product.product.inspect_asm()`` returns. On a machine
with AVX-512 it has 46 instructions: 24 multiplications, 11 loads, 10 for addresses and the count, a
jump; none stores anything. It begins with loads, and among its lines are these::

    vmovups      -128(%r10), %zmm27          # a vector of row k of B: 16 numbers
    vbroadcastss (%rax,%r13), %zmm31         # aᵢₖ, 16 times
    vfmadd231ps  %zmm31, %zmm27, %zmm18      # a sum: zmm18 ← zmm18 + zmm31 zmm27
    vfmadd231ps  %zmm31, %zmm26, %zmm17      # the same aᵢₖ and the second vector of B
    vfmadd231ps  %zmm31, %zmm25, %zmm16      # and the third
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from minivae.kernels.compiled.jit import intrinsic
from minivae.kernels.compiled.vectors import BYTES, ROWS, VECTORS

HEIGHTS = (ROWS, ROWS // 2, 1)  # of tiles: what is left at the end of the rows is taken by these
_INDEX = ir.IntType(64)
_FUSED = ("contract",)  # a product and a sum become one instruction


def _vector(pointer: Any) -> ir.VectorType:
    """Return the type of the vectors of what ``pointer`` points to."""
    entry = pointer.type.pointee
    return ir.VectorType(entry, BYTES // (4 if entry == ir.FloatType() else 8))


def _load(builder: Any, pointer: Any, i: int) -> Any:
    """Load vector ``i`` after ``pointer``; it need not be aligned."""
    vector = _vector(pointer)
    place = builder.gep(pointer, [_INDEX(i * vector.count)])
    return builder.load(builder.bitcast(place, vector.as_pointer()), align=1)


def _store(builder: Any, value: Any, pointer: Any, i: int) -> None:
    place = builder.gep(pointer, [_INDEX(i * value.type.count)])
    builder.store(value, builder.bitcast(place, value.type.as_pointer()), align=1)


def _broadcast(builder: Any, pointer: Any) -> Any:
    """Load one number into all places of a vector."""
    vector = _vector(pointer)
    undefined = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(undefined, builder.load(pointer), ir.IntType(32)(0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, undefined, everywhere)


def _add_products(builder: Any, rows: int, vectors: int, args: Any) -> None:
    """Write the code of one tile."""
    a, a_row, a_step, b, b_step, steps, c, c_row, begin = args
    lines = [builder.gep(c, [builder.mul(c_row, _INDEX(i))]) for i in range(rows)]
    places = [(line, v) for line in lines for v in range(vectors)]
    distances = [builder.mul(a_row, _INDEX(i)) for i in range(rows)]
    zero = ir.Constant(_vector(c), None)

    before, loop = builder.block, builder.append_basic_block("step")
    after = builder.append_basic_block("end")
    builder.branch(loop)
    builder.position_at_end(loop)
    k, x, y = builder.phi(_INDEX), builder.phi(a.type), builder.phi(b.type)
    z = [builder.phi(zero.type) for _ in places]
    row = [_load(builder, y, v) for v in range(vectors)]
    added = []
    for i in range(rows):
        factor = _broadcast(builder, builder.gep(x, [distances[i]]))
        for v in range(vectors):
            product = builder.fmul(factor, row[v], flags=_FUSED)
            added.append(builder.fadd(z[i * vectors + v], product, flags=_FUSED))
    next_k = builder.add(k, _INDEX(1))
    moved = [next_k, builder.gep(x, [a_step]), builder.gep(y, [b_step]), *added]
    starts = [_INDEX(0), a, b] + [zero] * len(places)
    for phi, start, then in zip([k, x, y, *z], starts, moved, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", next_k, steps), loop, after)

    builder.position_at_end(after)
    with builder.if_else(begin) as (write, add):
        with write:
            for value, place in zip(added, places, strict=True):
                _store(builder, value, *place)
        with add:
            for value, place in zip(added, places, strict=True):
                _store(builder, builder.fadd(_load(builder, *place), value), *place)


@intrinsic
def tile(_: Any, rows: Any, vectors: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_step: Any,
         steps: Any, c: Any, c_row: Any, begin: Any) -> Any:  # fmt: skip
    """Add Σₖ aᵢₖ bₖⱼ, k < ``steps``, to the tile at ``c``, or begin it with this sum.

    ``rows`` is one of ``HEIGHTS``, ``vectors`` at most ``VECTORS``; all distances between rows and
    steps are counted in entries. There is code for each size, and here the choice among them.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for height in HEIGHTS:
            for width in range(1, VECTORS + 1):
                fits = builder.and_(
                    builder.icmp_signed("==", args[0], _INDEX(height)),
                    builder.icmp_signed("==", args[1], _INDEX(width)),
                )
                with builder.if_then(fits):
                    _add_products(builder, height, width, args[2:])
        return context.get_dummy_value()

    n = types.intp
    return types.void(n, n, a, n, n, b, n, n, c, n, types.boolean), generate


@intrinsic
def transpose(_: Any, x: Any, x_row: Any, y: Any, y_row: Any) -> Any:
    """Write the transpose of a square block of vectors: yⱼᵢ = xᵢⱼ.

    Interleaving rows i and i + n/2 of n = 2ᵖ rows, p times, is what a riffle does to cards: each
    time the p bits of an entry's row and the p bits of its column, read as one number, turn by one
    place; after p times rows and columns have changed sides.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, x_row, y, y_row = args
        n = _vector(x).count
        rows = [
            _load(builder, builder.gep(x, [builder.mul(x_row, _INDEX(i))]), 0) for i in range(n)
        ]
        halves = [
            [i // 2 + n * (i % 2) + start for i in range(n)] for start in (0, n // 2)
        ]  # fmt: skip
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), n), half) for half in halves]
        for _ in range(n.bit_length() - 1):
            rows = [
                builder.shuffle_vector(rows[i], rows[i + n // 2], mask)
                for i in range(n // 2)
                for mask in masks
            ]
        for i, row in enumerate(rows):
            _store(builder, row, builder.gep(y, [builder.mul(y_row, _INDEX(i))]), 0)
        return context.get_dummy_value()

    return types.void(x, types.intp, y, types.intp), generate
