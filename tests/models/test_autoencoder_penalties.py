"""Penalties: each is its formula; the three contractions agree; wrong activations are refused."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.models.contraction import contraction_estimate, contraction_exact, contraction_of_layer
from minivae.models.penalties import L1, Contraction, Sparsity, WeightDecay, encoding
from minivae.nn import ACTIVATIONS, MLP, Linear, Module, Sequential

seeds = st.integers(0, 2**32 - 1)
one_layer = st.sampled_from(["identity", *ACTIVATIONS])


def layer(seed, activation="sigmoid", sizes=(4, 3)):
    """An encoder of one layer, with random weights and biases."""
    rng = np.random.default_rng(seed)
    affine = Linear(*sizes, rng=rng)
    affine.bias.data[...] = rng.standard_normal(sizes[1])
    return Sequential(affine, *([] if activation == "identity" else [ACTIVATIONS[activation]]))


def deep(seed, activation="tanh", sizes=(4, 5, 3)):
    rng = np.random.default_rng(seed)
    encoder = MLP(sizes, activation=activation, rng=rng)
    for parameter in encoder.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    return encoder


def data(seed=0, n=6, d=4):
    return np.random.default_rng(seed).standard_normal((n, d))


def value(penalty, encoder, x, rng=None):
    return penalty(encoding(encoder, x, encoder.parameters(), rng)).item()


def by_columns(encoder, x, h=1e-3):
    """‖J‖² of each datum, J measured entry by entry by fourth-order differences."""
    total = np.zeros(len(x))
    for k in range(x.shape[1]):
        step = np.zeros(x.shape[1])
        step[k] = h
        f = {s: encoder(x + s * step).data for s in (-2, -1, 1, 2)}
        total += np.sum(((8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h)) ** 2, axis=1)
    return total


# --- the contraction, in three ways ------------------------------------------------------------


@given(seeds, st.sampled_from(["identity", "sigmoid", "tanh", "softplus"]))
def test_the_closed_form_is_the_squared_norm_of_the_measured_jacobian(seed, activation):
    encoder, x = layer(seed, activation), data(seed)
    expected = by_columns(encoder, x)
    np.testing.assert_allclose(contraction_of_layer(encoder, encoder(x)).data, expected, rtol=1e-7)


@given(seeds, one_layer)
def test_for_one_layer_the_exact_contraction_is_the_closed_form(seed, activation):
    encoder, x = layer(seed, activation), data(seed)
    closed = contraction_of_layer(encoder, encoder(x)).data
    np.testing.assert_allclose(contraction_exact(encoder, x).data, closed, rtol=1e-10, atol=1e-14)


@given(seeds, st.sampled_from(["sigmoid", "tanh", "softplus"]), st.integers(0, 2))
def test_the_exact_contraction_is_that_of_the_jacobian_at_any_depth(seed, activation, depth):
    encoder, x = deep(seed, activation, (4, *(5,) * depth, 3)), data(seed, n=3)
    value = contraction_exact(encoder, x).data
    for i in range(3):
        J = mv.jacobian(encoder)(x[i]).data
        assert value[i] == pytest.approx(np.sum(J**2), rel=1e-10)
    np.testing.assert_allclose(value, by_columns(encoder, x), rtol=1e-6)


@given(seeds, st.integers(1, 4))
def test_over_all_signs_the_mean_of_the_estimates_is_the_exact_contraction(seed, latent):
    """E v vᵀ = I: unbiased, by enumeration of the 2^latent directions."""
    encoder, x = deep(seed, sizes=(4, 5, latent)), data(seed, n=3)
    signs = np.array(list(product([-1.0, 1.0], repeat=latent)))
    directions = np.repeat(signs[:, np.newaxis], 3, axis=1)
    exact = contraction_exact(encoder, x).data
    np.testing.assert_allclose(
        contraction_estimate(encoder, x, directions).data, exact, rtol=1e-10, atol=1e-14
    )


@settings(max_examples=25)
@given(seeds)
def test_the_variance_of_an_estimate_is_that_of_its_docstring(seed):
    """2 Σ_{i≠j} (J Jᵀ)ᵢⱼ², by enumeration."""
    encoder, x = deep(seed), data(seed, n=1)
    signs = np.array(list(product([-1.0, 1.0], repeat=3)))
    draws = [contraction_estimate(encoder, x, v[np.newaxis, np.newaxis]).item() for v in signs]
    J = mv.jacobian(encoder)(x[0]).data
    gram = J @ J.T
    variance = 2 * (np.sum(gram**2) - np.sum(np.diag(gram) ** 2))
    assert np.var(draws) == pytest.approx(variance, rel=1e-8, abs=1e-12)


def test_the_penalty_draws_independent_signs_for_every_datum():
    """Within 4.5 standard errors of the exact mean, the error from the variance above."""
    encoder, x = deep(3), data(3, n=2000)
    estimate = value(Contraction(method="hutchinson"), encoder, x, np.random.default_rng(0))
    exact = contraction_exact(encoder, x).data.mean()
    variances = []
    for row in x[:200]:
        J = mv.jacobian(encoder)(row).data
        gram = J @ J.T
        variances.append(2 * (np.sum(gram**2) - np.sum(np.diag(gram) ** 2)))
    error = np.sqrt(np.mean(variances) / len(x))
    assert 0 < abs(estimate - exact) < 4.5 * error
    assert error < 0.05 * exact  # one sign for all data would be off by more


@given(seeds)
def test_the_methods_of_the_penalty_are_these_functions(seed):
    encoder, x = layer(seed), data(seed)
    exact = contraction_exact(encoder, x).data.mean()
    assert value(Contraction(), encoder, x) == pytest.approx(exact, rel=1e-10)
    assert value(Contraction(method="exact"), encoder, x) == pytest.approx(exact, rel=1e-10)
    rng = np.random.default_rng(seed)
    single = layer(seed, sizes=(4, 1))  # one unit: every sign gives the same square
    expected = contraction_exact(single, x).data.mean()
    estimate = value(Contraction(method="hutchinson", probes=2), single, x, rng)
    assert estimate == pytest.approx(expected, rel=1e-10)


@settings(max_examples=20)
@given(seeds, st.sampled_from(["sigmoid", "tanh", "softplus"]))
def test_the_gradients_of_all_three_are_right(seed, activation):
    """In x, through the second derivatives of the encoder; in W and b for the closed form."""
    x, rng = data(seed, n=2), np.random.default_rng(seed)
    weight, bias = rng.standard_normal((3, 4)), rng.standard_normal(3)

    def closed(x, weight, bias):
        encoder = layer(0, activation)
        encoder.layers[0].weight, encoder.layers[0].bias = weight, bias
        return contraction_of_layer(encoder, encoder(x))

    mv.testing.gradcheck(closed, x, weight, bias, directions=1)
    encoder, v = deep(seed, activation), np.sign(rng.standard_normal((2, 2, 3)))
    mv.testing.gradcheck(lambda x: contraction_exact(encoder, x), x, directions=1)
    mv.testing.gradcheck(lambda x: contraction_estimate(encoder, x, v), x, directions=1)


def test_training_on_the_contraction_contracts():
    """With its weight the codes of an autoencoder move less where the data move."""
    x = np.random.default_rng(0).random((50, 8))
    norms = {}
    for weight in (0.0, 1.0):
        model = mv.models.Autoencoder.mlp(
            8,
            (),
            6,
            code_activation="sigmoid",
            penalty="contraction",
            penalty_weight=weight,
            dtype="float64",
            rng=np.random.default_rng(1),
        )
        mv.fit(model, x, steps=200, rng=np.random.default_rng(2), progress=False)
        norms[weight] = contraction_exact(model.encoder, x).data.mean()
    assert norms[1.0] < 0.5 * norms[0.0]


# --- sparsity, L1, weight decay ----------------------------------------------------------------


@given(seeds, st.floats(0.01, 0.5))
def test_sparsity_is_the_divergence_of_the_mean_activations(seed, rho):
    encoder, x = layer(seed), data(seed)
    mean = encoder(x).data.mean(axis=0)
    expected = np.sum(rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean)))
    assert value(Sparsity(rho=rho), encoder, x) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_sparsity_of_activations_that_are_known():
    """KL(0.05 ‖ 0.01, 0.05, 0.2, 0.5), of units whose logits are constant."""
    encoder = layer(0, sizes=(4, 4))
    means = np.array([0.01, 0.05, 0.2, 0.5])
    encoder.layers[0].weight.data[...] = 0.0
    encoder.layers[0].bias.data[...] = np.log(means / (1 - means))
    expected = 0.041291 + 0.0 + 0.093943 + 0.494632
    assert value(Sparsity(rho=0.05), encoder, data()) == pytest.approx(expected, abs=2e-6)


@given(seeds)
def test_l1_is_the_sum_of_absolute_activations(seed):
    encoder, x = deep(seed), data(seed)
    expected = np.abs(encoder(x).data).sum(axis=1).mean()
    assert value(L1(), encoder, x) == pytest.approx(expected, rel=1e-12)


@given(seeds)
def test_penalties_on_hidden_units_are_sums_over_the_layers(seed):
    encoder, x = deep(seed, "sigmoid", (4, 5, 6, 3)), data(seed)
    first = Sequential(*encoder.layers[:2])(x).data
    second = Sequential(*encoder.layers[:4])(x).data
    expected = (first.sum(axis=1) + second.sum(axis=1)).mean()
    assert value(L1(units="hidden"), encoder, x) == pytest.approx(expected, rel=1e-12)
    both = sum(mv.engine.ops.sparsity_penalty(y, 0.1) for y in (first, second))
    sparsity = Sparsity(rho=0.1, units="hidden")
    assert value(sparsity, encoder, x) == pytest.approx(both, rel=1e-12)


def test_hidden_units_of_a_convolution_are_its_pixels():
    rng = np.random.default_rng(0)
    encoder, _ = mv.models.networks.mirrored_convolutions(
        (4, 4), (2,), 2, 2, activation="sigmoid", dtype="float64", rng=rng
    )
    x = rng.random((5, 16))
    y = Sequential(*encoder.layers[:3])(x).data
    assert y.shape == (5, 2, 2, 2)
    expected = mv.engine.ops.sparsity_penalty(y.reshape(5, 8), 0.05)
    assert value(Sparsity(units="hidden"), encoder, x) == pytest.approx(expected, rel=1e-12)


@given(seeds)
def test_weight_decay_is_half_the_squared_weights_without_the_biases(seed):
    encoder = deep(seed)
    weights = [p.data for name, p in encoder.named_parameters() if name.endswith("weight")]
    expected = 0.5 * sum(np.sum(w**2) for w in weights)
    assert value(WeightDecay(), encoder, data()) == pytest.approx(expected, rel=1e-12)


def test_training_on_sparsity_makes_units_rarely_active():
    """A sparse autoencoder of grey levels: mean activations near rho, without it near 1/2."""
    x = np.random.default_rng(0).random((100, 10))
    means = {}
    for weight in (0.0, 10.0):
        model = mv.models.Autoencoder.mlp(
            10,
            (),
            8,
            code_activation="sigmoid",
            penalty="kl_sparsity",
            penalty_weight=weight,
            rng=np.random.default_rng(1),
        )
        opt = mv.optim.Adam(model.parameters(), lr=0.02)
        rng = np.random.default_rng(2)
        mv.fit(model, x, steps=300, optimizer=opt, rng=rng, progress=False)
        means[weight] = model.codes(x).mean(axis=0)
    assert np.abs(means[10.0] - 0.05).max() < 0.02
    assert means[0.0].max() > 0.3


# --- what is refused ---------------------------------------------------------------------------


class Opaque(Module):
    """An encoder that shows nothing of its inside."""

    def __init__(self, function):
        self.layer, self.function = layer(0, "identity"), function

    def forward(self, x):
        return self.function(self.layer(x))


def test_activations_outside_0_and_1_are_refused_where_they_occur():
    for function in (mv.tanh, lambda z: 2.0 * mv.sigmoid(z) + 0.1):
        encoder = Opaque(function)
        Sparsity().check(encoder)
        with pytest.raises(ValueError, match=r"needs activations between 0 and 1, these lie in \["):
            value(Sparsity(), encoder, data(n=50))
    assert value(Sparsity(), Opaque(mv.sigmoid), data()) > 0


def test_an_opaque_encoder_has_no_hidden_units_and_no_closed_form():
    encoder = Opaque(mv.sigmoid)
    with pytest.raises(ValueError, match="this encoder shows no hidden layer"):
        L1(units="hidden").check(encoder)
    with pytest.raises(ValueError, match="this encoder consists of Opaque; take 'contraction_exac"):
        Contraction().check(encoder)
    assert value(Contraction(method="exact"), encoder, data()) > 0


def test_two_nonlinearities_in_a_row_have_no_closed_form():
    encoder = Sequential(Linear(4, 3, rng=np.random.default_rng(0)), mv.tanh, mv.sigmoid)
    with pytest.raises(ValueError, match="this encoder consists of Linear, tanh, sigmoid; take"):
        Contraction().check(encoder)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method 'fast' is unknown; choose one of closed_form, ex"):
        Contraction(method="fast")


@pytest.mark.parametrize(("number", "share"), [(-800.0, 1), (40.0, 1), (-800.0, 2)])
def test_units_that_are_saturated_for_the_whole_batch_are_refused_with_the_cause(number, share):
    """Their mean activation is 0 or 1, to which KL(ρ ‖ ρ̂) is infinite."""
    encoder = layer(0)
    encoder.layers[0].weight.data[:share] = 0.0
    encoder.layers[0].bias.data[:share] = number
    with pytest.raises(ValueError, match=f"{share} of 3 units are 0 for the whole batch, or 1"):
        value(Sparsity(), encoder, data())
