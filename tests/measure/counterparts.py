"""PyTorch's function for each of ours, with our arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

INTERNAL = {  # parts of public functions, which are compared instead
    "contract": "einsum",
    "conv_result": "conv2d",
    "conv_image": "conv_transpose2d",
    "conv_kernel": "conv2d",
    "euclidean": "norm",
    "join": "concatenate",
    "scatter": "getitem",
}


def counterparts(torch: Any) -> dict[str, Callable[..., Any]]:
    """Return PyTorch's function for each of ours, with our arguments."""
    F = torch.nn.functional

    def axes(x: Any, axis: Any) -> Any:
        return tuple(range(x.ndim)) if axis is None else axis

    def reduced(f: Callable[..., Any]) -> Callable[..., Any]:
        def along(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
            dims = axes(x, axis)
            if dims == ():  # which PyTorch takes to mean all axes
                return f(x.unsqueeze(0), 0, keepdim=False, **more)
            return f(x, dims, keepdim=keepdims, **more)

        return along

    def one_by_one(f: Callable[..., Any]) -> Callable[..., Any]:
        def along(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            dims = axes(x, axis)
            dims = [d % x.ndim for d in ((dims,) if isinstance(dims, int) else dims)]
            for d in sorted(dims, reverse=True):
                x = f(x, d, keepdim=keepdims)
            return x

        return along

    def shares(f: Callable[..., Any]) -> Callable[..., Any]:
        def along(x: Any, axis: Any = None) -> Any:
            dims = axes(x, axis)
            dims = [d % x.ndim for d in ((dims,) if isinstance(dims, int) else dims)]
            rest = [d for d in range(x.ndim) if d not in dims]
            y = x.permute((*rest, *dims))
            flat = y.reshape(*y.shape[: len(rest)], int(np.prod(y.shape[len(rest) :])))
            z = f(flat, dim=-1).reshape(y.shape)
            return z.permute(tuple(np.argsort([*rest, *dims]).tolist()))

        return along

    def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        if axes(x, axis) == ():
            return x.abs()
        return torch.linalg.vector_norm(x, ord or 2, axes(x, axis), keepdim=keepdims)

    def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
        widths = np.broadcast_to(pad_width, (x.ndim, 2))[::-1].ravel().tolist()
        around = np.pad(np.zeros(x.shape), pad_width, constant_values=constant_values)
        return F.pad(x, widths) + torch.tensor(around)

    def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
        return list(torch.tensor_split(x, indices_or_sections, dim=axis))

    def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
        size = x.numel() if axis is None else x.shape[axis]
        index = torch.as_tensor(np.asarray(indices, np.int64) % max(size, 1))
        return torch.take_along_dim(x if axis is not None else x.reshape(-1), index, axis or 0)

    def getitem(x: Any, index: Any = None) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(p, slice) and (p.step or 1) < 0 for p in parts):
            raise NotImplementedError("steps backwards")
        return x[index]

    def expand_dims(x: Any, axis: Any) -> Any:
        return x.reshape(np.expand_dims(np.empty(x.shape), axis).shape)

    def squeeze(x: Any, axis: Any = None) -> Any:
        return x.reshape(np.squeeze(np.empty(x.shape), axis).shape)

    def cumsum(x: Any, axis: int | None = None) -> Any:
        return torch.cumsum(x.reshape(-1), 0) if axis is None else torch.cumsum(x, axis)

    def flip(x: Any, axis: Any = None) -> Any:
        return torch.flip(x, np.atleast_1d(axes(x, axis)).astype(int).tolist())

    def concatenate(parts: Any, axis: int | None = 0) -> Any:
        parts = [p.reshape(-1) for p in parts] if axis is None else parts
        return torch.cat(parts, axis or 0)

    def clip(x: Any, a_min: Any = None, a_max: Any = None) -> Any:
        x = x if a_min is None else torch.maximum(x, a_min)
        return x if a_max is None else torch.minimum(x, a_max)

    def variance(f: Callable[..., Any]) -> Callable[..., Any]:
        def along(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
            if x.numel() == 0:
                raise NotImplementedError("no entries, of which PyTorch warns")
            return reduced(f)(x, axis, keepdims, correction=ddof)

        return along

    def activated(a: Any, activation: str) -> Any:
        if activation == "identity":
            return a
        return getattr(torch if hasattr(torch, activation) else F, activation)(a)

    def dense(x: Any, weight: Any, bias: Any, activation: str = "identity") -> Any:
        return activated(F.linear(x, weight, bias), activation)

    def channel_bias(x: Any, bias: Any, activation: str = "identity") -> Any:
        return activated(x + bias.reshape(-1, 1, 1), activation)

    d = torch.distributions

    def gaussian_kl(mu: Any, logvar: Any) -> Any:
        standard = d.Normal(torch.zeros_like(mu), torch.ones_like(mu))
        return d.kl_divergence(d.Normal(mu, torch.exp(logvar / 2)), standard)

    def gaussian_kl_isotropic(mu: Any, logvar: Any) -> Any:
        return gaussian_kl(mu, logvar.reshape((*mu.shape[:-1], 1))).sum(-1)

    def gaussian_kl_full(mu: Any, L: Any) -> Any:
        if mu.numel() == 0:
            raise NotImplementedError("distributions in no dimensions, or none at all")
        unit = torch.eye(mu.shape[-1], dtype=mu.dtype)
        positive = torch.tril(L) * torch.diagonal(L, dim1=-2, dim2=-1).sign().unsqueeze(-2)
        q = d.MultivariateNormal(mu, scale_tril=positive)  # L Lᵀ is the same
        return d.kl_divergence(q, d.MultivariateNormal(torch.zeros_like(mu), unit))

    def solve_triangular(L: Any, b: Any, transposed: bool) -> Any:
        L = torch.tril(L)
        lower = L.transpose(-1, -2) if transposed else L
        z = torch.linalg.solve_triangular(lower, b.unsqueeze(-1), upper=transposed)
        return z.squeeze(-1)

    def gru_cell(gates_x: Any, gates_h: Any, h: Any) -> Any:
        """Give PyTorch's cell the gates as its biases, which differ from row to row."""
        if h.numel() == 0:
            raise NotImplementedError("states without entries")
        none, size = h.new_zeros((3 * h.shape[1], 0)), h.shape[1]
        rows = zip(gates_x, gates_h, h.split(1), strict=True)
        cells = [
            torch.gru_cell(none[:1], s, none, none.new_zeros((3 * size, size)), x, y)
            for x, y, s in rows
        ]
        return torch.cat(cells)

    def sparsity_penalty(y: Any, rho: float = 0.05) -> Any:
        rho_hat = y.mean(0)
        return d.kl_divergence(
            d.Bernoulli(torch.full_like(rho_hat, rho)), d.Bernoulli(rho_hat)
        ).sum()

    same = "add subtract multiply divide negative exp expm1 log log1p sqrt square sin cos erf tanh"
    same += " absolute sign maximum minimum where logaddexp matmul sigmoid relu einsum stack"
    table: dict[str, Callable[..., Any]] = {name: getattr(torch, name) for name in same.split()}
    return table | {
        "power": torch.pow,
        "softplus": F.softplus,
        "log_sigmoid": F.logsigmoid,
        "leaky_relu": F.leaky_relu,
        "elu": F.elu,
        "gelu": F.gelu,
        "clip": clip,
        "sum": reduced(torch.sum),
        "mean": reduced(torch.mean),
        "var": variance(torch.var),
        "std": variance(torch.std),
        "prod": one_by_one(torch.prod),
        "max": reduced(torch.amax),
        "min": reduced(torch.amin),
        "norm": norm,
        "logsumexp": reduced(torch.logsumexp),
        "softmax": shares(torch.softmax),
        "log_softmax": shares(torch.log_softmax),
        "cumsum": cumsum,
        "outer": lambda x, y: torch.outer(x.reshape(-1), y.reshape(-1)),
        "diagonal": lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2),
        "tril": lambda x, k=0: torch.tril(x if x.ndim > 1 else x.expand(len(x), len(x)), k),
        "reshape": lambda x, shape: x.reshape(shape),
        "transpose": lambda x, axes=None: x.permute(tuple(axes or range(x.ndim)[::-1])),
        "swapaxes": lambda x, axis1=-1, axis2=-2: torch.swapaxes(x, axis1, axis2),
        "expand_dims": expand_dims,
        "squeeze": squeeze,
        "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
        "concatenate": concatenate,
        "split": split,
        "pad": pad,
        "flip": flip,
        "getitem": getitem,
        "take_along_axis": take_along_axis,
        "astype": lambda x, dtype: x.to(getattr(torch, str(dtype))),
        "linear": F.linear,
        "conv2d": F.conv2d,
        "conv_transpose2d": F.conv_transpose2d,
        "bernoulli_nll": lambda a, x: F.binary_cross_entropy_with_logits(
            a, x, reduction="none"
        ).sum(-1),
        "channel_bias": channel_bias,
        "contraction_penalty": lambda slope, weight: (
            (slope.unsqueeze(-1) * weight).square().sum((-2, -1))  # of the Jacobian itself
        ),
        "dense": dense,
        "gaussian_kl": gaussian_kl,
        "gaussian_kl_full": gaussian_kl_full,
        "gaussian_kl_isotropic": gaussian_kl_isotropic,
        "gaussian_nll": lambda mean, x, logstd: (
            -d.Normal(mean, torch.exp(logstd)).log_prob(x).sum(-1)
        ),
        "gru_cell": gru_cell,
        "reparameterize": lambda mu, logvar, eps: mu + torch.exp(logvar / 2) * eps,
        "solve_triangular": solve_triangular,
        "sparsity_penalty": sparsity_penalty,
    }
