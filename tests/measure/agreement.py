"""Does the engine agree with PyTorch, where it is installed?

Two questions: every function by itself, on calls drawn at random (values and gradients), and whole
random programs with broadcasting and shared values (values, gradients and Hessian-vector products).

    python tests/measure/agreement.py

prints how many agree. PyTorch is an oracle here and nothing else; minivae does not need it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from counterparts import INTERNAL, counterparts
from hypothesis import given, settings

import minivae as mv
from minivae.engine.registry import FUNCTIONS
from minivae.testing.strategies import expressions, operands

RTOL = 1e-9


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
