"""What a diagnosis found, and the table in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from minivae.evaluation.finding import Finding

_WIDTH = 100
_SHOWN = 8  # dimensions


@dataclass(frozen=True)
class Measure:
    """One row of the table.

    Attributes
    ----------
    name : str
        What was measured.
    value : float or ndarray
        The number, or one for each dimension.
    unit : str
        ``"nats"``, ``"%"`` (of a share between 0 and 1), or empty.
    remark : str
        How to read it.
    error : float or None
        Its standard error.
    """

    name: str
    value: float | np.ndarray
    unit: str = ""
    remark: str = ""
    error: float | None = None

    def __str__(self) -> str:
        if isinstance(self.value, np.ndarray):
            largest = np.sort(self.value)[::-1]
            more = " …" if len(largest) > _SHOWN else ""
            return " ".join(f"{v:.2f}" for v in largest[:_SHOWN]) + more
        if self.unit == "%":
            return f"{100 * self.value:.1f}"
        shown = f"{self.value:.4g}"
        return shown if self.error is None else f"{shown} ± {self.error:.1g}"


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """All measures of a model that apply, and the faults that they point to.

    Printing it gives the table.

    Attributes
    ----------
    title : str
        What was examined.
    measures : tuple of Measure
        In the order of the table.
    findings : tuple of Finding
        Likely faults, causes before consequences, and what is worth knowing.
    """

    title: str
    measures: tuple[Measure, ...]
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of the findings that are alarms."""
        return tuple(finding.name for finding in self.findings if finding.alarm)

    @property
    def healthy(self) -> bool:
        """Whether there is no alarm."""
        return not self.faults

    def __getitem__(self, name: str) -> float | np.ndarray:
        """Return the value of a measure.

        Raises
        ------
        KeyError
            If it was not measured; the message lists what was.
        """
        for measure in self.measures:
            if measure.name == name:
                return measure.value
        raise KeyError(f"{name!r} was not measured; there are {[m.name for m in self.measures]}")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, then the findings."""
        table = Table(title=self.title, title_justify="left", title_style="bold")
        table.add_column("measure", no_wrap=True)
        table.add_column("value", justify="right")
        table.add_column("unit")
        table.add_column("reading")
        for measure in self.measures:
            table.add_row(*map(Text, (measure.name, str(measure), measure.unit, measure.remark)))
        yield table
        for finding in self.findings:
            mark, style = ("✗ ", "bold red") if finding.alarm else ("· ", "bold")
            yield Text(mark + finding.name, style=style)
            for word in ("seen", "means", "mend"):
                yield Text(f"  {word}: {getattr(finding, word)}")
        if self.healthy:
            notes = f" beyond what is noted (·): {len(self.findings)}" if self.findings else ""
            yield Text(f"no fault found{notes}", style="bold green")

    def __str__(self) -> str:
        console = Console(file=StringIO(), width=_WIDTH, color_system=None)
        with console.capture() as captured:
            console.print(self)
        return captured.get()

    def __repr__(self) -> str:
        return f"Diagnosis({self.title!r}, faults={self.faults})"
