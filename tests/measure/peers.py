"""One program in several libraries of reverse mode: z ← c tanh(w z + b) again and again, a sum.

The arrays are so small that the machinery alone is measured. Every library runs :func:`chain`
through its own operators and its own ``tanh``, and finds the gradients of x (the first z), w and b.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import minivae as mv

OPERATIONS = 1_000


def chain(z: Any, w: Any, b: Any, c: Any, tanh: Callable[[Any], Any]) -> Any:
    """Apply the operations to z, four in a step."""
    for _ in range(OPERATIONS // 4):
        z = tanh(z * w + b) * c
    return z


def minivae(*tracked: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run the program in minivae."""
    x, w, b = (mv.tensor(a, requires_grad=True) for a in tracked)
    chain(x, w, b, c, mv.tanh).sum().backward()
    return x.grad, w.grad, b.grad


def pytorch(*tracked: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run the program in PyTorch: eager, on one thread."""
    import torch

    torch.set_num_threads(1)
    x, w, b = (torch.from_numpy(a).requires_grad_() for a in tracked)
    chain(x, w, b, torch.from_numpy(c), torch.tanh).sum().backward()
    return x.grad.numpy(), w.grad.numpy(), b.grad.numpy()


def autograd(*tracked: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run the program in HIPS autograd."""
    import autograd.numpy as anp
    from autograd import grad

    return grad(lambda x, w, b: anp.sum(chain(x, w, b, c, anp.tanh)), (0, 1, 2))(*tracked)


def mygrad(*tracked: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run the program in MyGrad, in its faster mode: operands are not locked against writing."""
    import mygrad as mg

    with mg.mem_guard_off:
        x, w, b = (mg.tensor(a) for a in tracked)
        chain(x, w, b, mg.tensor(c, constant=True), mg.tanh).sum().backward()
    return x.grad, w.grad, b.grad


def lambdas(*tracked: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run the program as a bare list of adjoints: no graph, no checks, no broadcasting."""
    z, w, b = tracked
    w_bar, b_bar, tape = np.zeros_like(w), np.zeros_like(b), []
    for _ in range(OPERATIONS // 4):
        tape.append(lambda g, z=z: (np.add(w_bar, g * z, w_bar), g * w)[1])
        z = z * w
        tape.append(lambda g: (np.add(b_bar, g, b_bar), g)[1])
        z = np.tanh(z + b)
        tape += (lambda g, z=z: g * (1.0 - z * z), lambda g: g * c)
        z = z * c
    tape.append(lambda g: np.full_like(c, g))
    g = np.ones_like(z.sum())
    for adjoint in reversed(tape):
        g = adjoint(g)
    return g, w_bar, b_bar


PEERS = {"minivae": minivae, "torch": pytorch, "autograd": autograd, "mygrad": mygrad}
