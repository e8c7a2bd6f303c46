"""Tensor: an array that remembers how it was made."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.operators import Operators
from minivae.engine.reverse import pullback
from minivae.engine.tape import Node, births


class Tensor(Operators):
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

    def __init__(self, data: Any, *, requires_grad: bool = False, dtype: Any = None) -> None:
        if isinstance(data, Tensor):
            raise TypeError("Tensor: the data is a Tensor already; use it, or its detach()")
        if isinstance(data, np.ma.MaskedArray):
            raise TypeError(
                "Tensor: a masked array would lose its mask; fill it, as by filled(0.0)"
            )
        self.data: np.ndarray = np.asarray(data, dtype=dtype)
        if self.data.dtype.kind not in "fiubc":
            raise TypeError(f"Tensor: the entries must be numbers, not {self.data.dtype}: {data!r}")
        if requires_grad and not np.issubdtype(self.data.dtype, np.floating):
            raise TypeError(
                f"Tensor: only floating-point tensors have gradients, this one is "
                f"{self.data.dtype}; pass dtype='float64' (or 'float32')"
            )
        self.grad: np.ndarray | None = None
        self.node: Node | None = None
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        values = np.array2string(self.data, separator=", ", prefix="tensor(", threshold=100)
        if self.size == 0:
            values += f", shape={self.shape}"
        made = f", made by {self.node.op.__name__}" if self.node else ""
        leaf = ", requires_grad=True" if self.requires_grad and not self.node else ""
        return f"tensor({values}, {self.dtype}{made}{leaf})"

    def detach(self) -> Tensor:
        """Return the same values as a leaf without a history: no gradient flows through it."""
        return Tensor(self.data)

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
        gradient = gradient.data if isinstance(gradient, Tensor) else gradient
        if np.iscomplexobj(gradient):
            raise TypeError("backward: gradient is complex, and gradients are of real functions")
        seed = np.array(gradient, self.dtype)
        if seed.shape != self.shape:
            raise ValueError(
                f"backward: gradient has shape {seed.shape}, the tensor {self.shape}; "
                "a cotangent has the shape of its tensor"
            )
        pullback(self, seed, retain_graph=retain_graph)


class Variable(Tensor):
    """The point at which a transformation differentiates: a leaf that nobody else knows.

    ``active`` as long as the transformation computes its function.
    """

    __slots__ = ("active", "born")

    def __init__(self, data: Any) -> None:
        super().__init__(data, requires_grad=True)
        self.active, self.born = True, next(births)


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
