"""Numbers to stand beside published ones: ``python tests/measure/published.py NAME --seed 0``.

NAME is ``vae`` or ``gmvae``, in the setting of the CS236 homework (784-300-300-10, ELU, batches of
100, Adam 1e-3, 20,000 updates, pixels drawn anew each time), or ``iwae``, the network of one
stochastic layer of Burda, Grosse & Salakhutdinov (2016) (784-200-200-50, tanh, batches of 20, Adam
with eps 1e-4) on a shortened schedule: the paper's eight learning rates, each for an eighth of the
epochs. MNIST must be at hand. Each run writes a model, which ``--score FILE`` measures again.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import minivae as mv
from minivae.data import binarize
from minivae.evaluation import active_units, evaluate
from minivae.models import VAE, ImportanceWeightedBound


def classic(kind: str, seed: int) -> VAE:
    """Train the VAE, or the one with a mixture prior of 500 components, of the homework."""
    data = mv.data.load("mnist")
    prior = {"prior": "mixture", "components": 500} if kind == "gmvae" else {}
    rng = np.random.default_rng([seed, 1])
    model = VAE.mlp(784, (300, 300), 10, "elu", **prior, rng=rng)
    draws = np.random.default_rng([seed, 2])
    mv.fit(model, data, rng=draws, steps=20_000, transform=binarize, progress=False)
    return model


def importance_weighted(samples: int, seed: int, epochs: int) -> VAE:
    """Train the network of one stochastic layer on the bound of so many samples."""
    data = mv.data.load("mnist")
    rng = np.random.default_rng([seed, 1])
    model = VAE.mlp(784, (200, 200), 50, "tanh", rng=rng)
    model.decoder.layers[-1].bias.data[...] = model.likelihood.constant(data.train)
    model.objective = ImportanceWeightedBound(samples)
    mv.fit(
        model,
        data,
        rng=np.random.default_rng([seed, 2]),
        epochs=epochs,
        batch_size=20,
        optimizer=mv.optim.Adam(model.parameters(), lr=1e-3, eps=1e-4),
        schedule={"lr": mv.optim.staircase(epochs * 3000, 1e-3, 1e-4)},
        transform=binarize,
        progress=False,
    )
    return model


def score(model: VAE, samples: int, images: int) -> None:
    """Print the bound over all test images, bounds of k samples of 100, log p(x), active units."""
    data = mv.data.load("mnist")
    test = binarize(data.test, np.random.default_rng(2))
    bound = evaluate(model, test, rng=np.random.default_rng(3))
    print(f"NELBO of 10,000: {-bound.elbo:.2f} = {-bound.reconstruction:.2f} + {bound.kl:.2f}")
    hundred = np.concatenate([np.flatnonzero(data.labels.test == c)[:10] for c in range(10)])
    bound = evaluate(model, test[hundred], rng=np.random.default_rng(3), draws=100)
    print(f"NELBO of 100, ten of each class: {-bound.elbo:.2f}")
    for k in (1, 10, 100, 1000):
        rng = np.random.default_rng(4)
        value = np.mean([model.log_prob(test[hundred], k, rng=rng) for _ in range(1000 // k)])
        print(f"  -IWAE-{k}: {-value:.2f}")
    start = time.perf_counter()
    values = model.log_prob(test[:images], samples, rng=np.random.default_rng(5))
    error = values.std(ddof=1) / np.sqrt(len(values))
    seconds = time.perf_counter() - start
    print(
        f"NLL of {images:,} images, {samples:,} samples: {-values.mean():.3f} ± {error:.2f} "
        f"({seconds:.0f} s)"
    )
    print(f"active units: {active_units(model, test).active.sum()} of {model.latent}")


def main() -> None:
    """Train or read a model, and score it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["vae", "gmvae", "iwae"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1, help="k of the bound, for iwae")
    parser.add_argument("--epochs", type=int, default=40, help="for iwae")
    parser.add_argument("--score", type=Path, help="a model, to be scored only")
    parser.add_argument("--nll-samples", type=int, default=5000)
    parser.add_argument("--images", type=int, default=10_000)
    options = parser.parse_args()
    if options.score is None:
        start, cpu = time.perf_counter(), time.process_time()
        if options.name == "iwae":
            model = importance_weighted(options.samples, options.seed, options.epochs)
            place = f"iwae-{options.samples}-{options.epochs}-{options.seed}.safetensors"
        else:
            model = classic(options.name, options.seed)
            place = f"{options.name}-{options.seed}.safetensors"
        mv.save(model, place)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"{place}: trained in {seconds:.0f} s, {cpu:.0f} s of processor time")
    else:
        model = mv.load(options.score)
        assert isinstance(model, VAE)
    score(model, options.nll_samples, options.images)


if __name__ == "__main__":
    main()
