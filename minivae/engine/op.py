"""What an operation is: a primal, its differential and its adjoint, and what all of them share.

An operation is written as mathematics, the primal first, its derivatives directly below::

    @op(domain="real")
    def multiply(x, y):
        return x * y

    multiply.tangent(               # dz = dx y + x dy
        lambda v, y: v * y,
        lambda v, x: x * v,
    )
    multiply.adjoint(               # x̄ = g y,  ȳ = g x
        lambda g, y: g * y,
        lambda g, x: g * x,
    )

Both have one function for each operand. That of the tangent maps a change v of the operand to the
change of z, that of the adjoint the cotangent g of z to the cotangent of the operand. Further
parameters name what else it reads: the result z, operands, static arguments. Derivatives are
written in operations, so that they run on arrays (fast) and on tensors (which records them, for
derivatives of derivatives). Broadcasting is undone elsewhere, once for all, in
:func:`minivae.engine.broadcast.unbroadcast`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, overload

import numpy as np
from numpy import ndarray

from minivae.engine import rules
from minivae.engine.arguments import sort_out
from minivae.engine.dtypes import one_type, plain, refuse_complex
from minivae.engine.messages import caller, explain
from minivae.engine.registry import FUNCTIONS, REGISTRY
from minivae.engine.stamps import stamp
from minivae.engine.tape import Event, Node, mode
from minivae.engine.tensor import Tensor


class Op:
    """An operation z = primal(x, ..., static=...) with its tangent and its adjoint.

    Parameters
    ----------
    primal : callable
        Maps arrays to an array. Parameters without a default are operands, those with one are
        static arguments, which are not differentiated.
    domain : str
        The real numbers on which an elementwise operation is defined and smooth: ``"real"``,
        ``"positive"`` or ``"nonzero"``. Empty if the operation is not elementwise.
    linear : bool
        Whether z is linear in all operands together. Then the tangent is the operation itself,
        and the adjoint reads no values, only shapes.
    holomorphic : bool
        Whether the primal, given complex arrays, is the analytic continuation.
    spec : callable, optional
        For a fused operation: the formula, composed of other operations, that it must equal. It is
        the operation's test oracle, its tangent and its path for higher derivatives.
    """

    __name__: str

    def __init__(
        self,
        primal: Callable[..., Any],
        *,
        domain: str = "",
        linear: bool = False,
        holomorphic: bool = False,
        spec: Callable[..., Any] | None = None,
    ) -> None:
        update_wrapper(self, primal)
        if domain not in ("", "real", "positive", "nonzero"):
            raise ValueError(
                f"{self.__name__}: domain {domain!r} is none of real, positive, nonzero"
            )
        self.primal = primal
        self.domain = domain
        self.linear = linear
        self.holomorphic = holomorphic or linear
        self.spec = spec
        self.hint: Callable[..., str] | None = None
        parameters = inspect.signature(primal).parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.operands = [p.name for p in parameters if p.name not in self.defaults]
        self.arity = -1 if self.variadic else len(self.operands)
        self.forward: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self.tangents: tuple[Callable[..., Any] | None, ...] = ()
        self.adjoints: tuple[Callable[..., Any] | None, ...] = ()
        self.plans: dict[int, rules.Plan] = {}
        self.bound: dict[tuple[str, int], tuple[rules.Bound, tuple[int, ...]]] = {}
        other = FUNCTIONS.get(self.__name__)
        if other is not None and other.__module__ != primal.__module__:  # else it is defined anew
            raise ValueError(f"there is an operation {self.__name__} already; choose another name")
        REGISTRY[self.__name__] = FUNCTIONS[self.__name__] = self

    def tangent(self, *functions: Callable[..., Any] | None) -> None:
        """State the tangent: for each operand a function of its change v and of what it reads."""
        self.tangents, self.plans, self.bound = self._one_each(functions), {}, {}

    def adjoint(self, *functions: Callable[..., Any] | None) -> None:
        """State the adjoint: for each operand a function of the cotangent g and of what it reads.

        None declares that an operand is a constant. A variadic operation states a single function
        for all operands; ``i`` among its parameters is the operand's position.
        """
        self.adjoints, self.plans, self.bound = self._one_each(functions), {}, {}

    def in_one_pass(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """State how a fused operation on arrays saves work where a reverse walk will follow.

        ``forward`` takes what the primal takes and returns z and what else it found on the way,
        ``saved``. ``backward(g, saved, wanted, values)`` returns the cotangents of the operands at
        the positions ``wanted``; ``values`` are the operands, the static arguments and z. It must
        equal the adjoint, which still serves watchers, and the spec higher derivatives.
        """
        self.forward, self.backward = forward, backward

    def _one_each(self, functions: tuple[Any, ...]) -> tuple[Any, ...]:
        if functions and len(functions) != len(self.operands):
            raise TypeError(
                f"{self.__name__}: state one function for each of its operands "
                f"({', '.join(self.operands)}), not {len(functions)}; None for a constant"
            )
        return functions

    def hinted(self, hint: Callable[..., str]) -> Callable[..., str]:
        """State a function of the operands that says what is wrong with them, and the mend."""
        self.hint = hint
        return hint

    def __call__(self, *args: Any, **static: Any) -> Any:
        """Apply the operation: arrays in, array out; with a tensor among them, tensor out."""
        if static or len(args) != self.arity:
            args, static = sort_out(self, args, static)
        else:
            static = self.defaults
        arrays: list[Any] = []
        lifted, mixed, dtype, mask, bit = False, False, None, 0, 1
        for a in args:
            if isinstance(a, Tensor):
                lifted = True
                if a.requires_grad:
                    mask |= bit
                a = a.data
            elif type(a) is not ndarray:
                a = plain(a)
            if type(a) is ndarray and a.dtype is not dtype:
                mixed, dtype = dtype is not None, a.dtype
            arrays.append(a)
            bit += bit
        if mixed and lifted:
            arrays = one_type(self.__name__, arrays)
        record, watcher, forward, line = mode.get()
        saved = None
        try:
            if self.forward is not None and mask and record and watcher is None:
                z, saved = self.forward(*arrays, **static)
            elif watcher is None:
                z = self.primal(*arrays, **static) if static else self.primal(*arrays)
            else:
                line = caller()
                z = watcher(Event(self, arrays, line), partial(self.primal, *arrays, **static))
        except (ValueError, TypeError, IndexError) as error:
            raise explain(self.__name__, self.hint, arrays, static, error) from error
        if not lifted:
            return z
        result = Tensor.__new__(Tensor)
        result.data = z = z if type(z) is ndarray else np.asarray(z)
        result.grad = result.node = None
        result.requires_grad = False
        if mask and record:
            if z.dtype is not dtype and z.dtype.kind == "c":
                refuse_complex(self.__name__, arrays)
            values = [tuple(arrays)] if self.variadic else arrays
            if static:
                values.extend(static.values())
            values.append(z)
            plan = self.plans.get(~mask if forward else mask) or rules.plan(self, mask, forward)
            stamps = []
            for k in plan.reads:  # a comprehension would cost twice as much
                stamps.append(stamp(values[k]))
            result.node = Node(self, args, static, values, plan, stamps, saved)
            if line:
                result.node.line = line
            result.requires_grad = True
        return result

    def __repr__(self) -> str:
        return f"<operation {self.__name__}>"


@overload
def op(primal: Callable[..., Any]) -> Op: ...
@overload
def op(
    *, domain: str = "", linear: bool = False, holomorphic: bool = False
) -> Callable[[Callable[..., Any]], Op]: ...
def op(primal: Callable[..., Any] | None = None, **declared: Any) -> Any:
    """Make a function of arrays an operation; see :class:`Op` for what can be declared of it."""
    return partial(Op, **declared) if primal is None else Op(primal)


def fused(spec: Callable[..., Any], **declared: Any) -> Callable[[Callable[..., Any]], Op]:
    """Make a function of arrays a fused operation that must equal ``spec``."""
    return partial(Op, spec=spec, **declared)
