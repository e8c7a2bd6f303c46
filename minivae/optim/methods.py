"""The update rules, in the order of their history: SGD, Adagrad, Adam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minivae.engine import Tensor
from minivae.kernels import optimizers as kernels
from minivae.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: b ← μ b + g, p ← p - lr b.

    Parameters
    ----------
    parameters, lr
        As for every optimiser.
    momentum : float
        μ in [0, 1); 0 is plain gradient descent.
    """

    slots = ("b",)
    rule = staticmethod(kernels.sgd_step)

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"SGD: momentum must lie in [0, 1), it is {momentum}")
        self.momentum = momentum

    def numbers(self) -> tuple[Any, ...]:
        """Return lr and μ."""
        return self.lr, self.momentum


class Adagrad(Optimizer):
    """Steps that shrink with the gradients seen: s ← s + g², p ← p - lr g / (√s + eps).

    Source: Duchi, Hazan & Singer 2011; used by Kingma & Welling 2014.
    """

    slots = ("s",)
    rule = staticmethod(kernels.adagrad_step)

    def __init__(self, parameters: Iterable[Tensor], lr: float = 1e-2, eps: float = 1e-10) -> None:
        super().__init__(parameters, lr)
        self.eps = eps

    def numbers(self) -> tuple[Any, ...]:
        """Return lr and eps."""
        return self.lr, self.eps


class Adam(Optimizer):
    """Steps of the gradient's running mean over its running root mean square.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,
    p ← p - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps), with t the number of the step.

    Source: Kingma & Ba 2015, algorithm 1.
    """

    slots = ("m", "v")
    rule = staticmethod(kernels.adam_step)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Adam: both betas must lie in [0, 1), they are {betas}")
        self.betas = betas
        self.eps = eps

    def numbers(self) -> tuple[Any, ...]:
        """Return lr, β₁, β₂, eps and t."""
        return self.lr, *self.betas, self.eps, self.steps
