"""Settings: kept exactly, checked at once, and only the length may change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minivae.runs import Settings

settings = st.builds(
    Settings.of,
    recipe=st.sampled_from(["vae", "ae"]),
    hidden=st.lists(st.integers(1, 999), max_size=3).map(tuple),
    latent=st.integers(1, 99),
    likelihood=st.just("gaussian"),
    sigma=st.floats(1e-3, 1e3),
    lr=st.floats(1e-6, 1.0),
    steps=st.none() | st.integers(1, 10**6),
    seed=st.integers(0, 2**63),
)


@given(settings)
def test_settings_survive_json(s):
    assert Settings.from_json(s.to_json()) == s


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"recipe": "vea"},
            "recipe 'vea' is unknown; did you mean 'vae'\\? choose one of linear-ae",
        ),
        ({"data": "cifar"}, "data 'cifar' does not suit vae; choose one of digits, mnist"),
        ({"activation": "step"}, "activation 'step' is unknown; choose one of elu"),
        ({"likelihood": "poisson"}, "likelihood 'poisson' is unknown"),
        ({"binarize": "often"}, "binarize 'often' is unknown; choose one of none, static, dynamic"),
        ({"latent": 0}, "latent must be at least 1, it is 0"),
        ({"hidden": (300, 0)}, "hidden must be at least 1, it is 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"epochs": 2, "steps": 3}, "give one of them"),
        ({"lr": 0.0}, "lr must be a positive number"),
        ({"lr": float("nan")}, "lr must be a positive number"),
        ({"sigma": -1.0}, "sigma must be a positive number"),
        ({"sigma": 0.5}, "sigma is that of a gaussian likelihood: it would change nothing"),
        ({"recipe": "sparse-ae", "activation": "tanh"}, "activation .* would change nothing"),
        ({"recipe": "linear-ae", "activation": "tanh"}, "linear-ae has no activation"),
        ({"recipe": "linear-ae", "hidden": (9,)}, "linear-ae has no hidden"),
        ({"recipe": "gan", "adam_eps": 1e-4}, "gan has no adam_eps"),
        ({"recipe": "sequence-vae", "likelihood": "gaussian"}, "on strings; choose categorical"),
        (
            {"recipe": "sequence-vae", "data": "waves", "likelihood": "categorical"},
            "likelihood 'categorical' does not suit sequence-vae on waves; choose gaussian",
        ),
        (
            {"recipe": "sigma-vae", "likelihood": "bernoulli"},
            "sigma-vae on digits; choose gaussian",
        ),
        ({"recipe": "categorical-vae", "likelihood": "gaussian"}, "choose categorical"),
        ({"recipe": "continuous-vae", "likelihood": "bernoulli"}, "choose continuous_bernoulli"),
        ({"recipe": "sequence-vae", "annealing": 1.5}, "annealing must lie between 0 and 1"),
        ({"recipe": "sequence-vae", "annealing": -0.1}, "annealing must lie between 0 and 1"),
        ({"recipe": "beta-vae", "beta": float("inf")}, "beta must be a number, it is inf"),
        ({"recipe": "beta-vae", "beta": "nan"}, "beta must be a number, it is 'nan'"),
        ({"recipe": "beta-vae", "beta": 10**400}, "beta must be a number, it is 1000"),
        ({"recipe": "iwae", "samples": float("inf")}, "samples must be a whole number, it is inf"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"latent": "2"}, "latent must be a whole number, it is '2'"),
        ({"latent": True}, "latent must be a whole number, it is True"),
        ({"hidden": "abc"}, "hidden must be a list of whole numbers, it is 'abc'"),
        ({"hidden": ("3",)}, "hidden must be a list of whole numbers"),
        ({"lr": "x"}, "lr must be a number, it is 'x'"),
        ({"seed": None}, "seed must be a whole number, it is None"),
        ({"recipe": 3}, "recipe must be a word, it is 3"),
    ],
)
def test_values_that_make_no_sense_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        Settings.of(**given)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recipe": "vae"}', "{"])
def test_other_json_is_refused(text):
    with pytest.raises(ValueError):
        Settings.from_json(text)


def test_pixels_are_drawn_where_the_likelihood_wants_bits():
    assert Settings.of().binarize == "dynamic"
    assert Settings.of(likelihood="gaussian").binarize == "none"
    assert Settings.of(likelihood="gaussian", binarize="static").binarize == "static"


def test_only_the_length_of_a_run_can_change():
    run = Settings.of(epochs=5)
    assert run.lengthened({}) is run
    assert run.lengthened({"latent": 2, "epochs": 9}).epochs == 9
    by_steps = run.lengthened({"steps": 70})
    assert (by_steps.epochs, by_steps.steps) == (None, 70)
    with pytest.raises(ValueError, match="hidden is 300 300 in this run and cannot become 10"):
        run.lengthened({"hidden": (10,)})


@pytest.mark.parametrize(
    ("recipe", "own", "name"),
    [
        ("gan", {}, "lr"),
        ("iwae", {}, "lr"),
        ("sequence-vae", {}, "beta"),
        ("beta-vae", {"schedule": "warm_up"}, "beta"),
        ("beta-vae", {"schedule": "cyclical"}, "beta"),
    ],
)
def test_a_schedule_over_the_length_of_a_run_is_not_rewound(recipe, own, name):
    run = Settings.of(recipe, epochs=5, **own)
    assert run.lengthened({"epochs": 5}) == run
    for length in ({"epochs": 9}, {"steps": 70}):
        with pytest.raises(ValueError, match=f"epochs is 5 in this run, and its {name} follows"):
            run.lengthened(length)


@pytest.mark.parametrize(
    "own", [{"recipe": "beta-vae"}, {"recipe": "sequence-vae", "annealing": 0}]
)
def test_without_a_schedule_such_a_run_may_become_longer(own):
    assert Settings.of(epochs=5, **own).lengthened({"epochs": 9}).epochs == 9


def test_either_way_to_say_how_long_replaces_the_other():
    by_steps = Settings.of("gmvae", data="mnist")
    assert (by_steps.epochs, by_steps.steps) == (None, 20_000)
    by_epochs = Settings.of("gmvae", data="mnist", epochs=3)
    assert (by_epochs.epochs, by_epochs.steps) == (3, None)
