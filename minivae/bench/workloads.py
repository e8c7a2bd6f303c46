"""What is timed: the workloads by name, their data, and how long each is watched.

Every contender gets the same weights and the same data, in arrays of its own kind before the clock
starts, and draws its noise with its own generator while the clock runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from minivae import data
from minivae.bench.networks import DATA_DIM, Network
from minivae.bench.sweep import PRODUCTS, Product

LEARNING_RATE = 1e-3
POOL = 10  # batches, taken in turn


@dataclass(frozen=True)
class Workload:
    """One thing that contenders do repeatedly.

    Attributes
    ----------
    name, title : str
        On the command line its group's name is used; the title says what it is.
    task : {"product", "step", "bound", "likelihood", "epoch", "choice"}
        The function of a contender that does it: a matrix product, a step on the ELBO, a step on
        the importance-weighted bound, log p(x) of one image, a step of a whole training loop, a
        matrix product by whom the contender is named after.
    network : Network or None
        The model; None for a matrix product.
    size : int
        Data in a batch, or rows and columns of the matrices.
    samples : int
        Draws of z for each datum.
    times, unit
        What a figure is for: so many repetitions, called so.
    block : int or None
        Repetitions that are timed together; None: as many as fill ``seconds``.
    seconds, rounds
        How long about a block lasts, and how many blocks are timed.
    images : int
        Data of an epoch.
    product : Product or None
        The product of a choice.
    """

    name: str
    title: str
    task: str
    network: Network | None
    size: int
    samples: int = 1
    times: int = 1
    unit: str = "one step"
    block: int | None = None
    seconds: float = 0.2
    rounds: int = 15
    images: int = 0
    product: Product | None = None

    @property
    def flops(self) -> int:
        """Floating-point operations of the matrix products and convolutions in one repetition."""
        if self.product is not None:
            return self.product.flops
        if self.network is None:
            return 2 * self.size**3
        if self.task == "likelihood":
            return self.network.forward_flops(1, self.samples)
        return self.network.step_flops(self.size, self.size * self.samples)

    def quick(self) -> Workload:
        """Return it with so few repetitions that it only shows that everything works."""
        block = None if self.block is None else 5
        seconds = min(self.seconds, 0.02)
        return replace(self, seconds=seconds, rounds=3, block=block, images=min(self.images, 1_000))


_WIDE = Network.mlp((500,), 20, "relu")
_EPOCH = Workload(
    "epoch",
    "a whole training loop, 784-500-20, batch 100",
    "epoch",
    _WIDE,
    100,
    times=600,
    unit="one epoch",
    block=600,
    rounds=5,
    images=60_000,
)
_LIKELIHOOD = Workload(
    "likelihood",
    "log p(x), 5,000 samples for each image, 784-300-300-10",
    "likelihood",
    Network.mlp((300, 300), 10, "tanh"),
    1,
    samples=5_000,
    times=10_000,
    unit="10,000 images",
    seconds=1.0,
    rounds=5,
)
_DENSE = "VAE step, dense 784-500-20, relu, batch"
_IWAE = "importance-weighted step, 50 samples, 784-200-200-50, tanh, batch 20"
WORKLOADS: dict[str, tuple[Workload, ...]] = {
    "dense": (
        Workload("dense 100", f"{_DENSE} 100", "step", _WIDE, 100),
        Workload("dense 512", f"{_DENSE} 512", "step", _WIDE, 512),
        Workload(
            "dense 400",
            "VAE step, dense 784-400-20, relu, batch 128",
            "step",
            Network.mlp((400,), 20, "relu"),
            128,
        ),
    ),
    "conv": (
        Workload(
            "conv",
            "VAE step, convolutions 1-32-64, code 16, relu, batch 100",
            "step",
            Network.convolutional(),
            100,
        ),
    ),
    "iwae": (
        Workload("iwae", _IWAE, "bound", Network.mlp((200, 200), 50, "tanh"), 20, samples=50),
    ),
    "likelihood": (_LIKELIHOOD,),
    "epoch": (
        _EPOCH,
        replace(_EPOCH, name="steps", title="the steps of an epoch alone", task="step", images=0),
    ),
}
LIMIT = tuple(
    Workload(
        f"product {n}",
        f"matrix product, {n} x {n}",
        "product",
        None,
        n,
        unit="one product",
        seconds=0.1,
        rounds=9,
    )
    for n in (512, 1024, 2048)
)
ON_REQUEST: dict[str, tuple[Workload, ...]] = {
    "products": tuple(
        Workload(
            str(product),
            str(product),
            "choice",
            None,
            product.rows,
            unit="one product",
            seconds=0.005,
            rounds=11,
            product=product,
        )
        for product in PRODUCTS
    ),
}


def group(name: str, *, quick: bool = False) -> tuple[Workload, ...]:
    """Return the workloads of a group by its name; "limit" are the matrix products.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    groups = {**WORKLOADS, **ON_REQUEST}
    if name != "limit" and name not in groups:
        raise ValueError(f"workload {name!r} is unknown; choose from {', '.join(groups)}")
    workloads = LIMIT if name == "limit" else groups[name]
    if not quick:
        return workloads
    few = workloads[:1] if name == "limit" else workloads[:: len(workloads) // 9 or 1]
    return tuple(workload.quick() for workload in few)


def images(n: int, seed: int = 1) -> np.ndarray:
    """Draw n random binary images, (n, 784), float32, a fifth of their pixels white."""
    return (np.random.default_rng(seed).random((n, DATA_DIM)) < 0.2).astype(np.float32)


def batches(workload: Workload) -> list[np.ndarray]:
    """Return the batches on which a workload's steps run in turn."""
    return list(images(POOL * workload.size).reshape(POOL, workload.size, DATA_DIM))


def has_mnist() -> bool:
    """Tell whether MNIST is here, so that an epoch is one over MNIST, not over random images."""
    return any(entry.present for entry in data.available() if entry.name == "mnist")


def training_images(workload: Workload) -> np.ndarray:
    """Return the grey images of an epoch: MNIST's where it is here, else random binary ones."""
    if has_mnist():
        return data.load("mnist").train[: workload.images]
    return images(workload.images)


def matrices(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw two square matrices."""
    a, b = np.random.default_rng(2).standard_normal((2, size, size), np.float32)
    return a, b
