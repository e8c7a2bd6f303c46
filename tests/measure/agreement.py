"""Does the engine agree with PyTorch, where it is installed?

Two questions: every function by itself, on calls drawn at random (values and gradients), and whole
random programs with broadcasting and shared values (values, gradients and Hessian-vector products).

    python tests/measure/agreement.py

prints how many agree. PyTorch is an oracle here and nothing else; minivae does not need it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings

import minivae as mv
from minivae.engine.registry import FUNCTIONS
from minivae.testing.strategies import expressions, operands

INTERNAL = {  # parts of public functions, which are compared instead
    "contract": "einsum",
    "conv_result": "conv2d",
    "conv_image": "conv_transpose2d",
    "conv_kernel": "conv2d",
    "euclidean": "norm",
    "join": "concatenate",
    "scatter": "getitem",
}
RTOL = 1e-9


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
            return reduced(f)(x, axis, keepdims, correction=ddof)

        return along

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
        "gaussian_kl": lambda mu, logvar: torch.distributions.kl_divergence(
            torch.distributions.Normal(mu, torch.exp(logvar / 2)),
            torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu)),
        ),
        "reparameterize": lambda mu, logvar, eps: mu + torch.exp(logvar / 2) * eps,
    }


def functions_agree(torch: Any, name: str, examples: int = 50) -> str:
    """Compare values and gradients of one function; return what differs, or nothing."""
    theirs = counterparts(torch)[name]
    compared = 0

    def array(t: Any) -> np.ndarray:
        return t.detach().numpy()

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True)
    @given(operands(name))
    def compare(call: Any) -> None:
        nonlocal compared
        given_ = [torch.tensor(np.array(x)) for x in call.operands if x is not None]
        full = [None if x is None else given_.pop(0) for x in call.operands]
        variables = [full[i].requires_grad_() for i in call.wanted]
        try:
            z = call.of(theirs, *full)
        except NotImplementedError:
            return  # PyTorch cannot
        z = torch.cat([part.reshape(-1) for part in z]) if isinstance(z, list) else z
        ours, pull = mv.vjp(call, *call.variables)
        np.testing.assert_allclose(ours.data, array(z), rtol=RTOL, atol=RTOL)
        if variables and z.requires_grad:
            u = np.random.default_rng(0).standard_normal(ours.shape)
            gs = torch.autograd.grad(z, variables, torch.tensor(u), materialize_grads=True)
            for a, b in zip(pull(u), gs, strict=True):
                np.testing.assert_allclose(a.data, array(b), rtol=RTOL, atol=RTOL)
            compared += 1

    try:
        compare()
    except Exception as error:
        return f"{name}: {str(error).strip() or type(error).__name__}"
    return "" if compared > 5 or name == "sign" else f"{name}: only {compared} compared"


def programs_agree(torch: Any, examples: int = 300) -> int:
    """Compare whole random programs; return how many, and raise where one differs."""
    F = torch.nn.functional
    names = ["exp", "sin", "cos", "tanh", "sigmoid", "swapaxes", "softmax", "logsumexp", "sum"]
    lib = SimpleNamespace(
        **{n: getattr(torch, n) for n in names}, softplus=F.softplus, mean=torch.mean
    )
    count = 0

    @settings(max_examples=examples, deadline=None, database=None)
    @given(expressions())
    def compare(drawn: Any) -> None:
        nonlocal count
        f, inputs = drawn
        xs = [torch.tensor(np.array(x), requires_grad=True) for x in inputs]
        z = f(*xs, lib=lib)
        rng = np.random.default_rng(0)
        u = rng.standard_normal(tuple(z.shape))
        gs = torch.autograd.grad(z, xs, torch.tensor(u), create_graph=True)
        ours, pull = mv.vjp(f, *inputs)
        np.testing.assert_allclose(ours.data, z.detach().numpy(), rtol=RTOL, atol=RTOL)
        for a, b in zip(pull(u), gs, strict=True):
            np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=RTOL, atol=RTOL)
        v = rng.standard_normal(inputs[0].shape)

        def value(x: Any) -> Any:
            return mv.sum(f(x, *inputs[1:]) * u)

        slope = (gs[0] * torch.tensor(v)).sum()
        if slope.requires_grad:
            (hv,) = torch.autograd.grad(slope, xs[:1], materialize_grads=True)
            ours = mv.hvp(value, inputs[0], v)
            np.testing.assert_allclose(ours.data, hv.numpy(), rtol=1e-7, atol=1e-8)
        count += 1

    compare()
    return count


def main() -> None:
    """Print how many functions and programs agree."""
    try:
        import torch
    except ImportError:
        raise SystemExit("PyTorch is not installed; this command compares with it") from None

    names = sorted(FUNCTIONS.keys() - INTERNAL.keys())
    differ = [report for name in names if (report := functions_agree(torch, name))]
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}, float64, relative {RTOL}")
    print(f"functions: {len(names) - len(differ)} of {len(names)} agree in values and gradients")
    print("\n".join(differ))
    print(f"internal parts, compared through others: {', '.join(sorted(INTERNAL))}")
    print(f"programs: {programs_agree(torch)} agree in values, gradients and Hessian products")


if __name__ == "__main__":
    main()
