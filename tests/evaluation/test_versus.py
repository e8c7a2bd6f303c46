"""Models against each other: that budget, data and measures are the same for each."""

import numpy as np
import pytest

import minivae as mv
from minivae.evaluation import versus
from minivae.models import GAN, VAE, Autoencoder

RNG = np.random.default_rng(0)
TRAIN, TEST = (RNG.standard_normal((n, 2)).astype("float32") for n in (90, 40))


def contenders():
    gan = GAN.mlp(2, (4,), 2, "tanh", "identity", rng=np.random.default_rng(1))
    vae = VAE.mlp(2, (4,), 2, likelihood="gaussian", rng=np.random.default_rng(2))
    return {"GAN": gan, "VAE": vae}


def moments(x):
    return {"n": len(x), "mean": float(x.mean()), "std": float(x.std())}


def run(models, **options):
    options = {"steps": 7, "batch_size": 20, "samples": 30, "seed": 5} | options
    return versus(models, TRAIN, TEST, moments, **options)


def test_each_model_is_trained_and_measured_as_by_hand():
    models, mine = contenders(), contenders()
    data, *rows = run(models)
    assert data == {"model": "data", "parameters": 0, "seconds": 0.0, **moments(TEST)}
    for name, row in zip(mine, rows, strict=True):
        model = mine[name]
        rng = np.random.default_rng([5, 0])
        history = mv.fit(model, TRAIN, rng=rng, steps=7, batch_size=20, progress=False)
        assert history.rows[-1]["step"] == 7
        expected = moments(model.sample(30, rng=np.random.default_rng([5, 1])))
        size = sum(p.data.size for p in model.parameters())
        assert row == {"model": name, "parameters": size, "seconds": row["seconds"], **expected}
        assert row["seconds"] > 0
        for key, array in model.state_dict().items():
            np.testing.assert_array_equal(array, models[name].state_dict()[key])


def test_the_result_of_one_model_does_not_depend_on_the_others():
    both, alone = run(contenders()), run({"VAE": contenders()["VAE"]})
    for row in (both[-1], alone[-1]):
        row.pop("seconds")
    assert both[-1] == alone[-1]


def test_a_schedule_reaches_each_model():
    still = contenders()
    run(still, schedule={"lr": lambda step: 1e-30})
    for model, fresh in zip(still.values(), contenders().values(), strict=True):
        for key, array in fresh.state_dict().items():
            np.testing.assert_allclose(model.state_dict()[key], array, atol=1e-25)


def test_samples_may_be_drawn_in_another_way():
    def means(model, n, rng):
        with mv.no_grad():
            return model.decode(model.prior.sample(rng, n)).mean.data

    default, without_noise = run(contenders()), run(contenders(), draw=means)
    assert without_noise[1]["mean"] == default[1]["mean"]  # a GAN has no noise to leave out
    assert without_noise[2]["std"] < default[2]["std"]


def test_a_model_without_samples_of_its_own_needs_a_draw():
    models = contenders()
    models["AE"] = Autoencoder.mlp(2, (4,), 2, likelihood="gaussian", rng=np.random.default_rng(3))
    before = {k: v.copy() for k, v in models["GAN"].state_dict().items()}
    with pytest.raises(TypeError, match="versus: AE cannot be sampled, .* pass draw="):
        run(models)
    for name, array in models["GAN"].state_dict().items():  # before any training
        np.testing.assert_array_equal(array, before[name])

    def draw(model, n, rng):
        return model.decode(rng.standard_normal((n, 2)).astype("float32")).mean.data

    assert [row["model"] for row in run(models, draw=draw)] == ["data", "GAN", "VAE", "AE"]


def test_a_budget_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="steps must be at least 1, it is 0"):
        run(contenders(), steps=0)
