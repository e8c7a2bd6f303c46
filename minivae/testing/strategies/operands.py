"""Calls for hypothesis: operands and static arguments for every function that minivae has.

An elementwise operation is known by its declared domain: a new one is drawn for without anything
being written here. For any other there is a function in :data:`DRAWN`, here or in
:mod:`minivae.testing.strategies.layouts`, which has those that move entries about.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.engine.registry import FUNCTIONS, REGISTRY
from minivae.testing.strategies.arrays import (
    SHAPES,
    arrays,
    axes,
    broadcastable_shapes,
    distinct,
    integers,
    numbers,
    strided,
)
from minivae.testing.strategies.call import Call
from minivae.testing.strategies.images import IMAGES
from minivae.testing.strategies.layouts import LAYOUTS
from minivae.testing.strategies.subscripts import SUBSCRIPTS


def operands(name: str, dtype: Any = "float64") -> st.SearchStrategy[Call]:
    """Draw a call of the function ``name``: operands, static arguments, and how to apply it.

    The operands lie away from corners: no ties between maxima, no norm of zero.

    Parameters
    ----------
    name : str
        Of an operation, or of a function composed of operations.
    dtype : optional
        ``"float64"`` or ``"float32"``.

    Raises
    ------
    KeyError
        If the function is not elementwise and :data:`DRAWN` does not know it.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> @given(mv.testing.strategies.operands("cumsum"))
    ... def test_running_sums_are_numpys(call):
    ...     ours, numpys = call.of(mv.cumsum), call.of(np.cumsum)
    ...     np.testing.assert_allclose(ours, numpys, rtol=1e-14)
    >>> test_running_sums_are_numpys()
    """
    domain = getattr(FUNCTIONS[name], "domain", "")
    if name in DRAWN:
        return DRAWN[name](name, dtype)
    if not domain:
        raise KeyError(f"{name!r} is not elementwise: say in DRAWN how to draw a call of it")
    return _elementwise(name, dtype, domain, len(REGISTRY[name].operands))


@st.composite
def _elementwise(draw: st.DrawFn, name: str, dtype: Any, domain: str = "real", n: int = 1) -> Call:
    """Draw arrays that broadcast; sometimes one operand is a number."""
    shapes = draw(broadcastable_shapes(n)) if n > 1 else (draw(SHAPES),)
    xs: list[Any] = [
        draw(numbers(shape, domain, dtype, (i + 1) / 4)) for i, shape in enumerate(shapes)
    ]
    if n > 1 and (number := draw(st.sampled_from([None, None, *range(n)]))) is not None:
        xs[number] = 1.375 if number else 2.625
    return Call(name, tuple(xs))


@st.composite
def _power(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw a positive base; or, for a constant integral exponent, one of either sign."""
    exponent = draw(st.sampled_from([None, None, 0, 1, 2, 3, -1, -2, 0.5, 2.5]))
    if exponent is None:
        return draw(_elementwise(name, dtype, "positive", 2))
    domain = "nonzero" if exponent == int(exponent) else "positive"
    return Call(name, (draw(arrays(domain=domain, dtype=dtype)), exponent))


@st.composite
def _leaky(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    slope = draw(st.sampled_from([0.01, 0.25, -0.5]))
    return Call(name, (draw(arrays(domain="nonzero", dtype=dtype)),), {"negative_slope": slope})


@st.composite
def _clipped(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw limits that are numbers or arrays, one or both; no entry lies on a limit."""
    x, low, high = draw(broadcastable_shapes(3))
    limits: list[Any] = [
        draw(numbers(low, dtype=dtype, fraction=0.25) | st.sampled_from([None, -1.01])),
        draw(numbers(high, dtype=dtype, fraction=0.75) | st.just(1.01)),
    ]
    if limits[0] is not None and draw(st.booleans()):
        limits[1] = None
    return Call(name, (draw(numbers(x, dtype=dtype)), *limits))


@st.composite
def _chosen(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    c, x, y = draw(broadcastable_shapes(3))
    condition = draw(integers(c)) > 0
    return Call(name, (condition, draw(numbers(x, dtype=dtype)), draw(numbers(y, dtype=dtype))))


@st.composite
def _reduced(
    draw: st.DrawFn,
    name: str,
    dtype: Any,
    values: Callable[..., Any] = numbers,
    least: int = 0,
    keepdims: bool = True,
) -> Call:
    """Draw an array and axes along which it has ``least`` entries."""
    shape = draw(SHAPES)
    axis = draw(axes(len(shape)))
    shape = _filled(shape, axis, least)
    static = {"axis": axis, "keepdims": draw(st.booleans())} if keepdims else {"axis": axis}
    return Call(name, (draw(values(shape, dtype=dtype)),), static)


def _filled(shape: tuple[int, ...], axis: Any, least: int) -> tuple[int, ...]:
    """Make the sizes along ``axis`` at least ``least``, those of other axes stay."""
    every = range(len(shape)) if axis is None else np.atleast_1d(axis).astype(int) % len(shape)
    return tuple(max(n, least) if i in every else n for i, n in enumerate(shape))


@st.composite
def _running(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    x = draw(arrays(dtype=dtype))
    axis = draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    return Call(name, (x,), {"axis": axis})


@st.composite
def with_zeros(draw: st.DrawFn, shape: tuple[int, ...], dtype: Any = "float64") -> np.ndarray:
    """Draw numbers from -2 to 2, of which some are 0."""
    k = draw(integers(shape))
    return np.where(k % 5 == 0, 0, k / 64).astype(dtype)


@st.composite
def _spread(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw for a variance: more entries than ``ddof``, not all equal."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    axis = draw(axes(len(shape)).filter(lambda axis: axis != ()))
    ddof = draw(st.integers(0, 1))
    x = draw(distinct(_filled(shape, axis, 2), dtype))
    return Call(name, (x,), {"axis": axis, "ddof": ddof, "keepdims": draw(st.booleans())})


@st.composite
def _measured(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw for a norm: over any axes, or one of three kinds over a single axis."""
    call = draw(_reduced(name, dtype, distinct, least=1))
    (x,), axis = call.operands, call.static["axis"]
    single = isinstance(axis, int) or x.ndim == 1
    order = draw(st.sampled_from([None, 1, 2, np.inf])) if single and axis != () else None
    return Call(name, (x,), {"ord": order, **call.static})


@st.composite
def _multiplied(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    m, k, n = draw(st.tuples(*[st.integers(0, 3)] * 3))
    left, right = draw(broadcastable_shapes(2))
    x = draw(st.sampled_from([(*left[-2:], m, k), (m, k), (k,)]))
    y = draw(st.sampled_from([(*right[-2:], k, n), (k, n), (k,)]))
    return Call(name, (draw(numbers(x, dtype=dtype)), draw(numbers(y, dtype=dtype))))


@st.composite
def _outer(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    flat = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)
    return Call(name, tuple(draw(arrays(flat, dtype=dtype)) for _ in range(2)))


@st.composite
def _affine(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    n_in, n_out = draw(st.tuples(*[st.integers(0, 3)] * 2))
    lead = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    shapes = [(*lead, n_in), (n_out, n_in), (n_out,)]
    return Call(name, tuple(draw(numbers(shape, dtype=dtype)) for shape in shapes))


@st.composite
def _layer(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw an affine map and a nonlinearity, away from the bend of the ramp."""
    x, weight, bias = draw(_affine(name, dtype)).operands
    kinds = ["identity", "elu", "sigmoid", "tanh", "softplus"]
    a = np.einsum("...i,oi->...o", x, weight) + bias if x.size and weight.size else bias
    if np.abs(a).min(initial=1.0) > 0.1:
        kinds.append("relu")
    return Call(name, (x, weight, bias), {"activation": draw(st.sampled_from(kinds))})


@st.composite
def _raised(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw images, a bias for each channel and a nonlinearity, away from the bend of the ramp."""
    shape = draw(hnp.array_shapes(min_dims=4, max_dims=4, min_side=0, max_side=3))
    x, bias = draw(numbers(shape, dtype=dtype)), draw(numbers(shape[1:2], dtype=dtype))
    kinds = ["identity", "elu", "sigmoid", "tanh", "softplus"]
    if np.abs(x + bias[:, None, None]).min(initial=1.0) > 0.1:
        kinds.append("relu")
    return Call(name, (x, bias), {"activation": draw(st.sampled_from(kinds))})


@st.composite
def _bernoulli(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw logits and data that are bits or grey values."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    k = draw(integers(shape)) + 128
    data = draw(st.sampled_from([k > 128, k / 255]))
    return Call(name, (draw(numbers(shape, dtype=dtype)), data.astype(dtype)))


@st.composite
def _activity(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw activations between 0 and 1 of at least one datum, and a share of active units."""
    n, d = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    y = (draw(integers((n, d))) + 160) / 320  # from 1/10 to 9/10
    rho = draw(st.sampled_from([0.05, 0.5, 0.875]))
    return Call(name, (draw(strided(y.astype(dtype))),), {"rho": rho})


@st.composite
def _contractive(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    n, d, k = draw(st.tuples(*[st.integers(0, 3)] * 3))
    return Call(name, (draw(numbers((n, d), dtype=dtype)), draw(numbers((d, k), dtype=dtype))))


@st.composite
def _gated(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    n, d = draw(st.tuples(*[st.integers(0, 3)] * 2))
    shapes = [(n, 3 * d), (n, 3 * d), (n, d)]
    return Call(name, tuple(draw(numbers(shape, dtype=dtype)) for shape in shapes))


@st.composite
def _gaussian(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw means, data and log standard deviations that broadcast; the latter may be a number."""
    shapes = draw(broadcastable_shapes(3).filter(lambda shapes: any(shapes)))
    xs: list[Any] = [
        draw(numbers(shape, dtype=dtype, fraction=(i + 1) / 4)) for i, shape in enumerate(shapes)
    ]
    if draw(st.booleans()) and shapes[0]:
        xs[2] = 0.375
    return Call(name, tuple(xs))


@st.composite
def _isotropic(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw means, and for each row of them a log variance."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    rows = draw(st.sampled_from([shape[:-1], (*shape[:-1], 1)]))
    xs = [draw(numbers(s, dtype=dtype)) for s in (shape, rows)]
    return Call(name, tuple(xs))


@st.composite
def _triangular(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw means, and for each row of them a matrix without zeros."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=3))
    L = draw(numbers((*shape, shape[-1]), "nonzero", dtype))
    return Call(name, (draw(numbers(shape, dtype=dtype)), L))


@st.composite
def _solvable(draw: st.DrawFn, name: str, dtype: Any) -> Call:
    """Draw triangular matrices far from singular, and right-hand sides, one of the two stacked."""
    d, stack, deep = draw(st.integers(0, 3)), draw(st.integers(0, 3)), draw(st.integers(0, 2))
    shapes = [(stack, d, d), (d,)], [(d, d), (stack, d)], [(stack, d, d), (2, stack, d)]
    L, b = (draw(numbers(shape, dtype=dtype)) for shape in shapes[deep])
    L = L / (1 + np.abs(L))
    L = L + np.where(np.eye(d, dtype=bool), np.where(L < 0, -1, 1), 0).astype(dtype)
    return Call(name, (draw(strided(L)), b), {"transposed": draw(st.booleans())})


Draw = Callable[[str, Any], st.SearchStrategy[Call]]

DRAWN: dict[str, Draw] = {
    "bernoulli_nll": _bernoulli,
    "channel_bias": _raised,
    "clip": _clipped,
    "contraction_penalty": _contractive,
    "cumsum": _running,
    "dense": _layer,
    "euclidean": partial(_reduced, values=distinct, least=1),
    "gaussian_kl": partial(_elementwise, n=2),
    "gaussian_kl_full": _triangular,
    "gaussian_kl_isotropic": _isotropic,
    "gaussian_nll": _gaussian,
    "gru_cell": _gated,
    "leaky_relu": _leaky,
    "linear": _affine,
    "log_sigmoid": _elementwise,
    "log_softmax": partial(_reduced, keepdims=False),
    "logsumexp": partial(_reduced, least=1),
    "matmul": _multiplied,
    "max": partial(_reduced, values=distinct, least=1),
    "mean": partial(_reduced, least=1),
    "min": partial(_reduced, values=distinct, least=1),
    "norm": _measured,
    "outer": _outer,
    "power": _power,
    "prod": partial(_reduced, values=with_zeros),
    "reparameterize": partial(_elementwise, n=3),
    "softmax": partial(_reduced, keepdims=False),
    "solve_triangular": _solvable,
    "sparsity_penalty": _activity,
    "std": _spread,
    "sum": _reduced,
    "var": _spread,
    "where": _chosen,
    **IMAGES,
    **LAYOUTS,
    **SUBSCRIPTS,
}
"""How to draw a call, by the function's name: each is given that name and the dtype."""
