"""Derivatives as functions of functions: grad, value_and_grad, vjp, jacobian, hvp.

Each takes a function of tensors and returns a function of arrays or tensors. They compose: inside
another transformation everything is recorded, so that ``grad(grad(f))`` is the second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from minivae.engine.ops.shape import concatenate, reshape
from minivae.engine.reverse import pullback
from minivae.engine.tape import recorded
from minivae.engine.tensor import Tensor

_depth: ContextVar[int] = ContextVar("depth", default=0)


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives (f(x), ∇f(x)) for a scalar-valued ``f``.

    Parameters
    ----------
    f : callable
        Maps tensors to a tensor with one entry.
    argnums : int or sequence of int
        With respect to which positional arguments; a sequence gives a tuple of gradients.

    Examples
    --------
    >>> import minivae as mv
    >>> value, slope = mv.value_and_grad(lambda x: x**3)(2.0)
    >>> value.item(), slope.item()
    (8.0, 12.0)
    """
    several = not isinstance(argnums, int)
    wanted = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)

    @wraps(f)
    def run(*args: Any, **static: Any) -> Any:
        with _transforming() as nested:
            args_ = list(args)
            for i in wanted:
                args_[i] = _variable(args_[i])
            value = f(*args_, **static)
            if not isinstance(value, Tensor) or value.size != 1:
                shape = getattr(value, "shape", type(value).__name__)
                raise ValueError(
                    f"grad: the function must return a tensor with one entry, it returned {shape}; "
                    "reduce it, as by .sum(), or use vjp or jacobian"
                )
            inputs = [args_[i] for i in wanted]
            gradients = tuple(_pull(value, np.ones(value.shape, value.dtype), inputs, nested))
        return (value if nested else value.detach()), (gradients if several else gradients[0])

    return run


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the gradient function x ↦ ∇f(x) of a scalar-valued ``f``.

    See :func:`value_and_grad` for the parameters.

    Examples
    --------
    >>> import minivae as mv
    >>> mv.grad(mv.grad(lambda x: x**3))(2.0).item()
    12.0
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def run(*args: Any, **static: Any) -> Any:
        return both(*args, **static)[1]

    return run


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Tensor, Callable[[Any], tuple[Tensor, ...]]]:
    """Return z = f(*args) and its pullback, the map ḡ ↦ Jᵀ ḡ to a cotangent for each argument."""
    with _transforming() as nested:
        inputs = [_variable(a) for a in args]
        z = f(*inputs)
        if not isinstance(z, Tensor):
            raise TypeError(f"vjp: the function must return a tensor, not {type(z).__name__}")

    def pull(cotangent: Any) -> tuple[Tensor, ...]:
        with _transforming() as inner:
            return tuple(_pull(z, cotangent, inputs, inner or nested))

    return (z if nested else z.detach()), pull


def jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the function that gives J[i, j] = ∂f(x)ᵢ / ∂xⱼ, of shape (*f(x).shape, *x.shape)."""

    @wraps(f)
    def run(*args: Any) -> Tensor:
        def along(x: Any) -> Any:
            return f(*args[:argnum], x, *args[argnum + 1 :])

        z, pull = vjp(along, args[argnum])
        rows = [pull(e.reshape(z.shape))[0] for e in np.eye(z.size, dtype=z.dtype)]
        stacked = concatenate([reshape(row, (1, *row.shape)) for row in rows])
        return reshape(stacked, (*z.shape, *rows[0].shape))

    return run


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Tensor:
    """Return the product H v of the Hessian of a scalar-valued ``f`` at ``x`` with a direction.

    H v = ∇(x ↦ <∇f(x), v>): two reverse walks, and the Hessian is never formed.
    """

    def slope(x: Any) -> Tensor:
        return reshape(grad(f)(x) * v, (-1,)).sum()

    return grad(slope)(x)


@contextmanager
def _transforming() -> Iterator[bool]:
    """Enter a transformation, which records; say whether it is nested in another."""
    depth = _depth.get()
    token = _depth.set(depth + 1)
    try:
        with recorded():
            yield depth > 0
    finally:
        _depth.reset(token)


def _variable(a: Any) -> Tensor:
    """Make the point of differentiation: a leaf for an array, an alias within an outer graph."""
    if isinstance(a, Tensor):
        return reshape(a, a.shape) if a.requires_grad else Tensor(a.data, requires_grad=True)
    return Tensor(a, requires_grad=True)


def _pull(z: Tensor, seed: Any, inputs: list[Tensor], nested: bool) -> list[Tensor]:
    """Pull ``seed`` back to ``inputs``; what ``z`` does not depend on gets zeros."""
    if nested and not isinstance(seed, Tensor):
        seed = Tensor(np.asarray(seed, z.dtype))
    elif not nested:
        seed = np.asarray(seed.data if isinstance(seed, Tensor) else seed, z.dtype)
    if seed.shape != z.shape:
        raise ValueError(f"vjp: the cotangent has shape {seed.shape}, the result {z.shape}")
    pulled = pullback(z, seed, inputs, create_graph=nested, retain_graph=True)
    cotangents = [
        np.zeros_like(x.data) if g is None else g for x, g in zip(inputs, pulled, strict=True)
    ]
    return [g if isinstance(g, Tensor) else Tensor(g) for g in cotangents]
