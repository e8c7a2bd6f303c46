"""Recipes: every one builds, has the gradient of its loss, trains, draws, and means its options."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.cli.main import main
from minivae.cli.parser import OWN_OPTIONS
from minivae.data import Dataset, Labels
from minivae.evaluation import jacobian_spectrum
from minivae.models.saving import RECIPES as CONSTRUCTORS
from minivae.runs import RECIPES, RunFolder, Settings, load_data
from minivae.runs.figures import Material, figure_of_samples, figures_of
from minivae.runs.job import fit_run
from minivae.runs.pieces import build_model

sys.path.append(str(Path(__file__).parents[1] / "models"))
from gradients import check_gradients

ALL = pytest.mark.parametrize("name", RECIPES)
seeds = st.integers(0, 2**32 - 1)


def toy(kind, seed=0):
    """Five data of a kind, small enough for finite differences."""
    rng = np.random.default_rng(seed)
    labels = Labels(rng.integers(0, 2, 5), np.array([0, 1]))
    labels.train[:2] = 0, 1
    if kind == "strings":
        x = rng.integers(0, 3, (7, 4))
        return Dataset("toy", x[:5], x[5:], None, None, "drawn", alphabet=".ab")
    x = rng.integers(0, 2, (7, 16)).astype(float)
    return Dataset("toy", x[:5], x[5:], labels, (4, 4), "drawn")


def small(name, seed=0):
    """A recipe's model in float64, of its smallest size and with random weights, and data."""
    recipe = RECIPES[name]
    sizes = {"latent": 2}
    if Settings.of(name).hidden:
        sizes |= {"hidden": (3,), "activation": "tanh"}
    sizes = {key: value for key, value in sizes.items() if key not in recipe.without}
    if "levels" in recipe.options:
        sizes["levels"] = 2
    chosen = Settings.of(name, **sizes)
    data = toy("strings" if "strings" in recipe.data else "images", seed)
    rng = np.random.default_rng(seed)
    float32 = recipe.build(chosen, data, rng)
    arguments = float32.recipe["arguments"] | {"dtype": "float64"}
    model = CONSTRUCTORS[float32.recipe["model"]](**arguments, rng=rng)
    if float32.objective is not None:
        model.objective = float32.objective
    for parameter in model.parameters():
        parameter.data[...] = 0.5 * rng.standard_normal(parameter.shape)
    if name == "sigma-vae":  # not trained but set, to what is best: no argument to check
        model.likelihood.logvar = mv.tensor([0.0])
    y = np.eye(2)[data.labels.train] if recipe.conditional else None
    return model, data.train, y


ELSEWHERE = {  # what is no derivative of the loss's value, and which test checks it instead
    "score-vae": "test_the_score_function_gradient_written_out, in tests/models/test_objectives.py",
    "gan": "each player's loss in its own weights, in tests/models/test_gan.py",
}


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in ELSEWHERE])
@settings(max_examples=10)
@given(seed=seeds)
def test_the_gradient_of_every_model_is_that_of_its_loss(name, seed):
    model, x, y = small(name, seed)

    def loss():
        rng = np.random.default_rng(seed)
        terms = model.terms(x, rng=rng) if y is None else model.terms(x, y, rng=rng)
        return terms["loss"]

    check_gradients(model, loss, directions=1)


@ALL
def test_a_recipe_says_what_it_is(name):
    recipe = RECIPES[name]
    assert recipe.name == name
    assert recipe.line
    assert recipe.equation
    assert any(mark.isdigit() for mark in recipe.source), "a source has a year"
    for data in recipe.data:
        chosen = Settings.of(name, data=data)
        assert Settings.from_json(chosen.to_json()) == chosen


def measured(name):
    """What suits a recipe on its first data set, beside the terms of a bound."""
    autoencoders = {name for name in RECIPES if name.endswith("-ae") or name == "ae"}
    own = {name: set() for name in autoencoders}
    own["gan"] = {"modes covered", "modes", "good samples"}
    own["sequence-vae"] = {"-ELBO per symbol", "words of the grammar"}
    images = {"Frechet distance", "between halves of the data", "classifier's confidence"}
    own["gmvae"] = images | {"cluster accuracy"}
    own["iwae"] = images | {"bound of 5 samples"}
    return own.get(name, images)


@ALL
def test_a_recipe_trains_draws_and_is_read_back(name, tmp_path, capsys):
    assert main(["train", name, "--steps", "2", "--out", str(tmp_path / "run")]) == 0
    run = RunFolder(tmp_path / "run")
    wanted = {"gan": {"losses", "samples"}, "sequence-vae": {"loss", "samples", "reconstructions"}}
    wanted |= {"sparse-ae": {"loss", "filters", "activating"}, "cvae": {"loss", "swaps"}}
    wanted |= {"denoising-ae": {"denoised", "filters", "activating"}, "gmvae": {"clusters"}}
    wanted |= {"contractive-ae": {"jacobian", "filters"}}
    drawn = {path.stem for path in run.figures.glob("*.png")}
    assert (
        wanted.get(
            name,
            {"loss", "reconstructions", "latent", "manifold"}
            - ({"manifold", "latent"} if run.settings.latent > 2 else set()),
        )
        <= drawn
    )
    model, prepared = run.model(), load_data(run.settings)
    assert (
        model.state_dict().keys() == build_model(run.settings, prepared.dataset).state_dict().keys()
    )
    summary = json.loads(run.summary.read_text())
    figures = [v for v in summary.values() if isinstance(v, float)] + list(
        summary["others"].values()
    )
    assert figures
    assert np.isfinite(figures).all()
    assert measured(name) == set(summary["others"])
    capsys.readouterr()
    assert main(["evaluate", str(run.path), "--samples", "3", "--limit", "2"]) == (name == "gan")
    if model.prior is not None:
        assert main(["sample", str(run.path), "--n", "3"]) == 0
        assert len(np.load(run.figures / "samples-seed0.npy")) == 3


def test_the_spectrum_stands_beside_that_of_a_twin_trained_without_the_penalty(tmp_path):
    chosen = Settings.of("contractive-ae", steps=20)
    plain = Settings.of("contractive-ae", steps=20, penalty_weight=0.0)
    prepared = load_data(chosen)
    model, history = fit_run(RunFolder.open(tmp_path / "with", chosen), prepared)
    other, _ = fit_run(RunFolder.open(tmp_path / "without", plain), prepared)
    material = Material(chosen, model, prepared, history)
    lines = figures_of(material)["jacobian"].axes[0].lines
    assert [line.get_label() for line in lines] == ["contractive", "without the penalty"]
    for line, trained in zip(lines, (model, other), strict=True):
        spectrum = jacobian_spectrum(trained, prepared.dataset.test[:200])
        np.testing.assert_allclose(line.get_ydata(), np.median(spectrum, axis=0), rtol=1e-6)


def test_modes_that_no_sample_reaches_are_marked_as_missed():
    settings, dataset = Settings.of("gan"), mv.data.load("gaussian_ring")
    centres = mv.data.gaussian_ring().centres
    figure = figure_of_samples(settings, dataset, np.repeat(centres[:3], 9, axis=0))
    assert figure.axes[0].get_title() == "samples: 3 of 8 modes"


CHANGED = {
    "annealing": 0.0, "beta": 1.5, "components": 3, "control_variate": "none",
    "corruption": "gaussian", "corruption_level": 0.6, "free_bits": 0.7, "gradient": "doubly",
    "levels": 3, "loss": "minimax", "penalty": None, "penalty_weight": 2.5, "rho": 0.2,
    "samples": 3, "schedule": "warm_up", "weight_decay": 0.3, "word_dropout": 0.8,
}  # fmt: skip
OPTIONS = [(name, option) for name, recipe in RECIPES.items() for option in recipe.options]


SIZES = {"components", "levels", "hidden", "latent"}  # they change the shapes of weights


def learned(name, own):
    """The weights after four updates on a few data, with settings beside the recipe's own."""
    recipe = RECIPES[name]
    quick = {"batch_size": 2} | ({"hidden": (5,)} if Settings.of(name).hidden else {})
    chosen = Settings.of(name, **quick | own)
    data = toy("strings" if "strings" in recipe.data else "images")
    model = recipe.build(chosen, data, np.random.default_rng(0))
    y = np.eye(2)[data.labels.train] if recipe.conditional else None
    mv.fit(
        model, data.train, y=y, rng=np.random.default_rng(1), steps=4,
        batch_size=chosen.batch_size, optimizer=recipe.optimizer(chosen, model),
        schedule=recipe.schedule(chosen, 4), progress=False,
    )  # fmt: skip
    return [p.data for p in model.parameters()]


def differ(option, a, b):
    if [p.shape for p in a] != [p.shape for p in b]:
        return option in SIZES
    return any((p != q).any() for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_changes_what_is_learned(name, option):
    """No setting is accepted and then forgotten."""
    other, choices = CHANGED[option], RECIPES[name].options[option].choices
    if option == "penalty":
        other = next(c for c in choices if c != RECIPES[name].options["penalty"].default)
    beside = {"penalty": "kl_sparsity"} if option == "rho" else {}
    assert differ(option, learned(name, beside), learned(name, beside | {option: other}))


COMMON = {
    "hidden": (4,), "latent": 3, "activation": "softplus", "batch_size": 3, "lr": 0.05,
    "adam_eps": 0.1, "likelihood": "bernoulli", "sigma": 0.7,
}  # fmt: skip


@pytest.mark.parametrize("setting", COMMON)
@ALL
def test_every_common_setting_changes_what_is_learned_or_is_refused(name, setting):
    without, beside, value = RECIPES[name].without, {}, COMMON[setting]
    if setting == "likelihood" and Settings.of(name).likelihood == value:
        value = "gaussian"
    if setting == "sigma" and "sigma" not in without and "strings" not in RECIPES[name].data:
        beside = {"sigma": 0.3} | ({} if "likelihood" in without else {"likelihood": "gaussian"})
    try:
        after = learned(name, beside | {setting: value})
    except ValueError as error:
        reasons = ("would change nothing", "does not suit", "a closed form for one Linear layer")
        refused = any(reason in str(error) for reason in reasons)
    else:
        refused = False
    assert refused or differ(setting, learned(name, beside), after)


def test_the_command_line_knows_every_option_of_every_recipe():
    options = {option.replace("_", "-") for _, option in OPTIONS}
    assert set(OWN_OPTIONS) == options


def test_the_list_of_models_names_each_with_its_equation_and_source(capsys):
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    for recipe in RECIPES.values():
        for said in (recipe.name, recipe.line, recipe.equation, recipe.source):
            assert said in listed


@ALL
def test_a_model_is_described_with_its_settings(name, capsys):
    assert main(["models", name]) == 0
    said = capsys.readouterr().out
    recipe = RECIPES[name]
    assert recipe.equation in said
    for option in (*recipe.options, "latent", "lr"):
        assert f"--{option.replace('_', '-')}" in said
    for option in recipe.without:
        assert f"--{option.replace('_', '-')} " not in said


def test_a_model_is_described_on_other_data_by_what_it_takes_there(capsys):
    for data in ("digits", "patches"):
        assert main(["models", "sparse-ae", "--data", data]) == 0
        said = capsys.readouterr().out
        chosen = Settings.of("sparse-ae", data=data)
        for name in ("latent", "penalty_weight"):
            value = {"latent": chosen.latent, **chosen.options}[name]
            assert re.search(rf"--{name.replace('_', '-')} +{value}\b", said)
    assert main(["models", "cvae", "--data", "faces"]) == 1
    assert "does not suit cvae" in capsys.readouterr().err
