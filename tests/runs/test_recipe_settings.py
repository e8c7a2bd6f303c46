"""Settings of recipes: what is refused, and what stands beside published results."""

import numpy as np
import pytest

from minivae.cli.main import main
from minivae.runs import RECIPES, Settings, load_data
from minivae.runs.pieces import build_model


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "vea"], "recipe 'vea' is unknown; did you mean 'vae'? choose one of linear-ae"),
        (["models", "vea"], "recipe 'vea' is unknown"),
        (["train", "ae", "--beta", "4"], "ae has no setting 'beta'; beside those of all recipes"),
        (["train", "beta-vae", "--beta", "much"], "beta must be a number, it is 'much'"),
        (["train", "iwae", "--samples", "2.5"], "samples must be a whole number, it is '2.5'"),
        (["train", "iwae", "--samples", "0"], "samples must be a whole number from 1 on"),
        (["train", "gmvae", "--components", "0"], "components must be at least 1"),
        (["train", "gan", "--sigma", "0.1"], "gan has no sigma: it would change nothing"),
        (["train", "linear-vae", "--hidden", "9"], "linear-vae has no hidden: it would"),
        (["train", "iwae", "--gradient", "path"], "gradient 'path' is unknown; choose one of"),
        (["train", "cvae", "--data", "faces"], "data 'faces' does not suit cvae; choose one of"),
        (["train", "sequence-vae", "--hidden", "4", "4"], "one hidden size, that of its recurrent"),
        (["train", "vae", "--likelihood", "categorical"], "one for each of 2 classes"),
        (
            ["train", "--data", "ring", "--likelihood", "continuous_bernoulli"],
            "needs data in [0, 1]",
        ),
        (["train", "tied-ae", "--likelihood", "categorical"], "take tied=False"),
        (["train", "--sigma", "0.5"], "it would change nothing with bernoulli"),
        (["train", "--data", "ring", "--likelihood", "bernoulli"], "no grey images"),
        (["train", "--sigma", "best"], "sigma 'best' is unknown; choose one of learned, optimal"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    words, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "choose smaller --hidden" not in said  # that is the mend for other troubles
    assert not list(tmp_path.iterdir())


def test_the_mixture_on_mnist_is_set_up_as_in_the_homework():
    """784-300-300-10, ELU, 500 components, batches of 100, 20,000 updates."""
    chosen = Settings.of("gmvae", data="mnist")
    assert (chosen.hidden, chosen.latent, chosen.activation) == ((300, 300), 10, "elu")
    assert (chosen.batch_size, chosen.lr, chosen.steps) == (100, 1e-3, 20_000)
    assert (chosen.options, chosen.binarize) == ({"components": 500}, "dynamic")


def test_importance_weighting_on_mnist_is_set_up_as_in_the_paper():
    """784-200-200-50, tanh, batches of 20, Adam with eps 1e-4 and eight learning rates."""
    chosen = Settings.of("iwae", data="mnist")
    assert (chosen.hidden, chosen.latent, chosen.activation) == ((200, 200), 50, "tanh")
    assert (chosen.batch_size, chosen.lr, chosen.adam_eps) == (20, 1e-3, 1e-4)
    lr = RECIPES["iwae"].schedule(chosen, 800)["lr"]
    assert lr(0) == 1e-3
    assert lr(799) == pytest.approx(1e-4)
    digits = load_data(Settings.of("iwae"))
    model = build_model(Settings.of("iwae"), digits.dataset)
    grey = digits.dataset.train.mean(axis=0)
    bias = model.decoder.layers[-1].bias.data
    np.testing.assert_allclose(1 / (1 + np.exp(-bias)), grey, atol=1e-3)
