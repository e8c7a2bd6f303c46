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
        ({"recipe": "vea"}, "recipe 'vea' is unknown; choose one of linear-ae"),
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
