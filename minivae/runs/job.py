"""The main job: train, keep everything, measure on the test images, draw the figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from minivae import viz
from minivae.files import write_atomically
from minivae.models import GAN, Model, save
from minivae.runs.figures import Material, figures_of
from minivae.runs.folder import RunFolder
from minivae.runs.pieces import RunData, build_model, train_model
from minivae.runs.recipes import RECIPES
from minivae.runs.settings import Settings
from minivae.runs.streams import stream
from minivae.runs.summary import Summary, summarize
from minivae.training import History, load_checkpoint, setup_of, total_steps

_LOOKED_AT = 1000  # data that a model may refuse before anything is written
_TOO_LARGE = ("maximum allowed", "array is too big")  # NumPy's words beyond the range of addresses


def open_run(path: Path, settings: Settings, prepared: RunData) -> RunFolder:
    """Open the folder of a run, or make it, once it is clear that the run can go on.

    Parameters
    ----------
    path : Path
        The folder.
    settings : Settings
        Those of the run; only its length may differ from what the folder holds.
    prepared : RunData
        The data.

    Raises
    ------
    ValueError
        If the model is too large or refuses the data, the checkpoint is damaged, lost or of other
        settings, or the place is taken. Nothing is changed then.
    """
    try:
        model = build_model(settings, prepared.dataset)
    except (MemoryError, OverflowError, ValueError) as error:
        if isinstance(error, ValueError) and not str(error).lower().startswith(_TOO_LARGE):
            raise
        raise ValueError(
            f"a model of these sizes cannot be built ({error}); choose smaller --hidden or --latent"
        ) from error
    x = prepared.train[:_LOOKED_AT]
    if prepared.transform is not None:
        x = prepared.transform(x, stream(settings.seed, "training"))
    (model if isinstance(model, GAN) else model.likelihood).check(model.as_data(x))
    if RunFolder.exists(path):
        run = RunFolder(path)
        if run.checkpoint.exists():
            _look_at_checkpoint(run, model, settings, prepared)
        elif run.weights.exists():
            raise ValueError(
                f"{path} is complete, but its {run.checkpoint.name} is gone: it cannot go on; "
                "start another run"
            )
    return RunFolder.open(path, settings)


def _look_at_checkpoint(
    run: RunFolder, model: Model, settings: Settings, prepared: RunData
) -> None:
    """Refuse a checkpoint that cannot go on; mark the run as incomplete if there is more to do."""
    recipe = RECIPES[settings.recipe]
    optimizer, batch_size = recipe.optimizer(settings, model), settings.batch_size
    total = total_steps(
        len(prepared.train), batch_size, epochs=settings.epochs, steps=settings.steps
    )
    schedule = recipe.schedule(settings, total)
    setup = setup_of(model, optimizer, prepared.train, batch_size, prepared.train_y, schedule)
    rng = stream(settings.seed, "training")
    progress = load_checkpoint(run.checkpoint, model, optimizer, rng, setup, total)
    if progress.step < total:  # the weights of the shorter run would pass for those of this one
        run.weights.unlink(missing_ok=True)
        run.summary.unlink(missing_ok=True)


def train(
    run: RunFolder, prepared: RunData, say: Callable[[str], None] = lambda line: None
) -> Summary:
    """Train the model of a run folder from where it stands, and fill the folder.

    Parameters
    ----------
    run : RunFolder
        A new run, an interrupted one, or a complete one (whose figures are then drawn again).
    prepared : RunData
        The data, as :func:`minivae.runs.load_data` prepares them for the run's settings.
    say : callable
        Takes a line about what is going on.

    Returns
    -------
    Summary
        What the test images say of the model.
    """
    model, history = fit_run(run, prepared)
    say("drawing the figures")
    for name, figure in figures_of(Material(run.settings, model, prepared, history)).items():
        viz.save(figure, run.figures / name)
    summary = summarize(run.settings, model, prepared)
    write_atomically(run.summary, summary.to_json())
    return summary


def fit_run(run: RunFolder, prepared: RunData) -> tuple[Model, History]:
    """Train the model of a run from where it stands; write metrics and weights."""
    model, history = train_model(
        run.settings,
        prepared,
        validation=prepared.test,
        validation_y=prepared.test_y,
        checkpoint=run.checkpoint,
        resume=True,
        on_epoch=lambda history: write_atomically(run.metrics, history.to_csv()),
    )
    write_atomically(run.metrics, history.to_csv())
    save(model, run.weights)
    return model, history
