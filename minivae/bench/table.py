"""The report as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group
from rich.table import Table

from minivae.bench import machine
from minivae.bench.race import Entry
from minivae.bench.report import Report, flops_per_second, quartiles
from minivae.bench.workloads import Workload, has_mnist

_COLUMNS = ("median", "quartiles", "/ minivae's", "GFLOP/s", "of limit", "memory")
_WIDTHS = (9, 8, 19, 11, 8, 8, 8)
_IDLE = 0.5
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def table(report: Report) -> Group:
    """Return the report as something that a rich console prints."""
    entries = [entry for entry in report.entries if entry.workload.product is None]
    parts = groupby(entries, key=lambda entry: entry.workload)
    tables = [_table(report, workload, list(entries)) for workload, entries in parts]
    if report.verdict is not None:
        tables.append(report.verdict.table())
    return Group(*_heading(report), *tables, *_ratios(report), *_remarks(report))


def _table(report: Report, workload: Workload, entries: list[Entry]) -> Table:
    """Return the table of one workload."""
    title = f"\n{describe(workload)}: time of {workload.unit}"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("", width=_WIDTHS[0])
    for name, width in zip(_COLUMNS, _WIDTHS[1:], strict=True):
        table.add_column(name, justify="right", no_wrap=True, width=width)
    ours = next((e for e in entries if e.contender.name == "minivae" and e.seconds), None)
    for entry in entries:
        table.add_row(entry.contender.name, *_cells(report, entry, ours))
    return table


def _heading(report: Report) -> Iterator[str]:
    """Say where this was measured."""
    if report.quick:
        yield "quick: so few repetitions that the times mean little"
    yield (
        f"{machine.processor()}; cores here: {machine.cores()}; "
        f"threads, and cores, of each contender: {report.threads}"
    )
    yield ", ".join(f"{name} {version}" for name, version in machine.versions().items())
    if report.load is not None and report.load > _IDLE:
        yield (
            f"the machine was busy before (load {report.load:.1f}): two threads of one program "
            "wait for each other when another program has a core, and times grow manifold"
        )
    best = report.fastest
    yield (
        f"limit: {report.limit_rate / 1e9:.0f} GFLOP/s, the fastest {best.workload.title}, "
        f"float32, by {best.contender.name}"
    )
    for name, packages in report.missing.items():
        yield f"{name} is left out: {' and '.join(packages)} not installed"


def _ratios(report: Report) -> Iterator[str]:
    """Compare training loops with their steps, and the choice of a maker with the makers."""
    medians = {(e.workload.name, e.contender.name): quartiles(e)[1] for e in report.timed}
    for (workload, contender), median in medians.items():
        if workload == "epoch" and ("steps", contender) in medians:
            ratio = median / medians["steps", contender]
            yield f"{contender}: an epoch takes {ratio:.2f} times its steps alone"
    if report.verdict is not None:
        yield from report.verdict.sentences()


def _remarks(report: Report) -> Iterator[str]:
    """Say what was not measured, and what was not measured in full."""
    blocks: dict[Workload, list[int]] = {}
    for entry in (*report.limit, *report.entries):
        where = f"{entry.contender.name}, {entry.workload.name}"
        if entry.error:
            yield f"{where}: FAILED: {entry.error}"
        elif entry.refused:
            yield f"{where}: left out: {entry.refused}"
        elif entry.repetitions < entry.workload.times:
            blocks.setdefault(entry.workload, []).append(entry.repetitions)
    for workload, counts in blocks.items():
        counted = " or ".join(map(str, sorted(set(counts))))
        yield f"{workload.name}: extrapolated to {workload.times:,} from {counted} at a time"
    yield "memory: the most that a process held, which did all workloads of one group"


def describe(workload: Workload) -> str:
    """Say what a workload's figures are for."""
    text = workload.title
    if workload.images:
        data = "MNIST" if has_mnist() else "random binary images, MNIST is not here"
        text += f", {workload.images:,} images ({data})"
    return text


def _cells(report: Report, entry: Entry, ours: Entry | None) -> Iterator[str]:
    """Yield the columns of an entry."""
    if not entry.seconds:
        yield "failed" if entry.error else "left out"
        return
    lower, median, upper = quartiles(entry)
    yield in_units(median, median)
    yield f"{in_units(lower, median)} to {in_units(upper, median)}"
    yield "" if ours is None else f"{median / quartiles(ours)[1]:.2f}"
    rate = flops_per_second(entry)
    yield f"{rate / 1e9:.0f}"
    yield f"{rate / report.limit_rate:.0%}"
    yield "" if entry.memory is None else f"{entry.memory / 1e6:.0f} MB"


def in_units(seconds: float, scale: float) -> str:
    """Show a time in the unit that fits ``scale`` seconds."""
    size, unit = next(((size, unit) for size, unit in _UNITS if scale >= size), _UNITS[-1])
    number = seconds / size
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
