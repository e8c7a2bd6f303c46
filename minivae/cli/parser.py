"""The words of the command line. Only this file knows them; nothing heavy is imported here."""

from __future__ import annotations

import argparse
from typing import NoReturn

TRAIN_EXAMPLES = """\
examples:
  minivae train                              a VAE on the embedded handwritten digits
  minivae train sparse-ae --data mnist       a sparse autoencoder on MNIST
  minivae train beta-vae --beta 8            minivae models lists all recipes
  minivae train --data mnist --latent 10 --hidden 300 300 --steps 20000
  minivae train --resume runs/vae-digits     go on with a run that was stopped
"""


OWN_OPTIONS = {  # settings that some recipes have; which, and what they mean: minivae models RECIPE
    "annealing": "SHARE",
    "beta": "B",
    "components": "K",
    "control-variate": "NAME",
    "corruption": "NAME",
    "corruption-level": "P",
    "free-bits": "NATS",
    "gradient": "NAME",
    "levels": "N",
    "loss": "NAME",
    "penalty": "NAME",
    "penalty-weight": "W",
    "rho": "SHARE",
    "samples": "K",
    "schedule": "NAME",
    "weight-decay": "W",
    "word-dropout": "P",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and stop."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def whole_number(text: str) -> int:
    """Read an option's value; argparse puts the message after the option's name."""
    try:
        return int(text)
    except ValueError:
        hint = "; separate several by spaces" if "," in text else ""
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number{hint}") from None


def number_or_word(text: str) -> float | str:
    """Read an option's value that may be either."""
    try:
        return float(text)
    except ValueError:
        return text


def build() -> Parser:
    """Return the parser of ``minivae``; each subcommand stores its name in ``command``."""
    parser = Parser(
        prog="minivae",
        description="Variational autoencoders from scratch: train, measure, sample.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _train(
        commands.add_parser(
            "train",
            help="train a model, measure it, draw its figures",
            description="Train a model and write its run folder: metrics, weights, figures.",
            epilog=TRAIN_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _models(
        commands.add_parser(
            "models",
            help="list the models that train knows",
            description="List the recipes: a line on each, its equation and its source; with NAME, "
            "its settings too.",
        )
    )
    _evaluate(
        commands.add_parser(
            "evaluate",
            help="measure a trained model on the test images",
            description="Print the test ELBO, split, and importance-weighted log p(x), in nats.",
        )
    )
    _sample(
        commands.add_parser(
            "sample",
            help="draw images from a trained VAE",
            description="Write a figure and an array of images decoded from the prior.",
        )
    )
    _data(
        commands.add_parser(
            "data",
            help="list the data sets, where they lie, and fetch them",
            description="List the data sets and where they lie; with NAME, fetch that one.",
        )
    )
    _bench(
        commands.add_parser(
            "bench",
            help="time minivae beside PyTorch, JAX and autograd",
            description="Time training steps, log p(x) and an epoch, beside whatever of PyTorch, "
            "JAX (with optax) and HIPS autograd is installed: side by side, in processes of "
            "their own, with the same models, data, cores and number of threads.",
        )
    )
    return parser


def _train(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "recipe", nargs="?", metavar="RECIPE", help="the model (vae); minivae models lists them all"
    )
    add("--data", metavar="NAME", help="the data set, as digits or mnist; minivae data lists them")
    add(
        "--hidden",
        nargs="+",
        type=whole_number,
        metavar="N",
        help="sizes of the encoder's hidden layers (300 300); the decoder mirrors them; of "
        "convolutions their channels",
    )
    add("--latent", type=whole_number, metavar="N", help="dimensions of the code z (2)")
    add("--activation", metavar="NAME", help="relu (default), elu, sigmoid, softplus or tanh")
    add(
        "--likelihood",
        metavar="NAME",
        help="bernoulli (of images), gaussian, categorical or continuous_bernoulli",
    )
    add(
        "--sigma",
        type=number_or_word,
        metavar="S",
        help="standard deviation of the gaussian likelihood, in units of the data (0.2), learned, "
        "or optimal",
    )
    length = command.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs",
        type=whole_number,
        metavar="N",
        help="passes over the data (500 for digits, 10 for mnist, ...)",
    )
    length.add_argument(
        "--steps", type=whole_number, metavar="N", help="updates, in place of --epochs"
    )
    add("--batch-size", type=whole_number, metavar="N", help="images for one update (100)")
    add("--lr", type=float, metavar="RATE", help="learning rate of Adam (0.001)")
    add(
        "--binarize",
        metavar="MODE",
        help="draw pixels as 0 or 1: none, static (once) or dynamic (anew every time); by default "
        "dynamic for bernoulli, none for gaussian",
    )
    add("--seed", type=whole_number, metavar="N", help="decides everything random (0)")
    add("--out", metavar="FOLDER", help="the run folder (runs/RECIPE-DATA, numbered if taken)")
    add(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="go on with a run: RUN, else --out, else the newest in runs/",
    )

    own = command.add_argument_group("settings of some recipes", "minivae models RECIPE tells more")
    for name, metavar in OWN_OPTIONS.items():
        own.add_argument(f"--{name}", metavar=metavar)


def _models(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", nargs="?", metavar="NAME", help="the recipe")
    command.add_argument("--data", metavar="DATA", help="show its settings on this data set")


def _evaluate(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("run", metavar="RUN", help="the folder of a run")
    add(
        "--samples",
        type=whole_number,
        default=5000,
        metavar="K",
        help="draws of z for each image (%(default)s)",
    )
    add(
        "--limit",
        type=whole_number,
        default=1000,
        metavar="N",
        help="estimate log p(x) of the first N test images (%(default)s)",
    )
    add("--seed", type=whole_number, default=0, metavar="N", help="of the draws (%(default)s)")


def _sample(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("run", metavar="RUN", help="the folder of a run")
    add("--n", type=whole_number, default=64, metavar="N", help="how many images (%(default)s)")
    add("--seed", type=whole_number, default=0, metavar="N", help="of the draws (%(default)s)")


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", nargs="?", metavar="NAME", help="the data set to fetch")


def _bench(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "workloads",
        nargs="*",
        metavar="WORKLOAD",
        help="dense, conv, iwae, likelihood, epoch (all of these); products",
    )
    add("--threads", type=whole_number, metavar="N", help="of each contender (2)")
    add("--json", metavar="FILE", help="write the figures; - writes them in place of the table")
    add("--quick", action="store_true", help="repeat a few times only, to see that all works")
