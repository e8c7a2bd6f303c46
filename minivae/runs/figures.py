"""The figures of a run: what suits its model and its data, by the names that recipes use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minivae import data, viz
from minivae.data import Dataset
from minivae.evaluation import jacobian_spectrum, maximally_activating_inputs, mode_coverage
from minivae.models import GAN, VAE, Autoencoder, Model
from minivae.nn import Linear, Sequential
from minivae.runs.pieces import MODES, RunData, train_model
from minivae.runs.recipes import RECIPES
from minivae.runs.settings import Settings
from minivae.runs.streams import stream
from minivae.training import History

_ROWS = 2000  # data in a cloud of points
_TILES = 100  # units in a wall
_UNITS, _DATA = 10, 5  # of the figure of what activates them


@dataclass(frozen=True)
class Material:
    """What there is to draw of a run."""

    settings: Settings
    model: Model
    prepared: RunData
    history: History

    @property
    def rng(self) -> np.random.Generator:
        """The source of the draws, the same for each figure."""
        return stream(self.settings.seed, "figures")

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of the images; None if the data are none."""
        return self.prepared.dataset.image_shape

    @property
    def test(self) -> np.ndarray:
        """The test data as they are, before pixels are drawn."""
        return self.prepared.dataset.test

    @property
    def labels(self) -> np.ndarray | None:
        """The labels of the test data, if they are few enough for colours."""
        labels = self.prepared.dataset.labels
        return None if labels is None or labels.test.max() > 9 else labels.test


Drawn = dict[str, Any]


def figures_of(material: Material) -> Drawn:
    """Return all figures that suit a run, by the names of their files."""
    drawn: Drawn = {}
    for name in ("loss", *RECIPES[material.settings.recipe].figures):
        drawn |= FIGURES[name](material)
    return drawn


def _loss(m: Material) -> Drawn:
    return {} if isinstance(m.model, GAN) else {"loss": viz.loss_split(m.history)}


def _players(m: Material) -> Drawn:
    title = "Generator against discriminator"
    columns = {"loss": "generator", "discriminator": "discriminator"}
    return {"losses": viz.history_curves(m.history, columns, "loss (nats)", title)}


def _reconstructions(m: Material) -> Drawn:
    if m.shape is not None:
        y = m.prepared.test_y
        return {"reconstructions": viz.reconstructions(m.model, m.test, m.shape, y=y)}
    back = m.model.reconstruct(m.test[:_ROWS])
    if m.settings.data == "waves":
        return {"reconstructions": viz.waves(m.test[:6], back[:6])}
    clouds = {"reconstructed": back[:, :2]}
    return {"reconstructions": viz.samples_over_data(m.test[:_ROWS, :2], clouds)}


def _latent(m: Material) -> Drawn:
    if m.model.latent < 2:
        return {}
    y = m.prepared.test_y
    rows = slice(None) if m.shape is not None else slice(_ROWS)
    labels = None if m.labels is None else m.labels[rows]
    y = None if y is None else y[rows]
    return {"latent": viz.latent_scatter(m.model, m.test[rows], labels, y=y)}


def _samples(m: Material) -> Drawn:
    if m.shape is not None:
        return {"samples": viz.samples(m.model, m.shape, rng=m.rng)}
    rng = m.rng
    made = m.model.decode(m.model.prior.sample(rng, _ROWS)).sample(rng)
    return {"samples": figure_of_samples(m.settings, m.prepared.dataset, made)}


def figure_of_samples(settings: Settings, dataset: Dataset, x: np.ndarray) -> Any:
    """Draw samples (n, d) as what the data are: points, waves or strings."""
    if dataset.alphabet is not None:
        texts = data.to_text(x[:48].astype(np.int64), dataset.alphabet)
        columns = {f"from {i + 1}": texts[i : i + 12] for i in range(0, len(texts), 12)}
        return viz.strings(columns, "Strings drawn from the model")
    if settings.data == "waves":
        return viz.waves(dataset.test[:6], samples=x[:6])
    clouds, modes = {"samples": x[:, :2]}, MODES.get(settings.data)
    if modes is None:
        return viz.samples_over_data(dataset.test[:_ROWS, :2], clouds)
    reached = [mode_coverage(x, centre[None], modes.std).covered == 1 for centre in modes.centres]
    covered = {"samples": np.array(reached)}
    return viz.samples_over_data(dataset.test[:_ROWS, :2], clouds, modes.centres, covered)


def _sweep(m: Material) -> Drawn:
    """Draw the plane of a two-dimensional code, or what each dimension of another does."""
    if m.shape is None:
        return {}
    codes = None if m.model.prior is not None else m.model.codes(m.test)
    if m.model.latent == 2:
        return {"manifold": viz.manifold(m.model, m.shape, codes=codes)}
    return {"traversals": viz.traversals(m.model, m.shape, codes=codes)}


def _filters(m: Material) -> Drawn:
    assert isinstance(m.model.encoder, Sequential)
    first = m.model.encoder.layers[0]
    if m.shape is None or not isinstance(first, Linear):
        return {}
    return {"filters": viz.filters(first.weight.data[:_TILES], m.shape)}


def _activating(m: Material) -> Drawn:
    """Draw, for ten units, the input of length 1 that activates each most, and data that do so."""
    if m.shape is None:
        return {}
    codes, inputs = m.model.codes(m.test), maximally_activating_inputs(m.model, rng=m.rng)
    units = np.argsort(-codes.std(axis=0), kind="stable")[:_UNITS]
    best = inputs[units] / np.abs(inputs[units]).max(axis=1, keepdims=True)
    order = np.argsort(-codes[:, units], axis=0, kind="stable")
    around_0 = m.test.min() < 0
    rows = {"input": 2.5 * m.test.std() * best if around_0 else 0.5 + 0.5 * best}
    rows |= {f"datum {i + 1}": m.test[order[i]] for i in range(_DATA)}
    title = "What activates ten units most: of all inputs of length 1, and of the data"
    return {"activating": viz.image_rows(rows, m.shape, title)}


def _corrupted(m: Material) -> Drawn:
    assert isinstance(m.model, Autoencoder)
    assert m.shape is not None
    clean = m.test[:10]
    corrupted = np.asarray(m.model.corrupted(clean, rng=m.rng))
    rows = {"clean": clean, "corrupted": corrupted, "reconstructed": m.model.reconstruct(corrupted)}
    title = "What the encoder saw, and what came back"
    return {"denoised": viz.image_rows(rows, m.shape, title)}


def _jacobian(m: Material) -> Drawn:
    x = m.test[:200]
    spectra = {"contractive": jacobian_spectrum(m.model, x)}
    spectra["without the penalty"] = jacobian_spectrum(_unpenalised_twin(m), x)
    return {"jacobian": viz.jacobian_spectra(spectra)}


def _unpenalised_twin(m: Material) -> Model:
    """Train the same weights on the same batches, with a penalty of no weight."""
    settings = replace(m.settings, options=m.settings.options | {"penalty_weight": 0.0})
    return train_model(settings, m.prepared, progress=False)[0]


def _clusters(m: Material) -> Drawn:
    assert isinstance(m.model, VAE)
    if m.shape is None:
        return {}
    return {"clusters": viz.clusters(m.model, m.test, m.shape, rng=m.rng)}


def _swaps(m: Material) -> Drawn:
    assert m.shape is not None
    assert m.prepared.test_y is not None
    y = m.prepared.test_y
    return {"swaps": viz.label_swaps(m.model, m.test[:8], y[:8], m.shape)}


def _sequences(m: Material) -> Drawn:
    rng, alphabet = m.rng, m.prepared.dataset.alphabet
    made = m.model.decode(m.model.prior.sample(rng, 48)).sample(rng)
    back = m.model.reconstruct(m.test[:12])
    if alphabet is None:
        return {"sequences": viz.waves(m.test[:6], back[:6], made[:6])}
    pairs = {"original": m.test[:12], "reconstructed": back}
    texts = {name: data.to_text(codes.astype(np.int64), alphabet) for name, codes in pairs.items()}
    return {
        "samples": figure_of_samples(m.settings, m.prepared.dataset, made),
        "reconstructions": viz.strings(texts, "Strings and their reconstructions", compare=True),
    }


FIGURES: dict[str, Callable[[Material], Drawn]] = {
    "loss": _loss,
    "players": _players,
    "reconstructions": _reconstructions,
    "latent": _latent,
    "samples": _samples,
    "sweep": _sweep,
    "filters": _filters,
    "activating": _activating,
    "corrupted": _corrupted,
    "jacobian": _jacobian,
    "clusters": _clusters,
    "swaps": _swaps,
    "sequences": _sequences,
}
