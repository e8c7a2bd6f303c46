"""The inputs that activate a unit most: Cauchy-Schwarz, and the ascent that must find the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minivae.evaluation import maximally_activating_inputs
from minivae.evaluation.activation import ascend
from minivae.models import VAE, Autoencoder

seeds = st.integers(0, 2**32 - 1)
activations = st.sampled_from(["identity", "sigmoid", "tanh", "softplus", "elu"])


def one_layer(seed, activation="sigmoid", dtype="float64"):
    rng = np.random.default_rng(seed)
    model = Autoencoder.mlp(5, (), 4, code_activation=activation, dtype=dtype, rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.5 * rng.standard_normal(parameter.shape)
    return model


def points(rng, n, d=5):
    """Random points in the unit ball, most of them near its surface, some on it."""
    x = rng.standard_normal((n, d))
    return x / np.maximum(1, np.linalg.norm(x, axis=1, keepdims=True))


@given(seeds, activations)
def test_no_input_of_the_unit_ball_activates_a_unit_more(seed, activation):
    model = one_layer(seed, activation)
    best = maximally_activating_inputs(model)
    assert np.linalg.norm(best, axis=1) == pytest.approx(np.ones(4), rel=1e-12)
    highest = np.diag(model.codes(best))
    others = model.codes(points(np.random.default_rng(seed), 200))
    assert (others <= highest + 1e-12 * (1 + np.abs(highest))).all()
    rows = model.encoder.layers[0].weight.data
    for j, x in enumerate(best):  # equality in Cauchy and Schwarz: W_j x = |W_j| |x|
        assert rows[j] @ x == pytest.approx(np.linalg.norm(rows[j]), rel=1e-12)


@settings(max_examples=25)
@given(seeds, activations)
def test_the_ascent_finds_the_closed_form(seed, activation):
    """Up to rounding: an angle θ lowers the unit by ½ θ² f' ‖W‖, which is lost below 1e-16.

    Weights and biases of this size leave f' ‖W‖ > 1e-5, thus θ < 1e-5.
    """
    model = one_layer(seed, activation)
    start = points(np.random.default_rng(seed), 8)
    ends = ascend(model, start, 200).reshape(2, 4, 5)
    best = maximally_activating_inputs(model)
    values = np.stack([np.diag(model.codes(end)) for end in ends])
    np.testing.assert_allclose(values, np.tile(np.diag(model.codes(best)), (2, 1)), rtol=1e-12)
    np.testing.assert_allclose(ends, np.stack([best, best]), atol=1e-5)


@settings(max_examples=20)
@given(seeds)
def test_for_a_deep_encoder_the_ascent_ends_where_no_neighbour_is_higher(seed):
    rng = np.random.default_rng(seed)
    model = Autoencoder.mlp(5, (6,), 3, code_activation="sigmoid", dtype="float64", rng=rng)
    best = maximally_activating_inputs(model, rng=rng)
    assert best.shape == (3, 5)
    assert (np.linalg.norm(best, axis=1) <= 1 + 1e-12).all()
    highest = np.diag(model.codes(best))
    for size in (1e-1, 1e-2, 1e-3):
        near = best + size * rng.standard_normal((50, 3, 5))
        near /= np.maximum(1, np.linalg.norm(near, axis=-1, keepdims=True))
        values = np.stack([np.diag(model.codes(x)) for x in near])
        assert (values <= highest + 1e-9).all()


def test_of_several_starts_the_best_end_is_kept():
    """The first starts are the same for the same seed, so that more of them never do worse."""
    rng = np.random.default_rng(0)
    model = Autoencoder.mlp(5, (8,), 6, dtype="float64", rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 4.0 * rng.standard_normal(parameter.shape)  # many local maxima
    highest = []
    for starts in (1, 2, 4, 8):
        best = maximally_activating_inputs(model, starts=starts, rng=np.random.default_rng(1))
        highest.append(np.diag(model.codes(best)))
    assert (np.diff(highest, axis=0) >= 0).all()
    assert (highest[-1] > highest[0] + 1e-3).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_code_of_a_vae_is_its_posterior_mean(dtype):
    rng = np.random.default_rng(0)
    model = VAE.mlp(5, (6,), 3, dtype=dtype, rng=rng)
    best = maximally_activating_inputs(model, steps=50, rng=rng)
    assert best.dtype == dtype
    start = points(rng, 300).astype(dtype)
    assert (model.codes(start).max(axis=0) <= np.diag(model.codes(best)) + 1e-5).all()


def test_a_convolutional_encoder_has_its_inputs_as_flat_images():
    rng = np.random.default_rng(0)
    model = Autoencoder.convolutional((6, 5), (2,), 3, rng=rng)
    assert maximally_activating_inputs(model, steps=5, rng=rng).shape == (3, 30)


def test_a_unit_without_weights_has_no_favourite():
    model = one_layer(0)
    model.encoder.layers[0].weight.data[1] = 0.0
    best = maximally_activating_inputs(model)
    assert not best[1].any()
    assert np.isfinite(best).all()


def test_the_same_seed_finds_the_same_inputs():
    model = Autoencoder.mlp(5, (6,), 3, rng=np.random.default_rng(0))
    one, two = (
        maximally_activating_inputs(model, steps=20, rng=np.random.default_rng(1)) for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


def test_an_ascent_without_a_generator_is_refused():
    model = Autoencoder.mlp(5, (6,), 3, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match="this encoder has no closed form.*pass rng=numpy"):
        maximally_activating_inputs(model)
