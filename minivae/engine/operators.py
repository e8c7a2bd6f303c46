"""What a tensor answers to as an array: operators, methods, NumPy's functions. No mathematics."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minivae.engine.registry import FUNCTIONS

if TYPE_CHECKING:
    from minivae.engine.tensor import Tensor

# NumPy's questions about values: their answers are no function that could have a derivative.
COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
TESTS = {"isfinite", "isinf", "isnan", "signbit", "any", "all"}
EQUALITIES = {"allclose", "isclose", "array_equal", "array_equiv"}
PLACES = {"argmax", "argmin", "argsort", "searchsorted", "count_nonzero", "nonzero"}
FORMS = {"shape", "ndim", "size", "zeros_like", "ones_like", "empty_like"}
QUESTIONS = COMPARISONS | TESTS | EQUALITIES | PLACES | FORMS

INSTEAD = {  # what serves in the place of functions that minivae does not have
    "amax": "max",
    "amin": "min",
    "dot": "matmul",
    "expit": "sigmoid",
    "hstack": "concatenate",
    "inner": "matmul or einsum",
    "log2": "log(x) / log(2)",
    "log10": "log(x) / log(10)",
    "moveaxis": "transpose",
    "ravel": "reshape",
    "reciprocal": "1 / x",
    "vstack": "concatenate",
}


def _operator(name: str) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """Return the operator that applies the operation ``name``, and its reflection."""
    return lambda x, y: FUNCTIONS[name](x, y), lambda x, y: FUNCTIONS[name](y, x)


def _method(name: str) -> Callable[..., Tensor]:
    def method(self: Any, *args: Any, **static: Any) -> Tensor:
        return FUNCTIONS[name](self, *args, **static)

    method.__name__, method.__doc__ = name, f"See :func:`minivae.{name}`."
    return method


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: compare(values(x), values(y))


def values(a: Any) -> Any:
    """Return the array behind a tensor, in lists and tuples too; anything else as it is."""
    if isinstance(a, list | tuple):
        return type(a)(map(values, a))
    return a.data if isinstance(a, Operators) else a


class Operators:
    """The operators and methods of :class:`~minivae.engine.tensor.Tensor`."""

    __slots__ = ()

    data: np.ndarray
    requires_grad: bool
    node: Any

    # --- as an array -----------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of the entries."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.data.size

    def numpy(self) -> np.ndarray:
        """Return the values as the array that the tensor holds, not a copy."""
        return self.data

    def item(self) -> float:
        """Return the only entry as a Python number."""
        return self.data.item()

    def tolist(self) -> Any:
        """Return the entries as (nested lists of) Python numbers."""
        return self.data.tolist()

    def argmax(self, axis: int | None = None) -> Any:
        """Return the places of the greatest entries along ``axis``; these have no gradient."""
        return self.data.argmax(axis)

    def argmin(self, axis: int | None = None) -> Any:
        """Return the places of the least entries along ``axis``; these have no gradient."""
        return self.data.argmin(axis)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else str(self)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("a tensor without axes cannot be iterated over; use item()")
        return (self[i] for i in range(len(self)))

    # --- as an operand ---------------------------------------------------------------------

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("subtract")
    __mul__, __rmul__ = _operator("multiply")
    __truediv__, __rtruediv__ = _operator("divide")
    __pow__, __rpow__ = _operator("power")
    __matmul__, __rmatmul__ = _operator("matmul")
    __neg__ = _method("negative")
    __abs__ = _method("absolute")

    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    __hash__ = object.__hash__

    sum = _method("sum")
    mean = _method("mean")
    var = _method("var")
    std = _method("std")
    prod = _method("prod")
    max = _method("max")
    min = _method("min")
    cumsum = _method("cumsum")
    clip = _method("clip")
    exp = _method("exp")
    log = _method("log")
    sqrt = _method("sqrt")
    tanh = _method("tanh")
    sigmoid = _method("sigmoid")
    relu = _method("relu")
    softmax = _method("softmax")
    logsumexp = _method("logsumexp")
    astype = _method("astype")
    swapaxes = _method("swapaxes")
    squeeze = _method("squeeze")
    diagonal = _method("diagonal")

    def reshape(self, *shape: Any) -> Tensor:
        """See :func:`minivae.reshape`; the shape may be one tuple or several numbers."""
        return FUNCTIONS["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """See :func:`minivae.transpose`; the axes may be one tuple or several numbers."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
            (axes,) = axes
        return FUNCTIONS["transpose"](self, axes=axes or None)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return FUNCTIONS["transpose"](self)

    def ravel(self) -> Tensor:
        """Return the entries along a single axis, in row-major order."""
        return FUNCTIONS["reshape"](self, shape=(-1,))

    flatten = ravel

    def __getitem__(self, index: Any) -> Tensor:
        return FUNCTIONS["getitem"](self, index=index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "tensors are not assigned to, a graph may need their old values; build a new one with "
            "where, concatenate or pad, or write to t.data before t is used"
        )

    def _in_place(self, other: Any) -> Any:
        if self.requires_grad and self.node is None:
            raise TypeError(
                "a leaf that requires a gradient is not changed by += and the like: the name would "
                "go over to a result, and the leaf's gradient be lost to it; write x = x + y for a "
                "new tensor, or x.data += y to change the leaf after backward()"
            )
        return NotImplemented  # then Python makes x += y into x = x + y, a new tensor

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = _in_place

    # --- in NumPy's hands ------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:
            raise TypeError(
                "a tensor that requires a gradient is not turned into an array silently, which "
                "would cut its graph; say t.numpy() or t.detach(), or use minivae's operations"
            )
        return np.array(self.data, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        return _numpy(name, ufunc, operands, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        home, name = function.__module__, function.__name__
        own = home == "numpy" or function is np.linalg.norm  # others may mean something else
        return _numpy(
            name if own else f"{home}.{name}".removeprefix("numpy."), function, args, options
        )


def _numpy(name: str, function: Callable[..., Any], args: Any, options: dict[str, Any]) -> Any:
    """Let NumPy's function on tensors be ours of that name, recorded; never a silent detach."""
    if options.get("out") is not None:
        raise TypeError(
            f"np.{name}: no array can take up a tensor in place (out=, or array += tensor); write "
            "array = array + tensor, or use tensor.numpy() where no gradient shall flow"
        )
    known = name in FUNCTIONS
    if name in QUESTIONS or not (known or any(map(_tracked, [*args, *options.values()]))):
        return function(*values(args), **{key: values(value) for key, value in options.items()})
    if not known:
        foreign = isinstance(function, np.ufunc) and not hasattr(np, function.__name__)
        home = "" if foreign else "np."
        instead = INSTEAD.get(name, "other operations")
        raise TypeError(
            f"{home}{name} knows no tensors, and minivae has no operation of that name; use "
            f"{instead}, or tensor.numpy() where no gradient shall flow"
        )
    ours = FUNCTIONS[name]
    if isinstance(function, np.ufunc) or name == "einsum":
        return ours(*args, **options)
    return ours(**_renamed(name, function, ours, args, options))


def _tracked(a: Any) -> bool:
    """Tell whether a gradient could flow to ``a``, or to something in it."""
    return (
        any(map(_tracked, a)) if isinstance(a, list | tuple) else getattr(a, "requires_grad", False)
    )


def _renamed(
    name: str, function: Any, ours: Any, args: Any, options: dict[str, Any]
) -> dict[str, Any]:
    """Return the arguments of NumPy's function by our names; refuse those that we do not have.

    Operands come first in both, and are named x here; other arguments have NumPy's names.
    """
    given = inspect.signature(function).bind(*args, **options).arguments
    given |= given.pop("kwargs", {})
    theirs = inspect.signature(function).parameters
    names = list(inspect.signature(ours).parameters)
    operands = [n for n in theirs if n not in names][: sum(n not in theirs for n in names)]
    known = dict(zip(operands, (n for n in names if n not in theirs), strict=False))
    for key, value in list(given.items()):
        if key not in names and key not in known:
            if value is not theirs[key].default and value is not None:
                raise TypeError(f"np.{name}: a tensor's {name} has no argument {key}; leave it out")
            del given[key]
    return {known.get(key, key): value for key, value in given.items()}
