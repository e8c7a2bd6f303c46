"""The GAN: both losses by hand, their gradients, samples, files, and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

import minivae as mv
from minivae.models import GAN, VAE

seeds = st.integers(0, 2**32 - 1)
LOSSES = pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
OUTPUTS = pytest.mark.parametrize("output", ["sigmoid", "identity"])


def build(seed=0, **choices):
    """A small model whose weights and biases are all random."""
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 5, "hidden": (4,), "latent": 2, "activation": "tanh"}
    model = GAN.mlp(**(arguments | {"dtype": "float64"} | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    return model


def data(model, n=6, seed=1):
    return np.random.default_rng(seed).random((n, model.data_dim)).astype(model.dtype)


def noise(model, n=6, seed=2):
    return np.random.default_rng(seed).standard_normal((n, model.latent)).astype(model.dtype)


# The two losses.


def test_the_non_saturating_gradient_remains_where_the_minimax_gradient_is_gone():
    gradients = {}
    for loss in ("minimax", "non_saturating"):
        model = build(loss=loss)
        model.discriminator.layers[-1].bias.data[...] = -40.0  # it knows every sample
        model.generator_loss(noise(model)).backward()
        gradients[loss] = np.concatenate([p.grad.ravel() for p in model.generator.parameters()])
    assert np.abs(gradients["minimax"]).max() < 1e-15
    assert np.abs(gradients["non_saturating"]).max() > 1e-3


@LOSSES
def test_losses_are_finite_however_sure_the_discriminator_is(loss):
    model = build(loss=loss, dtype="float32")
    for certain in (-1e4, 1e4):
        model.discriminator.layers[-1].bias.data[...] = certain
        for value in (
            model.generator_loss(noise(model)),
            model.discriminator_loss(data(model), noise(model)),
        ):
            assert np.isfinite(value.item())


@given(seed=seeds)
def test_the_losses_written_out_by_hand(seed):
    model = build(seed)
    x, z, w = data(model, seed=seed), noise(model, seed=seed), model.state_dict()

    def network(name, inputs):
        first, last = (f"{name}.layers.{i}" for i in (0, 2))
        hidden = np.tanh(inputs @ w[f"{first}.weight"].T + w[f"{first}.bias"])
        return hidden @ w[f"{last}.weight"].T + w[f"{last}.bias"]

    fake = expit(network("generator", z))
    d_real, d_fake = (expit(network("discriminator", a)[:, 0]) for a in (x, fake))
    value = np.mean(np.log(d_real)) + np.mean(np.log(1 - d_fake))
    assert model.discriminator_loss(x, z).item() == pytest.approx(-value, rel=1e-9)
    assert model.generator_loss(z).item() == pytest.approx(-np.mean(np.log(d_fake)), rel=1e-9)
    other = build(seed, loss="minimax")
    assert other.generator_loss(z).item() == pytest.approx(np.mean(np.log(1 - d_fake)), rel=1e-9)
    np.testing.assert_allclose(model.generate(z).data, fake, rtol=1e-12)


@settings(max_examples=200)
@given(
    loss=st.sampled_from(["minimax", "non_saturating"]),
    output=st.sampled_from(["sigmoid", "identity"]),
    seed=seeds,
)
def test_the_gradients_of_both_losses_are_right(loss, output, seed):
    model = build(seed, data_dim=3, hidden=(3,), loss=loss, output=output, activation="elu")
    x, z = data(model, 3, seed), noise(model, 3, seed)
    affine = [layer for net in (model.discriminator, model.generator) for layer in net.layers[::2]]
    half = len(affine)  # two arrays for each layer, two layers for each network

    def put(arrays):
        for i, layer in enumerate(affine[: len(arrays) // 2]):
            layer.weight, layer.bias = arrays[2 * i : 2 * i + 2]

    def discriminator(*weights):
        put(weights)
        return model.discriminator_loss(x, z)

    def generator(*weights):
        put(weights)
        return model.generator_loss(z)

    weights = [p.data.copy() for layer in affine for p in (layer.weight, layer.bias)]
    assert model.dtype == "float64"  # looked up while there are parameters
    mv.testing.gradcheck(generator, *weights, directions=1)
    put(weights)
    mv.testing.gradcheck(discriminator, *weights[:half], directions=1)


def test_the_discriminators_loss_sends_no_gradient_to_the_generator():
    model = build()
    model.discriminator_loss(data(model), noise(model)).backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for p in model.discriminator.parameters())


@given(seed=seeds)
def test_a_batch_taken_twice_or_in_another_order_has_the_same_losses(seed):
    """Mean over the batch: not the sum, and nothing of one datum reaches another."""
    model, order = build(seed), np.random.default_rng(seed).permutation(12)
    x, z = data(model, seed=seed), noise(model, seed=seed)
    xx, zz = np.concatenate([x, x])[order], np.concatenate([z, z])[order[::-1]]
    once = model.discriminator_loss(x, z).item()
    assert model.discriminator_loss(xx, zz).item() == pytest.approx(once, rel=1e-12)
    once = model.generator_loss(z).item()
    assert model.generator_loss(zz).item() == pytest.approx(once, rel=1e-12, abs=1e-15)


def test_terms_are_the_two_losses_each_with_codes_of_its_own():
    model = build()
    terms = model.terms(data(model), rng=np.random.default_rng(3))
    z = model.prior.sample(np.random.default_rng(3), 12)
    assert list(terms) == ["loss", "discriminator"]
    assert terms["discriminator"].item() == model.discriminator_loss(data(model), z[:6]).item()
    assert terms["loss"].item() == model.generator_loss(z[6:]).item()
    assert model.loss(data(model), rng=np.random.default_rng(3)).item() == terms["loss"].item()


# Samples.


@OUTPUTS
def test_samples_are_the_generator_at_draws_of_the_prior(output):
    model = build(output=output)
    x = model.sample(50, rng=np.random.default_rng(4))
    z = model.prior.sample(np.random.default_rng(4), 50)
    assert x.shape == (50, 5)
    np.testing.assert_array_equal(x, model.generate(z).data)
    inside = bool(((x >= 0) & (x <= 1)).all())
    assert inside == (output == "sigmoid")


def test_scale_makes_samples_larger_and_changes_nothing_that_the_networks_see():
    one, four = build(output="identity"), build(output="identity", scale=4.0)
    x, z = data(one), noise(one)
    np.testing.assert_array_equal(four.generate(z).data, 4 * one.generate(z).data)
    np.testing.assert_array_equal(four.logits(4 * x).data, one.logits(x).data)
    assert four.generator_loss(z).item() == one.generator_loss(z).item()
    assert four.discriminator_loss(4 * x, z).item() == one.discriminator_loss(x, z).item()


def test_given_z_a_sample_is_certain():
    model = build()
    p = model.decode(np.ones((3, 2)))
    x = model.generate(np.ones((3, 2))).data
    rng = np.random.default_rng(0)
    for same in (p.mean.data, p.sample(rng), *p.sample(rng, 2)):
        np.testing.assert_array_equal(same, x)
    assert not p.std.data.any()
    assert p.std.shape == x.shape
    with pytest.raises(TypeError, match="a GAN has no density p.x.z., as G.z. is a point"):
        p.log_prob(x)
    with pytest.raises(TypeError, match="KL divergence from it is infinite"):
        p.kl(p)
    with pytest.raises(TypeError, match="GAN defines no codes"):
        model.reconstruct(x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@OUTPUTS
def test_a_gan_computes_in_one_type(output, dtype):
    model = build(output=output, dtype=dtype)
    terms = model.terms(data(model).astype("float64"), rng=np.random.default_rng(0))
    for term in terms.values():
        term.backward()
        assert term.dtype == dtype
    assert all(p.grad.dtype == dtype for p in model.parameters())
    assert model.sample(3, rng=np.random.default_rng(0)).dtype == dtype
    assert model.noise(3, np.random.default_rng(0)).dtype == dtype
    assert model.decode(np.zeros((3, 2))).std.dtype == dtype


@LOSSES
@OUTPUTS
def test_a_loaded_gan_says_the_same_bit_for_bit(loss, output, tmp_path):
    scale = 1.0 if output == "sigmoid" else 3.0
    model = build(loss=loss, output=output, scale=scale, dtype="float32")
    mv.save(model, tmp_path / "m")
    loaded = mv.load(tmp_path / "m")
    assert type(loaded) is GAN
    assert loaded.recipe == model.recipe
    assert loaded.scale == model.scale
    for said, again in zip(
        *(m.terms(data(m), rng=np.random.default_rng(1)).values() for m in (model, loaded)),
        strict=True,
    ):
        assert said.item() == again.item()
    rngs = (np.random.default_rng(2) for _ in "ab")
    first, second = (m.sample(4, rng=rng) for m, rng in zip((model, loaded), rngs, strict=True))
    np.testing.assert_array_equal(first, second)


def test_the_generator_has_the_layers_of_the_discriminator_in_reverse_order():
    model = build(hidden=(7, 3))
    shapes = {name: a.shape for name, a in model.state_dict().items() if name.endswith("weight")}
    assert shapes == {
        "generator.layers.0.weight": (3, 2),
        "generator.layers.2.weight": (7, 3),
        "generator.layers.4.weight": (5, 7),
        "discriminator.layers.0.weight": (7, 5),
        "discriminator.layers.2.weight": (3, 7),
        "discriminator.layers.4.weight": (1, 3),
    }


# What is refused.


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"loss": "hinge"}, "loss 'hinge' is unknown; choose one of minimax, non_saturating"),
        ({"output": "tanh"}, "output 'tanh' is unknown; choose one of identity, sigmoid"),
        ({"output": "identity", "scale": 0.0}, "scale must be positive.* it is 0.0 with"),
        ({"output": "identity", "scale": np.inf}, "scale must be positive"),
        ({"scale": 2.0}, "1 with a sigmoid, as images lie in .0, 1.; it is 2.0"),
        ({"activation": "gelu"}, "activation 'gelu' is unknown"),
        ({"dtype": "float16"}, "dtype 'float16' is unknown"),
        ({"latent": 0}, "latent must be at least 1, it is 0"),
        ({"hidden": (0,)}, "hidden must be at least 1, it is 0"),
    ],
)
def test_a_wrong_composition_is_refused_with_the_reason(choices, message):
    with pytest.raises(ValueError, match=message):
        GAN.mlp(**({"data_dim": 5, "latent": 2} | choices), rng=np.random.default_rng(0))


def test_networks_that_do_not_fit_the_data_are_refused():
    model, vae = build(), VAE.mlp(5, (4,), 2, dtype="float64", rng=np.random.default_rng(0))
    model.discriminator = vae.encoder
    with pytest.raises(ValueError, match="must give one logit for a datum; it gives 4"):
        model.discriminator_loss(data(model), noise(model))
    model.generator = mv.nn.Linear(2, 3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="must give 5 outputs, .* it gives 3"):
        model.sample(2, rng=np.random.default_rng(0))


def test_data_codes_and_generators_that_do_not_fit_are_refused():
    model, rng = build(), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"^GAN: data must have shape \(n, 5\)"):
        model.terms(np.zeros((3, 4)), rng=rng)
    with pytest.raises(ValueError, match=r"codes must have shape \(\.\.\., 2\), not \(3, 4\)"):
        model.generate(np.zeros((3, 4)))
    with pytest.raises(
        ValueError, match="ends in a sigmoid needs data in .0, 1., these lie in .-2"
    ):
        model.terms(np.full((3, 5), -2.0), rng=rng)
    build(output="identity").terms(np.full((3, 5), -2.0), rng=rng)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="contain NaN or infinity"):
            build(output="identity").terms(np.full((3, 5), bad), rng=rng)
    for conditional in (
        lambda: model.terms(data(model), np.ones((6, 1)), rng=rng),
        lambda: model.decode(noise(model), np.ones((6, 1))),
        lambda: model.sample(6, np.ones((6, 1)), rng=rng),
    ):
        with pytest.raises(ValueError, match="no condition y in this GAN"):
            conditional()
    for draw in (lambda: model.sample(3, rng=7), lambda: model.terms(data(model))):
        with pytest.raises(TypeError, match="pass rng=, a numpy.random.Generator"):
            draw()
