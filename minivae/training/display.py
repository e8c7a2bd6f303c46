"""The live display of a training run: a line that moves on a terminal, a few lines elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from minivae.training.history import Row

_LINES = 10  # lines in all where there is no terminal


class Display:
    """Shows epoch, terms of the loss, images per second and time left; a context manager.

    Parameters
    ----------
    epochs, steps : int
        How much there is to do in all.
    step : int
        How much of it is done.
    """

    def __init__(self, epochs: int, steps: int, step: int) -> None:
        self.console = Console(stderr=True)
        self.epochs = epochs
        self.live = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=max(3, min(20, self.console.width - 78))),
            TextColumn("{task.fields[terms]}"),
            _Speed(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.live.add_task(
            "", total=steps, completed=step, epoch=0, epochs=epochs, terms="", speed=0.0
        )

    def __enter__(self) -> Display:
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.stop()

    def step(self, step: int) -> None:
        """Move the bar to update number ``step``."""
        self.live.update(self.task, completed=step)

    def epoch(self, row: Row) -> None:
        """Show an epoch that is complete."""
        number, speed = int(row["epoch"]), row["images_per_second"]
        terms = describe(row)
        self.live.update(self.task, epoch=number, terms=terms, speed=speed)
        every = max(1, self.epochs // _LINES)
        if not self.console.is_terminal and (number % every == 0 or number == self.epochs):
            self.console.print(
                f"epoch {number}/{self.epochs} {terms} {speed:,.0f} images/s", highlight=False
            )


def describe(row: Row) -> str:
    """Show the terms of an epoch: reconstruction, KL and ELBO of a VAE, both losses of a GAN."""
    if "discriminator" in row:
        return f"generator {row['loss']:.2f} discriminator {row['discriminator']:.2f}"
    text = f"reconstruction {row['reconstruction']:.2f}"
    if "kl" in row:
        text += f" KL {row['kl']:.2f} ELBO {row['reconstruction'] - row['kl']:.2f}"
    return text


class _Speed(ProgressColumn):
    """Images per second of the last epoch."""

    def render(self, task: Task) -> Text:
        speed = task.fields["speed"]
        shown = f"{speed / 1000:.0f}k" if speed >= 1e4 else f"{speed:.0f}"
        return Text(f"{shown} images/s" if speed else "")
