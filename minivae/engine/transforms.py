"""Derivatives as functions of functions: grad, value_and_grad, vjp, jvp, jacobian, hvp.

Each takes a function of tensors and returns a function of arrays or tensors. They compose, with
each other and with ``backward``: whatever depends on a tensor that wants a gradient is recorded,
so that ``grad(grad(f))`` is the second derivative and a gradient may be part of a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from minivae.engine.broadcast import owned
from minivae.engine.dtypes import in_type
from minivae.engine.forward import pushforward
from minivae.engine.operators import values
from minivae.engine.ops.joining import concatenate
from minivae.engine.ops.shape import reshape
from minivae.engine.order import born, consumers_first
from minivae.engine.reverse import pullback
from minivae.engine.tape import recorded, recording
from minivae.engine.tensor import Tensor, Variable


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
    several = isinstance(argnums, Sequence)
    wanted = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)

    @wraps(f)
    def run(*args: Any, **static: Any) -> Any:
        watched = recording()
        point = list(args)
        if not all(-len(args) <= i < len(args) for i in wanted):
            raise ValueError(f"grad: argnums={argnums}, and there are {len(args)} arguments")
        for i in wanted:
            point[i] = _variable(args[i])
        inputs = [point[i] for i in wanted]
        with recorded():
            value = _result("grad", _of(inputs, f, *point, **static))
            if value.size != 1:
                raise ValueError(
                    "grad: the function must return a tensor with one entry, it returned "
                    f"{value.shape}; reduce it, as by .sum(), or use vjp or jacobian"
                )
            lives_on = watched and _lives_on(value, inputs)
            gradients = tuple(_pull(value, np.ones(value.shape), inputs, lives_on))
        return (value if lives_on else value.detach()), (gradients if several else gradients[0])

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
    watched = recording()
    inputs = [_variable(a) for a in args]
    with recorded():
        z = _result("vjp", _of(inputs, f, *inputs))
    lives_on = watched and _lives_on(z, inputs)

    def pull(cotangent: Any) -> tuple[Tensor, ...]:
        tracked = isinstance(cotangent, Tensor) and cotangent.requires_grad
        return tuple(_pull(z, cotangent, inputs, lives_on or tracked))

    return (z if lives_on else z.detach()), pull


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return z = f(*primals) and its change dz = J v for changes v = ``tangents`` of the arguments.

    Forward mode: by the operations' tangents, not by their adjoints.

    Parameters
    ----------
    f : callable
        Maps tensors to a tensor.
    primals, tangents : sequence
        The arguments, and a change for each, of its shape.

    Examples
    --------
    >>> import minivae as mv
    >>> z, dz = mv.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    >>> z.item(), dz.item()  # dz = y dx + x dy
    (6.0, 23.0)
    """
    if not isinstance(primals, Sequence) or not isinstance(tangents, Sequence):
        raise TypeError("jvp: pass arguments and tangents as tuples, as in jvp(f, (x,), (v,))")
    shapes = [np.shape(a) for a in primals], [np.shape(v) for v in tangents]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"jvp: each argument needs a tangent of its shape; arguments have shapes {shapes[0]}, "
            f"tangents {shapes[1]}"
        )
    watched = recording()
    inputs = [_variable(a) for a in primals]
    with recorded(forward=True):
        z = _result("jvp", _of(inputs, f, *inputs))
    tracked = any(isinstance(v, Tensor) and v.requires_grad for v in tangents)
    lives_on = watched and (tracked or _lives_on(z, inputs))
    changes = [_like(v, x, lives_on) for v, x in zip(tangents, inputs, strict=True)]
    with recorded(lives_on, forward=True):
        dz = pushforward(z, inputs, changes, create_graph=lives_on)
    dz = np.zeros_like(z.data) if dz is None else dz
    if not isinstance(dz, Tensor):
        (dz,) = map(Tensor, owned([np.asarray(dz)], not_in=changes))
    return (z if lives_on else z.detach()), dz


def jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the function that gives J[i, j] = ∂f(x)ᵢ / ∂xⱼ, of shape (*f(x).shape, *x.shape)."""

    @wraps(f)
    def run(*args: Any, **static: Any) -> Tensor:
        i = range(len(args))[argnum]

        def along(x: Any) -> Any:
            return f(*args[:i], x, *args[i + 1 :], **static)

        z, pull = vjp(along, args[i])
        if z.size == 0:
            return Tensor(np.zeros((*z.shape, *np.shape(args[i])), z.dtype))
        rows = [pull(e.reshape(z.shape))[0] for e in np.eye(z.size, dtype=z.dtype)]
        stacked = concatenate([reshape(row, (1, *row.shape)) for row in rows])
        return reshape(stacked, (*z.shape, *rows[0].shape))

    return run


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Tensor:
    """Return the product H v of the Hessian of a scalar-valued ``f`` at ``x`` with a direction.

    H v = ∇(x ↦ <∇f(x), v>): two reverse walks, and the Hessian is never formed.
    """
    if np.shape(v) != np.shape(x):
        raise ValueError(
            f"hvp: a direction has the shape of the point, {np.shape(x)}, this one {np.shape(v)}"
        )

    def slope(x: Any) -> Tensor:
        g = grad(f)(x)
        return reshape(g * _like(v, g, as_tensor=True), (-1,)).sum()

    return grad(slope)(x)


def _of(inputs: Sequence[Tensor], f: Callable[..., Any], *args: Any, **static: Any) -> Any:
    """Compute the function; afterwards its variables are nobody's any more."""
    try:
        return f(*args, **static)
    finally:
        for x in inputs:
            if isinstance(x, Variable):
                x.active = False


def _result(name: str, z: Any) -> Tensor:
    if not isinstance(z, Tensor):
        left = isinstance(z, np.ndarray | np.generic)
        raise TypeError(
            f"{name}: the function must return a tensor, not {type(z).__name__}"
            + "; a NumPy array has left the graph: compute with minivae's operations" * left
        )
    return z


def _lives_on(z: Tensor, inputs: Sequence[Tensor]) -> bool:
    """Tell whether somebody outside may differentiate what is computed from ``z``.

    So it is if an input is itself the result of recorded operations, or if the function used some
    other tensor that wants a gradient: a network's weights, or the variable of a transformation
    around this one. What was made before the inputs is such; the variable of a transformation
    that is over is not.
    """
    own, since = set(inputs), min(map(born, inputs), default=0)

    def outside(x: Tensor) -> bool:
        if x in own or not x.requires_grad:
            return False
        if isinstance(x, Variable):
            return x.active
        return x.node is None or x.node.born < since

    used = (x for t in consumers_first(z, inputs, since) for x in t.node.tracked())  # type: ignore[union-attr]
    return any(x.node is not None for x in inputs) or outside(z) or any(map(outside, used))


def _variable(a: Any) -> Tensor:
    """Make the point of differentiation: a leaf for an array, an alias within an outer graph."""
    if isinstance(a, Tensor) and a.requires_grad and recording():
        return reshape(a, a.shape)
    array = np.asarray(a.data if isinstance(a, Tensor) else a)
    if array.dtype.kind in "iub":
        raise TypeError(
            f"integers have no slope: differentiate at floating-point numbers, as {array * 1.0!r} "
            f"in place of {a!r}"
        )
    return Variable(array)


def _like(v: Any, x: Tensor, as_tensor: bool) -> Any:
    """Give a tangent or cotangent ``v`` of ``x`` the type of ``x``."""
    v = in_type(v if as_tensor else values(v), x.dtype)
    return Tensor(v) if as_tensor and not isinstance(v, Tensor) else v


def _pull(z: Tensor, seed: Any, inputs: Sequence[Tensor], lives_on: bool) -> list[Tensor]:
    """Pull ``seed`` back to ``inputs``; what ``z`` does not depend on gets zeros."""
    if np.shape(seed) != z.shape:
        raise ValueError(f"vjp: the cotangent has shape {np.shape(seed)}, the result {z.shape}")
    seed = _like(seed, z, lives_on)
    with recorded(lives_on):
        pulled = pullback(z, seed, inputs, create_graph=lives_on)
    cotangents = [
        np.zeros_like(x.data) if g is None else g for x, g in zip(inputs, pulled, strict=True)
    ]
    if lives_on:
        return [g if isinstance(g, Tensor) else Tensor(g) for g in cotangents]
    return [Tensor(g) for g in owned([np.asarray(g) for g in cotangents], not_in=[seed])]
