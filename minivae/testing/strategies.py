"""Strategies for hypothesis: arrays, shapes that broadcast, and operands for each operation.

They are public, for students' own checks::

    from hypothesis import given
    import minivae as mv

    @given(mv.testing.strategies.arrays(domain="positive"))
    def test_log_undoes_exp(x):
        assert np.allclose(mv.log(mv.exp(x)), x)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.engine import REGISTRY

_RANGES = {"real": (-4.0, 4.0), "positive": (0.25, 4.0), "nonzero": (0.25, 4.0)}
Operands = tuple[list[np.ndarray], dict[str, Any]]


def arrays(
    shape: Any = None, domain: str = "real", dtype: Any = "float64"
) -> st.SearchStrategy[np.ndarray]:
    """Draw an array of moderate numbers, contiguous or strided, forwards or backwards.

    Parameters
    ----------
    shape : tuple of int or strategy, optional
        By default any of up to three axes, sizes 0 and 1 among them.
    domain : {"real", "positive", "nonzero"}
        Which numbers: from -4 to 4, from 0.25 to 4, or the latter with either sign.
    dtype : optional
        ``"float64"`` or ``"float32"``.
    """
    return _arrays(shape, domain, dtype, 0.5)


@st.composite
def _arrays(draw: st.DrawFn, shape: Any, domain: str, dtype: Any, fraction: float) -> np.ndarray:
    """Draw as :func:`arrays` does, (k + ``fraction``) / 16 with k an integer.

    Operands of different fractions never meet, so that a maximum of the two has no kink.
    """
    sizes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    shape = draw(sizes) if shape is None else draw(shape) if hasattr(shape, "example") else shape
    low, high = _RANGES[domain]
    numbers = st.integers(int(low * 16), int(high * 16)).map(lambda k: (k + fraction) / 16)
    x = draw(hnp.arrays(np.float64, shape, elements=numbers)).astype(dtype)
    if domain == "nonzero":
        x = x * draw(hnp.arrays(np.int8, shape, elements=st.sampled_from([-1, 1]))).astype(dtype)
    return draw(st.sampled_from([_plain, _every_other, _backwards]))(x)


def _plain(x: np.ndarray) -> np.ndarray:
    return x


def _every_other(x: np.ndarray) -> np.ndarray:
    """Return the same values in every second place of a larger array."""
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def _backwards(x: np.ndarray) -> np.ndarray:
    """Return the same values with a negative stride."""
    return x[::-1].copy()[::-1] if x.ndim else x


def broadcastable_shapes(n: int) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    """Draw ``n`` shapes that broadcast with each other, sizes 0 and 1 among them."""
    return hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=3, min_side=0, max_side=3).map(
        lambda shapes: shapes.input_shapes
    )


def operands(name: str, dtype: Any = "float64") -> st.SearchStrategy[Operands]:
    """Draw operands and static arguments for the operation ``name``.

    An elementwise operation gets arrays of its domain that broadcast with each other, without
    anything being written for it here.

    Raises
    ------
    KeyError
        If the operation is not elementwise and :data:`SPECIAL` does not know it.
    """
    op = REGISTRY[name]
    if op.domain:
        return broadcastable_shapes(len(op.operands)).flatmap(
            lambda shapes: st.tuples(
                *(_arrays(s, op.domain, dtype, (i + 1) / 4) for i, s in enumerate(shapes))
            ).map(lambda xs: (list(xs), {}))
        )
    if name not in SPECIAL:
        raise KeyError(f"operation {name!r} is not elementwise: say in SPECIAL how to draw for it")
    return SPECIAL[name](dtype)


@st.composite
def _reduced(draw: st.DrawFn, dtype: Any, least: int = 0) -> Operands:
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=least, max_side=3))
    axes = st.integers(-len(shape), len(shape) - 1) if shape else st.none()
    several = st.sets(st.integers(0, len(shape) - 1)).map(tuple) if shape else st.none()
    static = {"axis": draw(st.none() | axes | several), "keepdims": draw(st.booleans())}
    return [draw(arrays(shape, dtype=dtype))], static


@st.composite
def _reshaped(draw: st.DrawFn, dtype: Any) -> Operands:
    x = draw(arrays(dtype=dtype))
    return [x], {
        "shape": draw(st.sampled_from([(-1,), x.shape[::-1], (1, *x.shape)]))
        if x.size
        else x.shape[::-1]
    }


@st.composite
def _permuted(draw: st.DrawFn, dtype: Any) -> Operands:
    x = draw(arrays(dtype=dtype))
    axes = draw(st.permutations(range(x.ndim)))
    signed = tuple(axis - draw(st.sampled_from([0, x.ndim])) for axis in axes)
    return [x], {"axes": draw(st.sampled_from([None, signed]))}


@st.composite
def _swapped(draw: st.DrawFn, dtype: Any) -> Operands:
    x = draw(arrays(hnp.array_shapes(min_dims=2, max_dims=3, max_side=3), dtype=dtype))
    axis = st.integers(-x.ndim, x.ndim - 1)
    return [x], {"axis1": draw(axis), "axis2": draw(axis)}


@st.composite
def _stretched(draw: st.DrawFn, dtype: Any) -> Operands:
    shape, target = draw(broadcastable_shapes(2))
    return [draw(arrays(shape, dtype=dtype))], {"shape": np.broadcast_shapes(shape, target)}


@st.composite
def _indexed(draw: st.DrawFn, dtype: Any) -> Operands:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    advanced = hnp.integer_array_indices(shape)
    return [draw(arrays(shape, dtype=dtype))], {"index": draw(basic | advanced)}


@st.composite
def _scattered(draw: st.DrawFn, dtype: Any) -> Operands:
    (x,), static = draw(_indexed(dtype))
    return [draw(arrays(x[static["index"]].shape, dtype=dtype))], {"shape": x.shape, **static}


@st.composite
def _joined(draw: st.DrawFn, dtype: Any) -> Operands:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    shapes = [[*shape[: axis % len(shape)], n, *shape[axis % len(shape) + 1 :]] for n in sizes]
    return [draw(arrays(tuple(s), dtype=dtype)) for s in shapes], {"axis": axis}


@st.composite
def _multiplied(draw: st.DrawFn, dtype: Any) -> Operands:
    m, k, n = draw(st.tuples(*[st.integers(0, 3)] * 3))
    left, right = draw(broadcastable_shapes(2))
    x = draw(st.sampled_from([(k,), (m, k), (*left, m, k)]))
    y = draw(st.sampled_from([(k,), (k, n), (*right, k, n)]))
    return [draw(arrays(x, dtype=dtype)), draw(arrays(y, dtype=dtype))], {}


@st.composite
def _affine(draw: st.DrawFn, dtype: Any) -> Operands:
    n_in, n_out = draw(st.tuples(*[st.integers(0, 3)] * 2))
    lead = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    shapes = [(*lead, n_in), (n_out, n_in), (n_out,)]
    return [draw(arrays(shape, dtype=dtype)) for shape in shapes], {}


@st.composite
def _chosen(draw: st.DrawFn, dtype: Any) -> Operands:
    c, x, y = draw(broadcastable_shapes(3))
    condition = draw(hnp.arrays(np.bool_, c))
    return [condition, draw(arrays(x, dtype=dtype)), draw(arrays(y, dtype=dtype))], {}


@st.composite
def _converted(draw: st.DrawFn, dtype: Any) -> Operands:
    return [draw(arrays(dtype=dtype))], {"dtype": dtype}


@st.composite
def _bernoulli(draw: st.DrawFn, dtype: Any) -> Operands:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    ones = draw(hnp.arrays(np.bool_, shape)).astype(dtype)
    return [draw(arrays(shape, dtype=dtype)), ones], {}


@st.composite
def _same_shape(draw: st.DrawFn, dtype: Any, n: int) -> Operands:
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    return [draw(arrays(shape, dtype=dtype)) for _ in range(n)], {}


SPECIAL = {
    "astype": _converted,
    "bernoulli_nll": _bernoulli,
    "broadcast_to": _stretched,
    "gaussian_kl": lambda dtype: _same_shape(dtype, 2),
    "getitem": _indexed,
    "join": _joined,
    "linear": _affine,
    "logsumexp": lambda dtype: _reduced(dtype, least=1),
    "matmul": _multiplied,
    "mean": lambda dtype: _reduced(dtype, least=1),
    "reparameterize": lambda dtype: _same_shape(dtype, 3),
    "reshape": _reshaped,
    "scatter": _scattered,
    "sum": _reduced,
    "swapaxes": _swapped,
    "transpose": _permuted,
    "where": _chosen,
}
