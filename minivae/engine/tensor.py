"""Tensor: an array that remembers how it was made. Its operators delegate to the operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minivae.engine.registry import REGISTRY
from minivae.engine.reverse import pullback
from minivae.engine.tape import Node


class Tensor:
    """An n-dimensional array with its place in a graph of operations.

    Attributes
    ----------
    data : ndarray
        The values.
    grad : ndarray or None
        For a leaf with ``requires_grad``: the sum of the gradients of all ``backward`` calls since
        it was last None.
    requires_grad : bool
        Whether gradients flow to (or through) this tensor.
    node : Node or None
        The operation that made it; None for a leaf.
    """

    __slots__ = ("__weakref__", "data", "grad", "node", "requires_grad")
    __array_ufunc__ = None  # array * tensor asks the tensor; np.exp(tensor) is refused

    def __init__(self, data: Any, *, requires_grad: bool = False, dtype: Any = None) -> None:
        if isinstance(data, Tensor):
            raise TypeError("Tensor: the data is a Tensor already; use it, or its detach()")
        self.data: np.ndarray = np.asarray(data, dtype=dtype)
        if requires_grad and not np.issubdtype(self.data.dtype, np.floating):
            raise TypeError(
                f"Tensor: only floating-point tensors have gradients, this one is "
                f"{self.data.dtype}; pass dtype='float64' (or 'float32')"
            )
        self.grad: np.ndarray | None = None
        self.node: Node | None = None
        self.requires_grad = requires_grad

    @classmethod
    def result(cls, data: Any, node: Node | None) -> Tensor:
        """Wrap what an operation computed; it requires a gradient exactly if it has a node."""
        tensor = Tensor.__new__(Tensor)
        tensor.data = np.asarray(data)
        tensor.grad = None
        tensor.node = node
        tensor.requires_grad = node is not None
        return tensor

    # --- the array -------------------------------------------------------------------------

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

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("a tensor without axes cannot be iterated over; use item()")
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        values = np.array2string(self.data, separator=", ", prefix="tensor(", threshold=100)
        made = f", made by {self.node.op.__name__}" if self.node else ""
        leaf = ", requires_grad=True" if self.requires_grad and not self.node else ""
        return f"tensor({values}, {self.dtype}{made}{leaf})"

    def numpy(self) -> np.ndarray:
        """Return the values as the array that the tensor holds, not a copy."""
        return self.data

    def item(self) -> float:
        """Return the only entry as a Python number."""
        return self.data.item()

    def detach(self) -> Tensor:
        """Return the same values as a leaf without a history: no gradient flows through it."""
        return Tensor(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:
            raise TypeError(
                "a tensor that requires a gradient is not turned into an array silently, which "
                "would cut its graph; say t.numpy() or t.detach(), or use minivae's operations"
            )
        return np.array(self.data, dtype=dtype, copy=copy)

    # --- the gradient ----------------------------------------------------------------------

    def backward(self, gradient: Any = None, *, retain_graph: bool = False) -> None:
        """Add d(self)/d(leaf) to the ``grad`` of every leaf, pulled back from ``gradient``.

        Parameters
        ----------
        gradient : array_like, optional
            The cotangent of this tensor, of its shape. A tensor with one entry may omit it: 1.
        retain_graph : bool
            Keep the graph for another ``backward``; by default it is freed after the walk.

        Raises
        ------
        RuntimeError
            If the tensor has no graph, or a graph freed by an earlier call.
        ValueError
            If ``gradient`` is missing for a tensor of several entries, or has another shape.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward: this tensor depends on nothing that requires a gradient; create the "
                "leaves with requires_grad=True, and compute outside no_grad()"
            )
        if gradient is None:
            if self.size != 1:
                raise ValueError(
                    f"backward: a tensor of shape {self.shape} needs gradient=, the cotangent of "
                    "that shape; or reduce it to a scalar first, as by .sum()"
                )
            gradient = np.ones(self.shape, self.dtype)
        seed = np.array(gradient.data if isinstance(gradient, Tensor) else gradient, self.dtype)
        if seed.shape != self.shape:
            raise ValueError(
                f"backward: gradient has shape {seed.shape}, the tensor {self.shape}; "
                "a cotangent has the shape of its tensor"
            )
        pullback(self, seed, retain_graph=retain_graph)

    # --- operators: no mathematics here ----------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return REGISTRY["add"](self, other)

    def __radd__(self, other: Any) -> Tensor:
        return REGISTRY["add"](other, self)

    def __sub__(self, other: Any) -> Tensor:
        return REGISTRY["subtract"](self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return REGISTRY["subtract"](other, self)

    def __mul__(self, other: Any) -> Tensor:
        return REGISTRY["multiply"](self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return REGISTRY["multiply"](other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return REGISTRY["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return REGISTRY["divide"](other, self)

    def __pow__(self, other: Any) -> Tensor:
        return REGISTRY["power"](self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return REGISTRY["power"](other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return REGISTRY["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return REGISTRY["matmul"](other, self)

    def __neg__(self) -> Tensor:
        return REGISTRY["negative"](self)

    def __abs__(self) -> Tensor:
        return REGISTRY["absolute"](self)

    def __getitem__(self, index: Any) -> Tensor:
        return REGISTRY["getitem"](self, index=index)

    def __eq__(self, other: Any) -> np.ndarray:  # type: ignore[override]
        return self.data == _values(other)

    def __ne__(self, other: Any) -> np.ndarray:  # type: ignore[override]
        return self.data != _values(other)

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> np.ndarray:
        return self.data < _values(other)

    def __le__(self, other: Any) -> np.ndarray:
        return self.data <= _values(other)

    def __gt__(self, other: Any) -> np.ndarray:
        return self.data > _values(other)

    def __ge__(self, other: Any) -> np.ndarray:
        return self.data >= _values(other)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Sum over ``axis``; see :func:`minivae.sum`."""
        return REGISTRY["sum"](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Mean over ``axis``; see :func:`minivae.mean`."""
        return REGISTRY["mean"](self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same entries in another shape; see :func:`minivae.reshape`."""
        return REGISTRY["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """Permute the axes; see :func:`minivae.transpose`."""
        return REGISTRY["transpose"](self, axes=(axes[0] if len(axes) == 1 else axes) or None)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return REGISTRY["transpose"](self)

    def astype(self, dtype: Any) -> Tensor:
        """Return the entries in another floating-point type; the gradient keeps this one."""
        return REGISTRY["astype"](self, dtype=dtype)


def _values(other: Any) -> Any:
    return other.data if isinstance(other, Tensor) else other


def tensor(data: Any, *, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Make a tensor from an array, nested lists or a number.

    Parameters
    ----------
    data : array_like
        The values. An array is not copied.
    requires_grad : bool
        Whether ``backward`` shall leave the gradient in ``grad``.
    dtype : optional
        As in NumPy: by default that of an array, float64 for Python floats.

    Examples
    --------
    >>> import minivae as mv
    >>> x = mv.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """
    return Tensor(data, requires_grad=requires_grad, dtype=dtype)
