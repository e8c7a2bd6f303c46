"""The update rules of the optimisers, in one pass over parameters, gradients and memory.

A model has many parameters, most of them small. One task steps them all: it divides the flat memory
of the optimiser into chunks, and finds the parameters and gradients that belong to a chunk by their
addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray
from numba.core import cgutils

from minivae.kernels import optimizers as reference
from minivae.kernels.compiled.jit import intrinsic, jit
from minivae.kernels.compiled.pointers import address, beyond, pointer
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave
from minivae.kernels.crew import crew
from minivae.kernels.optimizers import Slots

CHUNK = 1 << 13  # entries, in float32 32 KB of each array
FEW = 4 * CHUNK  # entries that one thread has stepped before others would be awake
SGD, ADAGRAD, ADAM = range(3)  # the rules


@intrinsic
def _plus_product(_: Any, sum_: Any, x: Any, y: Any) -> Any:
    """Return sum_ + x y, rounded once where the processor can.

    In a b + c d the compiler may join either product with the sum, and does not always choose the
    same one; but a step must have the same bits wherever it is compiled into.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        real = args[0].type
        name = f"llvm.fmuladd.{'f32' if real == ir.FloatType() else 'f64'}"
        function = ir.FunctionType(real, [real] * 3)
        joined = cgutils.get_or_insert_function(builder.module, function, name)
        return builder.call(joined, [args[1], args[2], args[0]])

    return sum_(sum_, x, y), generate


@jit
def _sgd(p, g, b, numbers):  # type: ignore[no-untyped-def]
    lr, momentum = numbers[0], numbers[1]
    for i in range(p.size):
        b[i] = momentum * b[i] + g[i]
        p[i] -= lr * b[i]


@jit
def _adagrad(p, g, s, numbers):  # type: ignore[no-untyped-def]
    lr, eps = numbers[0], numbers[1]
    for i in range(p.size):
        s[i] += g[i] * g[i]
        p[i] -= lr * g[i] / (np.sqrt(s[i]) + eps)


@jit
def _adam(p, g, m, v, numbers):  # type: ignore[no-untyped-def]
    rate, beta1, fresh1, beta2, fresh2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    eps, correction = numbers[5], numbers[6]
    for i in range(p.size):
        m[i] = _plus_product(fresh1 * g[i], beta1, m[i])
        v[i] = _plus_product(fresh2 * (g[i] * g[i]), beta2, v[i])
        p[i] -= rate * m[i] / (np.sqrt(correction * v[i]) + eps)


@jit
def _first(places, begin):  # type: ignore[no-untyped-def]
    """Return the last row of ``places`` that starts at ``begin`` or before."""
    low, high = 0, len(places)
    while high - low > 1:
        middle = (low + high) // 2
        if places[middle, 0] <= begin:
            low = middle
        else:
            high = middle
    return low


@jit
def _step_range(rule, addresses, places, flat, numbers, begin, end):  # type: ignore[no-untyped-def]
    """Step all whose memory lies in ``flat[:, begin:end]``."""
    for i in range(_first(places, begin), len(places)):
        start, size = places[i, 0], places[i, 1]
        if start >= end:
            break
        low, high = max(start, begin), min(start + size, end)
        if addresses[i, 0] != 0 and low < high:
            p = carray(beyond(pointer(flat, addresses[i, 0]), low - start), high - low)
            g = carray(beyond(pointer(flat, addresses[i, 1]), low - start), high - low)
            if rule == SGD:
                _sgd(p, g, flat[0, low:high], numbers)
            elif rule == ADAGRAD:
                _adagrad(p, g, flat[0, low:high], numbers)
            else:
                _adam(p, g, flat[0, low:high], flat[1, low:high], numbers)


@jit
def _step_chunks(team, rule, addresses, places, flat, numbers, size):  # type: ignore[no-untyped-def]
    total = flat.shape[1]
    chunks = (total + size - 1) // size
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        begin = chunk * size
        _step_range(rule, addresses, places, flat, numbers, begin, min(begin + size, total))
        finish(team)
    leave(team, chunks)


def step_all(
    rule: Callable[..., None],
    parameters: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray | None],
    slots: Slots,
    flat: np.ndarray,
    numbers: tuple[Any, ...],
) -> None:
    """Twin of :func:`minivae.kernels.optimizers.step_all`: one call for all parameters.

    What is no plain array, contiguous and of the type of ``flat``, is left to the reference. So are
    all of them if two share entries, which threads must not change at the same time.
    """
    addresses: list[int] = []
    kept, rest = [], []
    for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
        pair = None if g is None else _plain(p, g, flat.dtype, slots.layouts[i])
        if pair is not None:
            kept.append(pair)  # alive until all is done
            addresses += address(pair[0]), address(pair[1])
        else:
            addresses += 0, 0
            if g is not None:
                rest.append(i)
    table = np.array(addresses, np.int64).reshape(-1, 2)
    if _overlap(table[:, 0], slots):
        reference.step_all(rule, parameters, gradients, slots, flat, numbers)
        return
    args = _CODES[rule], table, slots.places, flat, _constants(rule, numbers, flat.dtype)
    total = flat.shape[1]
    if total <= FEW:
        _step_range(*args, 0, total)
    else:
        crew.run(_step_chunks, *args, -(-total // (MOST_CHUNKS * CHUNK)) * CHUNK)
    for i in rest:
        rule(parameters[i], gradients[i], *slots.of(i), *numbers)


def _plain(
    p: np.ndarray, g: np.ndarray, dtype: np.dtype, layout: tuple[tuple[int, ...], bool]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return views of both, contiguous by rows; of a gradient that lies otherwise, a copy."""
    shape, by_columns = layout
    if p.shape != shape or p.dtype != dtype or g.dtype != dtype or not p.size:
        return None
    if by_columns:
        p, g = p.T, g.T
    if not p.flags.carray:
        return None
    return p, g if g.flags.carray else np.array(g, order="C")


def _overlap(starts: np.ndarray, slots: Slots) -> bool:
    """Tell whether two parameters share entries; where they were the last time, they do not."""
    key = starts.tobytes()
    if key == slots.apart:
        return False
    order = np.argsort(starts)
    ends = starts + slots.places[:, 1] * slots.flat.itemsize * (starts != 0)
    if np.any(ends[order][:-1] > starts[order][1:]):
        return True
    slots.apart = key
    return False


def _constants(rule: Callable[..., None], numbers: tuple[Any, ...], dtype: np.dtype) -> np.ndarray:
    """Return what a loop needs, each number rounded once, from its exact value.

    In float32 1 - 0.999 would be off by 5e-5.
    """
    if rule is reference.adam_step:
        lr, beta1, beta2, eps, step = numbers
        rate, correction = lr / (1.0 - beta1**step), 1.0 / (1.0 - beta2**step)
        numbers = rate, beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps, correction
    return np.array(numbers, dtype)


_CODES = {reference.sgd_step: SGD, reference.adagrad_step: ADAGRAD, reference.adam_step: ADAM}
_LOOPS = {reference.sgd_step: _sgd, reference.adagrad_step: _adagrad, reference.adam_step: _adam}


def step_one(
    rule: Callable[..., None],
    p: np.ndarray,
    g: np.ndarray,
    memory: Sequence[np.ndarray],
    numbers: tuple[Any, ...],
) -> None:
    """Twin of :func:`minivae.kernels.optimizers.step_one`, for arrays that lie alike in memory."""
    arrays = [a if p.flags.carray else a.T for a in (p, g, *memory)]
    alike = {(a.shape, a.dtype) for a in arrays}
    if len(alike) == 1 and all(a.flags.carray for a in arrays):
        _LOOPS[rule](*(a.reshape(-1) for a in arrays), _constants(rule, numbers, p.dtype))
    else:
        rule(p, g, *memory, *numbers)
