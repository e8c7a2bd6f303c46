"""What an operation is: a primal, its adjoint, and the machinery that every operation shares.

An operation is written as mathematics, the primal first and its adjoint directly below::

    @op
    def multiply(x, y):
        return x * y

    multiply.adjoint(                       # dz = y dx + x dy
        lambda g, z, x, y: g * y,           # x̄ = g y
        lambda g, z, x, y: g * x,           # ȳ = g x
    )

The adjoint has one function for each operand, which takes the cotangent g of z, the result z and
the operands. It is written in operations, so that it runs on arrays (fast) and on tensors (which
records it, for derivatives of derivatives). Broadcasting is undone elsewhere, once for all, in
:func:`minivae.engine.reverse.unbroadcast`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, cast, overload

import numpy as np

from minivae.engine.messages import explain
from minivae.engine.registry import REGISTRY
from minivae.engine.tape import Node, recording
from minivae.engine.tensor import Tensor

Adjoint = Callable[..., Any]


class Op:
    """An operation z = primal(x, ..., static=...) and its adjoint.

    Parameters
    ----------
    primal : callable
        Maps arrays to an array. Parameters without a default are operands, those with one are
        static arguments, which are not differentiated.
    domain : str
        The real numbers on which an elementwise operation is defined and smooth: ``"real"``,
        ``"positive"`` or ``"nonzero"``. Empty if the operation is not elementwise.
    spec : callable, optional
        For a fused operation: the formula, composed of other operations, that it must equal. It is
        the operation's test oracle and its path for higher derivatives.
    """

    __name__: str

    def __init__(
        self,
        primal: Callable[..., Any],
        *,
        domain: str = "",
        spec: Callable[..., Any] | None = None,
    ) -> None:
        update_wrapper(self, primal)
        self.primal = primal
        self.domain = domain
        self.spec = spec
        self.hint: Callable[..., str] | None = None
        parameters = inspect.signature(primal).parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.operands = [p.name for p in parameters if p.name not in self.defaults]
        self._adjoints: tuple[Adjoint | None, ...] = ()
        if self.__name__ in REGISTRY:
            raise ValueError(f"there is an operation {self.__name__} already; choose another name")
        REGISTRY[self.__name__] = self

    def adjoint(self, *functions: Adjoint | None) -> None:
        """State the adjoint: one function (g, z, *operands, **static) for each operand.

        None declares that an operand is a constant; a variadic operation states a single function,
        which takes the operand's position first.
        """
        self._adjoints = functions

    def hinted(self, hint: Callable[..., str]) -> None:
        """State a function of the operands that says what is wrong with them, and the mend."""
        self.hint = hint

    def adjoint_of(self, i: int) -> Adjoint:
        """Return the function that gives the cotangent of operand ``i``."""
        if self.variadic:
            (of_variadic,) = self._adjoints
            return partial(cast(Adjoint, of_variadic), i)
        function = self._adjoints[i] if i < len(self._adjoints) else None
        if function is None:
            raise TypeError(
                f"{self.__name__}: operand {i} is a constant of this operation and has no "
                "gradient; detach() it"
            )
        return function

    def __call__(self, *args: Any, **static: Any) -> Any:
        """Apply the operation: arrays in, array out; with a tensor among them, tensor out."""
        if not self.variadic and (static or len(args) != len(self.operands)):
            args, static = self._sort_out(args, static)
        if self.defaults:
            static = self.defaults | static
        args = tuple(a if isinstance(a, Tensor) else _plain(a) for a in args)
        arrays = [a.data if isinstance(a, Tensor) else a for a in args]
        try:
            z = self.primal(*arrays, **static)
        except (ValueError, TypeError, IndexError) as error:
            raise explain(self.__name__, self.hint, arrays, static, error) from error
        tensors = [a for a in args if isinstance(a, Tensor)]
        if not tensors:
            return z
        if recording() and any(t.requires_grad for t in tensors):
            return Tensor.result(z, Node(self, args, static))
        return Tensor.result(z, None)

    def _sort_out(
        self, args: tuple[Any, ...], static: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Tell operands from static arguments, as in sum(x, 0) or matmul(x=a, y=b)."""
        names = [*self.operands, *self.defaults]
        if len(args) > len(names):
            most = f"{len(names)} argument{'s' if len(names) > 1 else ''}"
            raise TypeError(f"{self.__name__} takes at most {most}, not {len(args)}")
        given = dict(zip(names, args, strict=False))
        if twice := sorted(given.keys() & static.keys()):
            raise TypeError(f"{self.__name__}: {twice[0]} is given twice")
        given |= static
        if missing := [name for name in self.operands if name not in given]:
            raise TypeError(f"{self.__name__}: the operand {missing[0]} is missing")
        operands = tuple(given.pop(name) for name in self.operands)
        for name, value in given.items():
            if isinstance(value, Tensor):
                raise TypeError(f"{self.__name__}: {name} has no gradient; pass {name}.data")
        return operands, given

    def __repr__(self) -> str:
        return f"<operation {self.__name__}>"


def _plain(a: Any) -> Any:
    """Make a list an array, and let a NumPy scalar promote no more than the number that it is."""
    if isinstance(a, list | tuple):
        return np.asarray(a)
    return a.item() if isinstance(a, np.float64 | np.integer) else a


@overload
def op(primal: Callable[..., Any]) -> Op: ...
@overload
def op(*, domain: str) -> Callable[[Callable[..., Any]], Op]: ...
def op(primal: Callable[..., Any] | None = None, *, domain: str = "") -> Any:
    """Make a function of arrays an operation; ``domain`` marks it as elementwise."""
    if primal is None:
        return lambda function: Op(function, domain=domain)
    return Op(primal)


def fused(spec: Callable[..., Any]) -> Callable[[Callable[..., Any]], Op]:
    """Make a function of arrays a fused operation that must equal ``spec``."""
    return lambda primal: Op(primal, spec=spec)
