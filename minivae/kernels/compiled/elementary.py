"""Exponentials and logarithms that loops can be made of, and the activations of networks.

They are sums of series, which the compiler computes for up to sixteen numbers at once; a function
of the C library takes one number at a time. A result is within 3 units in its last place, also
where it underflows; NaN and infinities come out where they should. All are functions of one number,
float32 or float64, to be called in compiled loops.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import overload, register_jitable

from minivae.kernels.compiled.jit import intrinsic, jit

inline = register_jitable(forceinline=True)  # a loop that calls a function is not vectorised

IDENTITY, RELU, ELU, SIGMOID, TANH, SOFTPLUS = range(6)  # the kinds of activation


class _Constants(NamedTuple):
    """Numbers that the functions need, in the type of their argument."""

    exponential: tuple[Any, ...]  # 1/2!, 1/3!, ...
    artanh: tuple[Any, ...]  # 1/3, 1/5, ...
    zero: Any
    half: Any
    one: Any
    two: Any
    per_log2: Any  # 1 / log 2
    log2_high: Any  # the first digits of log 2, so few that n times these is exact
    log2_low: Any  # the other digits
    whole: Any  # so great that a sum with it has no digits after the point
    least: Any  # below, eˣ is 0
    most: Any  # above, eˣ is infinite
    least_expm1: Any  # below, eˣ - 1 is -1


def _constants(real: Any, terms: tuple[int, int], *numbers: float) -> _Constants:
    """Return numbers in a type; ``terms`` of the two series are as many as its digits can tell."""
    return _Constants(
        tuple(real(1 / math.factorial(k)) for k in range(2, 2 + terms[0])),
        tuple(real(1 / k) for k in range(3, 3 + 2 * terms[1], 2)),
        *[real(n) for n in (0, 0.5, 1, 2, 1 / math.log(2), *numbers)],
    )


_FLOAT32 = _constants(
    np.float32, (6, 6), 0.693145751953125, 1.4286068203094172e-6, 1.5 * 2**23, -104, 89, -18
)
_FLOAT64 = _constants(
    float, (12, 16), 0.6931471803691238, 1.9082149292705877e-10, 1.5 * 2**52, -746, 710, -38
)


def constants(x: Any) -> _Constants:
    """Return the constants in the type of x."""
    return _FLOAT64


@overload(constants)
def _constants_of(x):  # type: ignore[no-untyped-def]
    return (lambda x: _FLOAT32) if x is types.float32 else (lambda x: _FLOAT64)


@intrinsic(prefer_literal=False)
def _two_to_the(_: Any, n: Any) -> Any:
    """Return 2ⁿ for a whole number n: the bits of the exponent are n + 127, or n + 1023."""
    bits, digits, zero = (32, 23, 127) if n is types.float32 else (64, 52, 1023)
    word = ir.IntType(bits)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        n = builder.fptosi(args[0], ir.IntType(32))
        exponent = builder.add(n if bits == 32 else builder.sext(n, word), word(zero))
        return builder.bitcast(builder.shl(exponent, word(digits)), args[0].type)

    return n(n), generate


@inline
def _horner(coefficients, x):  # type: ignore[no-untyped-def]
    """Return c₀ + c₁ x + c₂ x² + ..."""
    z = coefficients[len(coefficients) - 1]
    for k in range(len(coefficients) - 1):
        z = z * x + coefficients[len(coefficients) - 2 - k]
    return z


@inline
def series(coefficients, x):  # type: ignore[no-untyped-def]
    """Return c₀ + c₁ x + c₂ x² + ..., even and odd powers side by side."""
    return _horner(coefficients[::2], x * x) + x * _horner(coefficients[1::2], x * x)


@inline
def _reduced(x, c):  # type: ignore[no-untyped-def]
    """Return n and eʳ - 1, where x = n log 2 + r and |r| ≤ ½ log 2, by the series of eʳ."""
    n = (x * c.per_log2 + c.whole) - c.whole
    r = (x - n * c.log2_high) - n * c.log2_low
    return n, r + r * r * series(c.exponential, r)


@inline
def exp(x):  # type: ignore[no-untyped-def]
    """Exponential eˣ = 2ⁿ eʳ."""
    c = constants(x)
    inside = x if x > c.least else c.least
    inside = inside if inside < c.most else c.most
    n, p = _reduced(inside, c)
    m = (n * c.half + c.whole) - c.whole  # 2ⁿ itself may be too small or great for a normal number
    z = ((c.one + p) * _two_to_the(m)) * _two_to_the(n - m)
    return z if x == x else x


@inline
def expm1(x):  # type: ignore[no-untyped-def]
    """Exponential minus one, eˣ - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1), exact for small x."""
    c = constants(x)
    inside = x if x > c.least_expm1 else c.least_expm1
    inside = inside if inside < c.most else c.most
    n, p = _reduced(inside, c)
    s = _two_to_the(n - c.one)  # 2ⁿ itself may be too great for a number
    z = c.two * (s * p + (s - c.half))
    return z if x == x else x


@inline
def log1p(u):  # type: ignore[no-untyped-def]
    """Logarithm log(1 + u) for 0 ≤ u ≤ 1: 2 artanh s = 2 (s + s³/3 + ...) of s = u / (2 + u)."""
    c = constants(u)
    s = u / (c.two + u)
    w = s * s
    return c.two * s + c.two * s * (w * series(c.artanh, w))


@inline
def sigmoid(x):  # type: ignore[no-untyped-def]
    """Logistic function σ(x) = e^min(x, 0) / (1 + e^-|x|)."""
    c = constants(x)
    u = exp(-abs(x))
    return (u if x < c.zero else c.one) / (c.one + u)


@inline
def softplus(x):  # type: ignore[no-untyped-def]
    """Smooth ramp log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|)."""
    c = constants(x)
    return (x if x > c.zero else c.zero) + log1p(exp(-abs(x)))


@inline
def tanh(x):  # type: ignore[no-untyped-def]
    """Hyperbolic tangent: of |x| it is -t / (2 + t), t = e^(-2|x|) - 1; it is odd."""
    c = constants(x)
    t = expm1(-c.two * abs(x))
    z = t / (c.two + t)
    return z if x < c.zero else -z


@inline
def elu(x):  # type: ignore[no-untyped-def]
    """Exponential linear unit: x for x > 0, eˣ - 1 for x ≤ 0."""
    return x if x > constants(x).zero else expm1(x)


@inline
def relu(x):  # type: ignore[no-untyped-def]
    """Ramp max(x, 0), which is NaN for NaN."""
    c = constants(x)
    return c.zero if x <= c.zero else x


@jit
def activate_row(kind, row):  # type: ignore[no-untyped-def]
    """Apply an activation in place to a contiguous row."""
    if kind == RELU:
        for i in range(row.size):
            row[i] = relu(row[i])
    elif kind == ELU:
        for i in range(row.size):
            row[i] = elu(row[i])
    elif kind == SIGMOID:
        for i in range(row.size):
            row[i] = sigmoid(row[i])
    elif kind == TANH:
        for i in range(row.size):
            row[i] = tanh(row[i])
    elif kind == SOFTPLUS:
        for i in range(row.size):
            row[i] = softplus(row[i])


@jit
def slope_row(kind, y, g, out):  # type: ignore[no-untyped-def]
    """Write g f'(x), with the slope of an activation by its result y = f(x), to ``out``.

    It is 1; [y > 0]; 1 or, for y ≤ 0, 1 + y; y (1 - y); 1 - y²; and 1 - e^-y. Where relu has no
    slope it is taken as 0, as the operations do.
    """
    zero, one = out.dtype.type(0), out.dtype.type(1)
    if kind == IDENTITY:
        for i in range(out.size):
            out[i] = g[i]
    elif kind == RELU:
        for i in range(out.size):
            out[i] = g[i] * (one if y[i] > zero else zero)
    elif kind == ELU:
        for i in range(out.size):
            out[i] = g[i] * (one if y[i] > zero else one + y[i])
    elif kind == SIGMOID:
        for i in range(out.size):
            out[i] = g[i] * (y[i] * (one - y[i]))
    elif kind == TANH:
        for i in range(out.size):
            out[i] = g[i] * (one - y[i] * y[i])
    elif kind == SOFTPLUS:
        for i in range(out.size):
            out[i] = g[i] * -expm1(-y[i])
