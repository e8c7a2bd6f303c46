"""The autoencoder family: every variant's gradient, and what each adds to the loss."""

import numpy as np
import pytest
from autoencoders import IMAGES, VARIANTS, build, data
from gradients import check_gradients
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.data import gaussian, masking, salt_and_pepper
from minivae.models import L1, Autoencoder, Contraction, Sparsity, WeightDecay

seeds = st.integers(0, 2**32 - 1)
smooth = st.sampled_from(["tanh", "sigmoid", "softplus", "elu"])
PERCEPTRONS = pytest.mark.parametrize("variant", VARIANTS)
CONVOLUTIONS = pytest.mark.parametrize("variant", IMAGES)
EVERY = pytest.mark.parametrize("variant", VARIANTS | IMAGES)


def assert_right_gradients(variant, seed, **choices):
    model, x = build(variant, seed, **choices), data(3, seed=seed)
    check_gradients(model, lambda: model.loss(x, rng=np.random.default_rng(seed)), directions=1)


@PERCEPTRONS
@settings(max_examples=20)
@given(seeds, smooth, st.sampled_from(["bernoulli", "gaussian"]))
def test_the_gradient_of_every_variant_is_right_in_every_parameter(variant, seed, f, likelihood):
    f = VARIANTS[variant].get("activation", f)
    likelihood = VARIANTS[variant].get("likelihood", likelihood)
    assert_right_gradients(variant, seed, activation=f, likelihood=likelihood)


@CONVOLUTIONS
@settings(max_examples=8)
@given(seeds, smooth)
def test_the_gradient_of_a_convolutional_variant_is_right_in_every_parameter(variant, seed, f):
    assert_right_gradients(variant, seed, activation=f)


# --- what is in the loss -----------------------------------------------------------------------


def by_hand(model, x):
    """The code and the reconstruction's numbers, layer by layer, in NumPy."""
    w = model.state_dict()
    count = len([name for name in w if name.startswith("encoder") and name.endswith("bias")])
    h, layers = x, range(0, 2 * count, 2)
    for i in layers:
        h = h @ w[f"encoder.layers.{i}.weight"].T + w[f"encoder.layers.{i}.bias"]
        if i != layers[-1]:
            h = np.tanh(h)
    z = h
    for i in layers:
        h = h @ w[f"encoder.layers.{layers[-1] - i}.weight"] + w[f"decoder.layers.{i}.bias"]
        if i != layers[-1]:
            h = np.tanh(h)
    return z, h


@given(seeds, st.sampled_from([(), (5,), (5, 4)]))
def test_tied_weights_go_back_by_the_transposes_of_the_way_there(seed, hidden):
    model, x = build("deep tied", seed, hidden=hidden, likelihood="gaussian"), data(seed=seed)
    z, mean = by_hand(model, x)
    np.testing.assert_allclose(model.codes(x), z, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(model.reconstruct(x), mean, rtol=1e-10, atol=1e-12)


@given(seeds)
def test_the_gradient_of_a_shared_weight_is_the_sum_of_two_paths(seed):
    """Those of an untied model of the same weights: of W in the encoder, and of W' in turn."""
    tied, x = build("deep tied", seed, weight_decay=0.0), data(seed=seed)
    free = build("deep", seed)
    state = tied.state_dict()
    for i in (0, 2, 4):
        state[f"decoder.layers.{i}.weight"] = state[f"encoder.layers.{4 - i}.weight"].T
    free.load_state_dict(state)
    assert tied.loss(x).item() == pytest.approx(free.loss(x).item(), rel=1e-12)
    for model in (tied, free):
        model.loss(x).backward()
    ours, theirs = dict(tied.named_parameters()), dict(free.named_parameters())
    assert ours.keys() == {
        name for name in theirs if not name.startswith("decoder") or "bias" in name
    }
    for name, parameter in ours.items():
        expected = theirs[name].grad
        if name.endswith("weight"):
            i = int(name.split(".")[2])
            expected = expected + theirs[f"decoder.layers.{4 - i}.weight"].grad.T
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "corrupt"),
    [
        ("masking", lambda x, rng: masking(x, rng, fraction=0.4)),
        ("gaussian", lambda x, rng: gaussian(x, rng, std=0.4)),
        ("salt_and_pepper", lambda x, rng: salt_and_pepper(x, rng, fraction=0.4)),
    ],
)
@given(seed=seeds)
def test_a_denoising_autoencoder_sees_corrupted_data_and_is_asked_for_the_clean_ones(
    name, corrupt, seed
):
    model, x = build("deep", seed, corruption=name, corruption_level=0.4), data(seed=seed)
    value = model.loss(x, rng=np.random.default_rng(seed)).item()
    seen = corrupt(x, np.random.default_rng(seed))
    expected = -model.decode(model.codes(seen)).log_prob(x).data.mean()
    assert value == pytest.approx(expected, rel=1e-12)
    assert not np.array_equal(seen, x)
    np.testing.assert_array_equal(model.corrupted(x, rng=np.random.default_rng(seed)), seen)


def test_codes_and_reconstructions_are_of_data_as_they_are():
    """Corruption belongs to training alone."""
    noisy, x = build("masking"), data()
    plain = build("deep", hidden=(6,))
    plain.load_state_dict(noisy.state_dict())
    np.testing.assert_array_equal(noisy.codes(x), plain.codes(x))
    np.testing.assert_array_equal(noisy.reconstruct(x), plain.reconstruct(x))


def test_without_a_level_a_corruption_has_its_usual_one():
    x = data()
    seen = build("masking", corruption_level=None).corrupted(x, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(seen, masking(x, np.random.default_rng(0)))


@EVERY
def test_the_loss_is_the_reconstruction_and_the_weighted_penalties(variant):
    model, x = build(variant), data()
    terms = model.terms(x, rng=np.random.default_rng(0))
    values = {name: term.item() for name, term in terms.items()}
    assert list(values) == ["loss", "reconstruction", *(p.name for p in model.penalties)]
    assert all(term.shape == () for term in terms.values())
    weighted = sum(p.weight * values[p.name] for p in model.penalties)
    assert values["loss"] == pytest.approx(-values["reconstruction"] + weighted, rel=1e-12)
    assert all(values[p.name] > 0 for p in model.penalties)
    assert model.loss(x, rng=np.random.default_rng(0)).item() == values["loss"]


@pytest.mark.parametrize(
    ("choices", "penalties"),
    [
        ({}, ()),
        ({"weight_decay": 0.2}, (WeightDecay(0.2),)),
        ({"penalty": "l1", "penalty_weight": 0.7, "units": "hidden"}, (L1(0.7, "hidden"),)),
        (
            {"penalty": "kl_sparsity", "rho": 0.1, "code_activation": "sigmoid"},
            (Sparsity(3.0, 0.1, "code"),),
        ),
        (
            {"penalty": "contraction_hutchinson", "probes": 4, "weight_decay": 0.5},
            (Contraction(0.1, "hutchinson", 4), WeightDecay(0.5)),
        ),
        ({"penalty": "contraction_exact", "penalty_weight": 2}, (Contraction(2, "exact"),)),
    ],
)
def test_the_arguments_choose_the_penalties(choices, penalties):
    assert build("deep", **choices).penalties == penalties
    assert build("convolutional", **choices).penalties == penalties


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_variant_computes_in_one_type(variant, dtype):
    model, x = build(variant, dtype=dtype), data()
    terms = model.terms(x, rng=np.random.default_rng(0))
    terms["loss"].backward()
    assert {term.dtype for term in terms.values()} == {np.dtype(dtype)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(dtype)}
    assert model.codes(x).dtype == model.reconstruct(x).dtype == dtype


@EVERY
def test_every_variant_is_the_same_after_saving_and_loading(variant, tmp_path):
    model, x = build(variant), data()
    mv.save(model, tmp_path / "m")
    loaded = mv.load(tmp_path / "m")
    assert loaded.recipe == model.recipe
    values = [
        {name: term.item() for name, term in m.terms(x, rng=np.random.default_rng(0)).items()}
        for m in (model, loaded)
    ]
    assert values[0] == values[1]


@EVERY
def test_every_variant_learns(variant):
    model, x = build(variant), data(8)
    loss = model.loss(x, rng=np.random.default_rng(0)).item()
    mv.fit(model, x, steps=30, batch_size=8, rng=np.random.default_rng(0), progress=False)
    assert model.loss(x, rng=np.random.default_rng(0)).item() < loss


@given(seeds)
def test_an_optimal_sigma_is_the_root_mean_square_error_of_the_batch(seed):
    """Then -log p(x|z) = d/2 (log 2π σ² + 1), and the gradient is that at this σ held fixed."""
    model, x = build("deep", seed, likelihood="gaussian", sigma="optimal"), data(seed=seed)
    loss = model.loss(x)
    square = np.mean((x - model.reconstruct(x)) ** 2)
    assert model.likelihood.sigma == pytest.approx(np.sqrt(square), rel=1e-10)
    assert loss.item() == pytest.approx(10 * (np.log(2 * np.pi * square) + 1), rel=1e-10)
    fixed = build("deep", seed, likelihood="gaussian", sigma=model.likelihood.sigma)
    loss.backward()
    fixed.loss(x).backward()
    ours = dict(model.named_parameters())
    for name, parameter in fixed.named_parameters():
        np.testing.assert_allclose(ours[name].grad, parameter.grad, rtol=1e-8, atol=1e-10)


# --- sizes of convolutional ones ---------------------------------------------------------------


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (5, 7), (3, 6, 9)])
def test_a_convolutional_autoencoder_keeps_data_flat(shape):
    rng = np.random.default_rng(0)
    model = Autoencoder.convolutional(shape, (2, 4), latent=3, rng=rng)
    x = rng.random((5, int(np.prod(shape)))).astype(np.float32)
    assert model.codes(x).shape == (5, 3)
    assert model.reconstruct(x).shape == x.shape
    assert model.decode(np.zeros((2, 5, 3))).mean.shape == (2, *x.shape)


def test_a_categorical_likelihood_gets_the_levels_of_each_pixel_side_by_side():
    """With no weights in the last layer, its bias alone says how probable a pixel's levels are."""
    x = np.random.default_rng(0).integers(0, 3, (4, 20)) / 2
    for variant, last in (("deep", -1), ("convolutional", -4)):
        model = build(variant, likelihood="categorical", levels=3)
        check_gradients(model, lambda m=model: m.loss(x), directions=1)
        layer = model.decoder.layers[last]
        layer.weight.data[...] = 0.0
        layer.bias.data[...] = np.tile([0.1, 0.3, 0.6], layer.bias.size // 3)
        layer.bias.data[...] = np.log(layer.bias.data)
        p = np.array([0.1, 0.3, 0.6])[(2 * x).astype(int)]
        value = model.decode(model.codes(x)).log_prob(x).data
        np.testing.assert_allclose(value, np.log(p).sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(model.reconstruct(x), 0.75, rtol=1e-12)
