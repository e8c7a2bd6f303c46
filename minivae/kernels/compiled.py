"""The compiled twins: loops that Numba turns into machine code, each equal to its reference.

All of them stand in this one file, because Numba's cache on disk notices edits of a function's own
file only. Nothing is compiled until a kernel is first called with arrays of a dtype; the machine
code is then kept on disk (next to this file, or in the user's cache where that is not writable).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import event


class _Notice(event.Listener):
    """Say once in a process that a first compilation is going on, so that nobody wonders."""

    shown = False

    def on_start(self, compiling: Any) -> None:
        ours = compiling.data["dispatcher"].py_func.__module__ == __name__
        if ours and not self.shown:
            sys.stderr.write("minivae: compiling kernels (once; the result is cached)\n")
            self.shown = True

    def on_end(self, _: Any) -> None:
        """Compiling has ended; nothing more to say."""


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use, in IEEE arithmetic, and cache where the disk allows it."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return numba.njit(nogil=True, error_model="numpy")(function)


@_jit
def _adam(p, g, m, v, rate, beta1, fresh1, beta2, fresh2, eps, correction):  # type: ignore[no-untyped-def]
    for i in range(p.size):
        m[i] = beta1 * m[i] + fresh1 * g[i]
        v[i] = beta2 * v[i] + fresh2 * (g[i] * g[i])
        p[i] -= rate * m[i] / (np.sqrt(v[i] / correction) + eps)


def adam_step(
    p: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    step: int,
) -> None:
    """Twin of :func:`minivae.kernels.reference.adam_step`: one pass instead of a dozen."""
    real = p.dtype.type
    rate, correction = lr / (1.0 - beta1**step), 1.0 - beta2**step
    # 1 - β is rounded once, from its exact value: in float32, 1 - 0.999 is off by 5e-5.
    constants = map(real, (rate, beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps, correction))
    _adam(p.ravel(), g.ravel(), m.ravel(), v.ravel(), *constants)


event.register("numba:compile", _Notice())
