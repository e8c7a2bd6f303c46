"""How threads share the work of one kernel: in chunks, each claimed by whoever is free.

A kernel that is to run on several threads is written like this, and called by all of them at once
with the same arguments, but for the rank in its team (0 is the caller, the others help)::

    @jit
    def double(team, x):
        chunks = (x.size + 1023) // 1024
        enter(team)
        while True:
            chunk = claim(team, chunks)
            if chunk == chunks:
                break
            part = x[1024 * chunk : 1024 * chunk + 1024]  # whose loop the compiler vectorises
            for i in range(part.size):
                part[i] *= 2
            finish(team)
        leave(team, chunks)

The chunks, and the order of the sums within one, do not depend on how many threads there are nor
on who does what, so neither does the result: not a bit of it. A helper that comes late costs
nothing but its help.

What a kernel allocates it allocates before it enters: if memory runs out in the middle of a chunk,
nobody would finish it.

The threads agree through two numbers in a box of shared memory. ``TICKET`` is the number of the
task and, in its last bits, how many chunks were claimed from the front (by rank 0) and from the
back (by the helpers): a claim compares and increments it in one atomic instruction, so no chunk is
done twice, and none of another task. As each core begins at its own end, it finds there what it
left in its cache the last time. ``DONE`` counts finished chunks, ``WAITED`` tells how many pauses
the caller waited for chunks that helpers had claimed: the crew works without them for a while when
they are slow, as on a machine that is busy with something else.

Who must wait does so in one of three ways, the cheaper to end the sooner the wait is likely to end.
First awake, in a loop that reads the number again and again: what another core writes is seen at
once, and most waits inside a step are as short as this. After ``ALERT`` rounds it gives way in each
(``sched_yield``): on an idle machine that changes little, but if there are more threads than free
cores, the one that is waited for may need this very core. A helper that has waited ``PATIENCE``
rounds leaves, and sleeps until :mod:`minivae.kernels.crew` wakes it, by way of the operating
system: that takes longer than a small kernel does, but costs nothing in between.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from minivae.kernels.compiled.jit import intrinsic, jit

TICKET, DONE, WAITED = 0, 16, 24  # places in the box, on cache lines of their own
BITS = 12  # of a ticket for the chunks claimed from one end
MOST_CHUNKS = (1 << BITS) - 1  # of a task
ALERT = 1_000  # pauses of a few cycles, then longer ones that let other programs run
PATIENCE = 3_000  # pauses that a helper waits for the next task: about a millisecond in all


def _place(context: Any, builder: Any, box_type: Any, box: Any, i: Any) -> Any:
    """Return the address of ``box[i]``."""
    return builder.gep(context.make_array(box_type)(context, builder, box).data, [i])


@intrinsic
def _load(_: Any, box: Any, i: Any) -> Any:
    """Read ``box[i]``; what its writer wrote before can be read after."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature.args[0], *args), "acquire", 8)

    return types.int64(box, types.intp), generate


@intrinsic
def _store(_: Any, box: Any, i: Any, value: Any) -> Any:
    """Write ``box[i]`` after all that was written before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], *args[:2])
        builder.store_atomic(args[2], place, "release", 8)
        return context.get_dummy_value()

    return types.void(box, types.intp, types.int64), generate


@intrinsic
def _swap(_: Any, box: Any, i: Any, old: Any, new: Any) -> Any:
    """Write ``new`` to ``box[i]`` if ``old`` is there, and tell whether it was."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], *args[:2])
        return builder.extract_value(builder.cmpxchg(place, *args[2:], "acq_rel", "acquire"), 1)

    return types.boolean(box, types.intp, types.int64, types.int64), generate


@intrinsic
def _add(_: Any, box: Any, i: Any, value: Any) -> Any:
    """Add to ``box[i]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], *args[:2])
        return builder.atomic_rmw("add", place, args[2], "acq_rel")

    return types.int64(box, types.intp, types.int64), generate


@intrinsic
def _pause(_: Any) -> Any:
    """Wait a moment without taking the core from a thread that shares it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if builder.module.triple.startswith(("x86_64", "i686")):
            nothing = ir.FunctionType(ir.VoidType(), [])
            pause = cgutils.get_or_insert_function(builder.module, nothing, "llvm.x86.sse2.pause")
            builder.call(pause, [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _give_way(_: Any) -> Any:
    """Let another thread have the core, if one wants it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if "windows" not in builder.module.triple:
            signature = ir.FunctionType(ir.IntType(32), [])
            give = cgutils.get_or_insert_function(builder.module, signature, "sched_yield")
            builder.call(give, [])
        return context.get_dummy_value()

    return types.void(), generate


@jit
def _wait(pauses):  # type: ignore[no-untyped-def]
    """Wait a moment; who has waited for long gives way to others."""
    if pauses < ALERT:
        _pause()
    else:
        _give_way()


@jit
def enter(team):  # type: ignore[no-untyped-def]
    """Open the task, if this is rank 0; helpers are called when it is open."""
    box, task, rank = team
    if rank == 0:
        _store(box, DONE, 0)
        _store(box, TICKET, task << (2 * BITS))


@jit
def is_open(box, task):  # type: ignore[no-untyped-def]
    """Wait until a task is open, but not for long, and tell whether it is, or was."""
    for pauses in range(PATIENCE):
        if _load(box, TICKET) >> (2 * BITS) >= task:
            return True
        _wait(pauses)
    return False


@jit
def claim(team, chunks):  # type: ignore[no-untyped-def]
    """Return the number of a chunk that nobody has claimed, or ``chunks`` if there is none."""
    box, task, rank = team
    if chunks > MOST_CHUNKS:
        raise ValueError("a task has too many chunks")
    while True:
        ticket = _load(box, TICKET)
        front, back = (ticket >> BITS) & MOST_CHUNKS, ticket & MOST_CHUNKS
        if ticket >> (2 * BITS) != task or front + back >= chunks:
            return chunks
        if rank == 0:
            if _swap(box, TICKET, ticket, ticket + (1 << BITS)):
                return front
        elif _swap(box, TICKET, ticket, ticket + 1):
            return chunks - 1 - back


@jit
def finish(team):  # type: ignore[no-untyped-def]
    """Say that a claimed chunk is done."""
    _add(team[0], DONE, 1)


@jit
def leave(team, chunks):  # type: ignore[no-untyped-def]
    """Wait until all chunks are done (rank 0), or for the next task, but not for long."""
    box, task, rank = team
    if rank == 0:
        waited = 0
        while _load(box, DONE) < chunks:
            _wait(waited)
            waited += 1
        box[WAITED] = waited
        return
    for pauses in range(PATIENCE):
        if _load(box, TICKET) >> (2 * BITS) != task:
            return
        _wait(pauses)
