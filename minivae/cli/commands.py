"""The commands: each reads its options, calls one function below, and prints what came of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from minivae import bench as benchmarks
from minivae import data as datasets
from minivae import runs
from minivae.cli.parser import OWN_OPTIONS
from minivae.evaluation import Score
from minivae.files import write_atomically
from minivae.runs import RunFolder, Settings, Summary

RUNS = Path("runs")


def train(options: argparse.Namespace) -> int:
    """``minivae train``."""
    names = [field.name for field in fields(Settings)]
    names += [name.replace("-", "_") for name in OWN_OPTIONS]
    found = {name: getattr(options, name, None) for name in names}
    given: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"])
    start, console = time.perf_counter(), Console(highlight=False)
    place, settings = _plan(options, given)
    prepared = runs.load_data(settings)  # before anything is written: the data may not be there
    go_on = f"go on with: minivae train --resume {place}"
    try:
        run = runs.open_run(place, settings, prepared)
        console.print(f"{_title(run.settings)}; the run folder is {place}", soft_wrap=True)
        summary = runs.train(run, prepared, say=console.print)
    except KeyboardInterrupt:
        print(f"minivae train: stopped; complete epochs are kept; {go_on}", file=sys.stderr)
        return 130
    except OSError as error:
        what, why = error.filename or place, error.strerror or error
        raise ValueError(f"{what} failed ({why}); mend that, then {go_on}") from error
    has_likelihood = summary.reconstruction is not None
    table = _table("test data, in nats" if has_likelihood else "samples")
    _add_score(table, summary)
    if summary.baseline is not None:
        note = "independent entries: a decoder without z"
        table.add_row("baseline", f"{summary.baseline:.2f}", note)
    for name, value in summary.others.items():
        table.add_row(name, f"{value:.4g}", "")
    console.print(table)
    bits = settings.likelihood == "bernoulli" and settings.binarize == "none"
    if bits and summary.reconstruction is not None:
        console.print(
            "grey pixels: these are cross-entropies, not log-probabilities of binary images"
        )
    seconds = time.perf_counter() - start
    console.print(f"{seconds:.0f} s; figures in {run.figures}", soft_wrap=True)
    return 0


def models(options: argparse.Namespace) -> int:
    """``minivae models``."""
    console = Console(highlight=False, soft_wrap=True)
    if options.name is None:
        wide = max(map(len, runs.RECIPES)) + 2
        for recipe in runs.RECIPES.values():
            console.print(f"{recipe.name:{wide}}{recipe.line}", markup=False)
            for said in (recipe.equation, recipe.source):
                console.print(" " * wide + said, markup=False, style="dim")
        console.print("train one by: minivae train NAME; its settings: minivae models NAME")
        return 0
    recipe = runs.recipe_named(options.name)
    settings = Settings.of(recipe.name, data=options.data or recipe.data[0])
    console.print(
        f"{recipe.name}: {recipe.line}\n  {recipe.equation}\n  {recipe.source}", markup=False
    )
    console.print(f"data: {', '.join(recipe.data)}")
    table = _table(f"settings, on {settings.data}")
    unsaid = ("recipe", "data", "adam_eps", "options", *recipe.without)
    for name, value in asdict(settings).items():
        if name not in unsaid and value is not None:
            table.add_row(f"--{name.replace('_', '-')}", _shown(value), "")
    for name, option in recipe.options.items():
        words = f" ({', '.join(option.choices)})" if option.choices else ""
        table.add_row(
            f"--{name.replace('_', '-')}", str(settings.options[name]), option.meaning + words
        )
    console.print(table)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """``minivae evaluate``."""
    run, console = RunFolder(options.run), Console(highlight=False)
    score = runs.bound(run, options.seed)
    table = _table("test data, in nats")
    _add_score(table, score)
    if score.elbo is None:  # an autoencoder has no p(x)
        console.print(table)
        return 0
    live = Console(stderr=True)
    with Progress(console=live, transient=True, disable=not live.is_terminal) as progress:
        task = progress.add_task("log p(x)", total=None)
        values = runs.log_probs(
            run,
            options.samples,
            options.limit,
            options.seed,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    error = f"± {values.std(ddof=1) / np.sqrt(len(values)):.2f}; " if len(values) > 1 else ""
    detail = f"{error}samples for each image: {options.samples}; test images: {len(values)}"
    table.add_row("log p(x)", f"{values.mean():.2f}", detail)
    console.print(table)
    return 0


def sample(options: argparse.Namespace) -> int:
    """``minivae sample``."""
    print(runs.sample(RunFolder(options.run), options.n, options.seed))
    return 0


def data(options: argparse.Namespace) -> int:
    """``minivae data``."""
    if options.name is not None:
        datasets.fetch(options.name)
    table = _table("data sets")
    for entry in datasets.available():
        if options.name in (None, entry.name):
            shape = "x".join(map(str, entry.image_shape or (entry.data_dim,)))
            fetch = f"not here yet; fetch with: minivae data {entry.name}"
            table.add_row(entry.name, f"{entry.count:,} {entry.kind}", shape)
            table.add_row("", "", entry.description)
            table.add_row("", "", "here" if entry.present else fetch)
            if entry.path is not None:
                table.add_row("", "", str(entry.path))
    Console(highlight=False, soft_wrap=True).print(table)
    return 0


def bench(options: argparse.Namespace) -> int:
    """``minivae bench``."""
    if options.json not in (None, "-"):
        open(options.json, "a").close()  # rather fail now than after minutes
    live = Console(stderr=True)
    with live.status("starting") as status:
        report = benchmarks.bench(
            options.workloads, threads=options.threads, quick=options.quick, say=status.update
        )
    figures = json.dumps(report.as_json(), indent=1)
    if options.json == "-":
        print(figures)
        return 0
    Console(highlight=False, soft_wrap=True).print(benchmarks.table(report))
    if options.json is not None:
        write_atomically(options.json, figures + "\n")
    return 0


def _plan(options: argparse.Namespace, given: dict[str, Any]) -> tuple[Path, Settings]:
    """Return where the run that the options ask for lies, and its settings."""
    if options.resume and options.out is not None:
        raise ValueError("--resume RUN and --out name two folders; give one of them")
    if options.resume is None:
        settings = Settings.of(**given)
        place = Path(options.out or runs.free_place(RUNS, f"{settings.recipe}-{settings.data}"))
        RunFolder.check_free(place)
        return place, settings
    if not options.resume and options.out and not RunFolder.exists(options.out):
        return Path(options.out), Settings.of(**given)
    place = Path(options.resume or options.out or runs.newest_run(RUNS))
    return place, RunFolder(place).settings.lengthened(given)


def _title(settings: Settings) -> str:
    length = f"epochs {settings.epochs}" if settings.epochs else f"updates {settings.steps}"
    sizes = f"hidden {_shown(settings.hidden)}, " if settings.hidden else ""
    own = "".join(f", {name} {value}" for name, value in settings.options.items())
    return (
        f"{settings.recipe} on {settings.data}: {sizes}latent {settings.latent}, "
        f"{settings.activation}, {settings.likelihood}{own}, {length}"
    )


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _add_score(table: Table, score: Score | Summary) -> None:
    """Add the terms of the ELBO; of an autoencoder, which has none, its log likelihood."""
    if score.reconstruction is None:  # a GAN has no likelihood
        return
    if score.elbo is None or score.kl is None:
        table.add_row("log p(x|z)", f"{score.reconstruction:.2f}", "at the code z of each datum")
    else:
        split = f"= {score.reconstruction:.2f} (reconstruction) - {score.kl:.2f} (KL)"
        table.add_row("ELBO", f"{score.elbo:.2f}", split)


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    return table
