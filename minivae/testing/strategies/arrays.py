"""Arrays for hypothesis: their values, shapes, axes, types, and how they lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

_SIZES = st.sampled_from([1, 2, 3, 0, 2, 3, 2, 3])  # mostly of those that can be confused
SHAPES = st.sampled_from([0, 1, 2, 3, 2, 3]).flatmap(lambda ndim: st.tuples(*[_SIZES] * ndim))


def arrays(
    shape: Any = None, domain: str = "real", dtype: Any = "float64"
) -> st.SearchStrategy[np.ndarray]:
    """Draw an array of moderate numbers, in any memory layout.

    Parameters
    ----------
    shape : tuple of int or strategy, optional
        By default any of up to three axes, sizes 0 and 1 among them.
    domain : {"real", "positive", "nonzero"}
        Which numbers: from -4 to 4, from 0.25 to 4.25, or the latter with either sign. They are
        multiples of 1/128, and none is 0.
    dtype : optional
        ``"float64"`` or ``"float32"``.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> @given(mv.testing.strategies.arrays(domain="positive"))
    ... def test_log_undoes_exp(x):
    ...     np.testing.assert_allclose(mv.log(mv.exp(x)), x, rtol=1e-12)
    >>> test_log_undoes_exp()
    """
    if shape is None:
        shape = SHAPES
    if not isinstance(shape, st.SearchStrategy):
        return numbers(shape, domain, dtype)
    return shape.flatmap(lambda drawn: numbers(drawn, domain, dtype))


@st.composite
def numbers(
    draw: st.DrawFn, shape: Any, domain: str = "real", dtype: Any = "float64", fraction: float = 0.5
) -> np.ndarray:
    """Draw as :func:`arrays` does, integers plus ``fraction`` in units of 1/32 or 1/64.

    Operands of different fractions never meet, so that a maximum of the two has no kink.
    """
    k = draw(integers(shape))
    if domain == "real":
        x = (k + fraction) / 32
    elif domain == "positive":
        x = (k + 128 + fraction) / 64 + 0.25
    elif domain == "nonzero":
        x = np.where(k < 0, -1, 1) * ((np.where(k < 0, -1 - k, k) + fraction) / 32 + 0.25)
    else:
        raise ValueError(f"arrays: no domain {domain!r}; choose 'real', 'positive' or 'nonzero'")
    return draw(strided(x.astype(dtype)))


@st.composite
def integers(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """Draw floats that are integers from -128 to 127: a single draw, which shrinks to zeros."""
    size = int(np.prod(shape, dtype=int))
    drawn = draw(st.binary(min_size=size, max_size=size))
    return np.frombuffer(drawn, np.int8).astype(np.float64).reshape(shape)


@st.composite
def distinct(draw: st.DrawFn, shape: tuple[int, ...], dtype: Any = "float64") -> np.ndarray:
    """Draw numbers no two of which have the same absolute value, and none is 0."""
    k = draw(integers(shape)).reshape(-1)
    ranks = np.argsort(np.argsort(k, kind="stable"), kind="stable")
    x = np.where(k < 0, -1, 1) * (ranks + 0.5) / 8
    return draw(strided(x.reshape(shape).astype(dtype)))


@st.composite
def strided(draw: st.DrawFn, x: np.ndarray) -> np.ndarray:
    """Draw a view with the values of ``x`` that lies differently in memory.

    The axes may be in Fortran's order, and each may run forwards or backwards, in steps of one
    or two entries. What lies in between is NaN, so that it does not go unnoticed if it is read.

    Parameters
    ----------
    x : ndarray
        The values; it is not changed.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> x = np.arange(6.0).reshape(2, 3)
    >>> @given(mv.testing.strategies.strided(x))
    ... def test_a_sum_does_not_depend_on_strides(y):
    ...     assert mv.sum(y) == 15
    >>> test_a_sum_does_not_depend_on_strides()
    """
    order: Any = draw(st.sampled_from("CF"))
    code = draw(st.integers(0, 4**x.ndim - 1)) if draw(st.booleans()) else 0
    steps = [(1, 2, -1, -2)[code // 4**axis % 4] for axis in range(x.ndim)]
    room = [n * abs(step) for n, step in zip(x.shape, steps, strict=True)]
    between = np.nan if x.dtype.kind == "f" else 1
    index: Any = (*(slice(None, None, step) for step in steps), ...)
    view = np.full(room, between, x.dtype, order)[index]
    view[...] = x
    return view


def broadcastable_shapes(
    n: int, *, min_dims: int = 0, min_side: int = 0
) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    """Draw ``n`` shapes that broadcast with each other, sizes 0 and 1 among them.

    Parameters
    ----------
    n : int
        How many.
    min_dims : int
        The least number of axes; three is the greatest.
    min_side : int
        The least size; three is the greatest.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> @given(mv.testing.strategies.broadcastable_shapes(2))
    ... def test_a_sum_has_the_broadcast_shape(shapes):
    ...     x, y = map(np.ones, shapes)
    ...     assert mv.add(x, y).shape == np.broadcast_shapes(*shapes)
    >>> test_a_sum_has_the_broadcast_shape()
    """
    return hnp.mutually_broadcastable_shapes(
        num_shapes=n, min_dims=min_dims, max_dims=3, min_side=min_side, max_side=3
    ).map(lambda shapes: shapes.input_shapes)


def axes(ndim: int) -> st.SearchStrategy[Any]:
    """Draw what ``axis=`` may be for an array with ``ndim`` axes: None, a number, or several.

    Numbers count from the front or, negative, from the back; a tuple may be empty.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> x = np.ones((2, 3))
    >>> @given(mv.testing.strategies.axes(2))
    ... def test_a_sum_with_keepdims_keeps_its_axes(axis):
    ...     assert mv.sum(x, axis, keepdims=True).ndim == 2
    >>> test_a_sum_with_keepdims_keeps_its_axes()
    """
    if ndim == 0:
        return st.sampled_from([None, ()])
    one = st.integers(-ndim, ndim - 1)
    return st.none() | one | st.lists(one, max_size=ndim, unique_by=lambda a: a % ndim).map(tuple)


def dtypes() -> st.SearchStrategy[np.dtype]:
    """Draw one of the floating-point types that networks are made of.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> @given(mv.testing.strategies.dtypes())
    ... def test_numbers_do_not_promote(dtype):
    ...     assert (mv.tensor(np.ones(2, dtype)) * 2.0).dtype == dtype
    >>> test_numbers_do_not_promote()
    """
    return st.sampled_from([np.dtype("float64"), np.dtype("float32")])


def edge_values(
    dtype: Any = "float64", shape: Any = (8,), largest: float = np.inf
) -> st.SearchStrategy[np.ndarray]:
    """Draw an array of numbers at which floating-point formulas break.

    They are, with both signs: 0, the least subnormal and the least normal number, the distance from
    1 to the next number, 1 and its neighbours, the largest x for which eˣ, e⁻ˣ or x² is still a
    normal number, and the largest number.

    Parameters
    ----------
    dtype : optional
        ``"float64"`` or ``"float32"``.
    shape : tuple of int
        Of the array.
    largest : float
        Leave out what is greater than this in absolute value.

    Examples
    --------
    >>> from hypothesis import given
    >>> import numpy as np, minivae as mv
    >>> @given(mv.testing.strategies.edge_values("float32"))
    ... def test_a_softplus_is_finite(x):
    ...     assert np.isfinite(mv.softplus(x)).all()
    >>> test_a_softplus_is_finite()
    """
    f = np.finfo(dtype)
    one = f.dtype.type(1)
    points = [
        *(0, f.smallest_subnormal, f.tiny, f.eps, one - f.epsneg, one, one + f.eps),
        *(np.nextafter(e, 0) for e in (-np.log(f.tiny), np.log(f.max), np.sqrt(f.max))),
        f.max,
    ]
    table = np.array([x for x in points if x <= largest], dtype)
    table = np.concatenate([table, -table])  # the sign of 0 too
    return integers(shape).map(lambda k: table[k.astype(int) % len(table)])
