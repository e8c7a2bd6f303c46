"""The main job: train, keep everything, measure on the test images, draw the figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from minivae import viz
from minivae.evaluation import evaluate, ignorant_log_prob
from minivae.files import write_atomically
from minivae.models import Model, save
from minivae.optim import Adam
from minivae.runs.folder import RunFolder
from minivae.runs.pieces import RunData, build_model, stream
from minivae.runs.settings import Settings
from minivae.training import History, fit, load_checkpoint, setup_of, total_steps


@dataclass(frozen=True)
class Summary:
    """The final figures of a run: means over the test images, in nats.

    Attributes
    ----------
    reconstruction : float
        E_q[log p(x|z)], for an autoencoder log p(x|f(x)).
    kl, elbo : float or None
        KL(q(z|x) ‖ p(z)) and their difference, the bound; None for an autoencoder.
    baseline : float
        log p(x) of a model with independent pixels.
    """

    reconstruction: float
    kl: float | None
    elbo: float | None
    baseline: float


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
        If the model is too large, the checkpoint is damaged, lost or of other settings, or the
        place is taken. Nothing is changed then.
    """
    try:
        model = build_model(settings, prepared.train.shape[1])
    except (MemoryError, OverflowError, ValueError) as error:
        raise ValueError(
            f"a model of these sizes cannot be built ({error}); choose smaller --hidden or --latent"
        ) from error
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
    optimizer, batch_size = Adam(model.parameters(), lr=settings.lr), settings.batch_size
    total = total_steps(
        len(prepared.train), batch_size, epochs=settings.epochs, steps=settings.steps
    )
    setup = setup_of(model, optimizer, prepared.train, batch_size)
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
    draw(run, model, prepared, history)
    score = evaluate(model, prepared.test, rng=stream(run.settings.seed, "evaluation"))
    baseline = ignorant_log_prob(model.likelihood, prepared.train, prepared.test)
    summary = Summary(score.reconstruction, score.kl, score.elbo, baseline)
    write_atomically(run.summary, json.dumps(asdict(summary), indent=2) + "\n")
    return summary


def fit_run(run: RunFolder, prepared: RunData) -> tuple[Model, History]:
    """Train the model of a run from where it stands; write metrics and weights."""
    settings = run.settings
    model = build_model(settings, prepared.train.shape[1])
    history = fit(
        model,
        prepared.train,
        rng=stream(settings.seed, "training"),
        epochs=settings.epochs,
        steps=settings.steps,
        batch_size=settings.batch_size,
        optimizer=Adam(model.parameters(), lr=settings.lr),
        transform=prepared.transform,
        validation=prepared.test,
        checkpoint=run.checkpoint,
        resume=True,
        on_epoch=lambda history: write_atomically(run.metrics, history.to_csv()),
    )
    write_atomically(run.metrics, history.to_csv())
    save(model, run.weights)
    return model, history


def draw(run: RunFolder, model: Model, prepared: RunData, history: History) -> None:
    """Draw all figures that suit the model into the run folder."""
    test, shape = prepared.dataset.test, prepared.dataset.image_shape
    figures = {
        "loss": viz.loss_split(history),
        "reconstructions": viz.reconstructions(model, test, shape),
    }
    if model.latent > 1:
        figures["latent"] = viz.latent_scatter(model, test, prepared.dataset.labels.test)
    if model.prior is not None:
        rng = stream(run.settings.seed, "figures")
        figures["samples"] = viz.samples(model, shape, rng=rng)
    codes = model.codes(test) if model.prior is None else None
    if model.latent == 2:
        figures["manifold"] = viz.manifold(model, shape, codes=codes)
    else:
        figures["traversals"] = viz.traversals(model, shape, codes=codes)
    for name, figure in figures.items():
        viz.save(figure, run.figures / name)
