"""Continuity and completeness: closed forms, and monotone on toys."""

from itertools import pairwise

import numpy as np
import pytest
from affine import with_weights
from hypothesis import given, settings
from hypothesis import strategies as st

import minivae as mv
from minivae.evaluation import Classifier, completeness, continuity, decoder_jacobian
from minivae.models import VAE, Autoencoder

SEEDS = st.integers(0, 2**32 - 1)


def affine(rng, data_dim=4, latent=2, likelihood="gaussian"):
    """Return a VAE of affine maps, and its encoder's and decoder's matrices."""
    encoder, decoder = (
        rng.standard_normal((2 * latent, data_dim)),
        rng.standard_normal((data_dim, latent)),
    )
    biases = rng.standard_normal(2 * latent), rng.standard_normal(data_dim)
    model = with_weights(encoder, biases[0], decoder, biases[1], likelihood)
    return model, encoder[:latent], decoder


def logistic(slope):
    """Return a VAE with code z = x and E[x|z] = σ(slope z)."""
    return with_weights(
        np.array([[1.0], [0.0]]), np.zeros(2), np.array([[slope]]), np.zeros(1), "bernoulli"
    )


# --- the Jacobian ------------------------------------------------------------------------------


@settings(max_examples=20)
@given(SEEDS, st.sampled_from(["float32", "float64"]))
def test_the_jacobian_is_the_one_by_reverse_mode(seed, dtype):
    rng = np.random.default_rng(seed)
    model = VAE.mlp(5, hidden=(6,), latent=3, dtype=dtype, rng=rng)
    z = rng.standard_normal((4, 3)).astype(dtype)
    j = decoder_jacobian(model, z)
    assert j.shape == (4, 5, 3)
    assert j.dtype == dtype
    for row, z_i in zip(j, z, strict=True):
        reverse = mv.jacobian(lambda code: model.decode(code).mean)(z_i).data
        np.testing.assert_allclose(row, reverse, atol=1e-6 if dtype == "float32" else 1e-13)
    assert all(p.grad is None for p in model.parameters())


@given(SEEDS)
def test_the_jacobian_of_an_affine_decoder_is_its_matrix(seed):
    rng = np.random.default_rng(seed)
    model, _, decoder = affine(rng)
    j = decoder_jacobian(model, rng.standard_normal((3, 2)))
    np.testing.assert_allclose(j, np.broadcast_to(decoder, j.shape), atol=1e-14)


# --- continuity --------------------------------------------------------------------------------


@given(SEEDS, st.integers(1, 7))
def test_an_affine_decoder_moves_evenly_and_within_its_largest_singular_value(seed, steps):
    rng = np.random.default_rng(seed)
    model, encoder, decoder = affine(rng)
    x = rng.standard_normal((6, 4))
    found = continuity(model, x, rng=rng, pairs=200, steps=steps)
    codes = x @ encoder.T
    apart = [a - b for a in codes for b in codes if (a != b).any()]
    expected = max(np.linalg.norm(decoder @ d) / np.linalg.norm(d) for d in apart)
    assert found.lipschitz == pytest.approx(expected, rel=1e-9)  # 200 pairs of 15: all are met
    assert found.lipschitz <= np.linalg.norm(decoder, 2) * (1 + 1e-9)
    assert found.jump == pytest.approx(1 / steps, rel=1e-6)
    assert found.jacobian == pytest.approx(np.linalg.norm(decoder * codes.std(axis=0)), rel=1e-9)


def test_the_steeper_the_decoder_the_less_continuous_the_space():
    """E[x|z] = σ(a z): slope a / 4 at the most; a jump at z = 0 as a grows."""
    x = np.array([[-1.0], [1.0]])
    found = [
        continuity(logistic(a), x, rng=np.random.default_rng(0), steps=41)  # 0 is within a step
        for a in (0.1, 1.0, 10.0, 100.0)
    ]
    for name in ("lipschitz", "jump"):
        values = [getattr(f, name) for f in found]
        assert values == sorted(values)
        assert len(set(values)) == len(values)
    assert found[0].lipschitz == pytest.approx(0.1 / 4, rel=1e-3)
    assert found[0].jump == pytest.approx(1 / 41, rel=0.01)


def test_a_decoder_with_one_step_jumps():
    """Paths from -1 to 1 cross it: the whole way is one step."""
    found = continuity(
        logistic(1e6), np.array([[-1.0], [1.0]]), rng=np.random.default_rng(0), steps=51
    )
    assert found.jump == pytest.approx(1.0)


def test_a_decoder_that_ignores_its_code_is_perfectly_continuous():
    found = continuity(logistic(0.0), np.array([[-1.0], [1.0]]), rng=np.random.default_rng(0))
    assert (found.jacobian, found.lipschitz) == (0.0, 0.0)
    assert found.jump == pytest.approx(1 / found.steps)


@given(SEEDS, st.sampled_from([0.01, 7.0]))
def test_stretching_the_code_leaves_the_jacobian_and_the_jump(seed, stretch):
    rng = np.random.default_rng(seed)
    model = Autoencoder.mlp(4, hidden=(5,), latent=2, dtype="float64", rng=rng)
    x = rng.random((8, 4))
    before = continuity(model, x, rng=np.random.default_rng(0), pairs=20)
    state = model.state_dict()
    state["encoder.layers.2.weight"] *= stretch
    state["encoder.layers.2.bias"] *= stretch
    state["decoder.layers.0.weight"] /= stretch
    model.load_state_dict(state)
    after = continuity(model, x, rng=np.random.default_rng(0), pairs=20)
    assert after.jacobian == pytest.approx(before.jacobian, rel=1e-9)
    assert after.jump == pytest.approx(before.jump, rel=1e-9)
    assert after.lipschitz == pytest.approx(before.lipschitz / stretch, rel=1e-6)


@pytest.mark.parametrize("wrong", [{"pairs": 0}, {"steps": 0}, {"x": np.ones((1, 1))}])
def test_no_path_has_no_continuity(wrong):
    arguments = {"x": np.ones((3, 1)), "rng": np.random.default_rng(0)} | wrong
    with pytest.raises(ValueError, match="^continuity: two data, a pair and a step"):
        continuity(logistic(1.0), **arguments)


def test_codes_and_decodes_that_are_no_numbers_are_refused():
    x = np.array([[-1.0], [1.0]])
    for part, what in (("encoder", "codes"), ("decoder", "decodes")):
        model = logistic(1.0)
        getattr(model, part).layers[0].weight.data[0] = np.nan
        with pytest.raises(ValueError, match=f"^continuity: the {what} contain NaN"):
            continuity(model, x, rng=np.random.default_rng(0))


def test_a_path_keeps_the_condition_of_its_beginning():
    """A decoder that hears the condition alone stands still on every path."""
    model = VAE.mlp(3, (), 2, condition=2, dtype="float64", rng=np.random.default_rng(0))
    model.decoder.layers[-1].weight.data[:, :2] = 0
    x, y = np.random.default_rng(1).random((9, 3)), np.eye(2)[np.arange(9) % 2]
    found = continuity(model, x, y, rng=np.random.default_rng(0))
    assert (found.jacobian, found.lipschitz) == (0.0, 0.0)


# --- completeness ------------------------------------------------------------------------------


def judge_of_sign():
    """Return a classifier with p(1|x) = σ(20 (x - ½)), and p(0|x) the rest."""
    judge = Classifier(1, 2, hidden=(1,), rng=np.random.default_rng(0), dtype="float64")
    weights = ([[1.0]], [0.0], [[0.0], [20.0]], [0.0, -10.0])
    judge.load_state_dict(dict(zip(judge.state_dict(), weights, strict=True)))
    return judge


def test_the_surer_the_samples_the_more_complete_the_space():
    """E[x|z] = σ(a z) lies between the classes at a = 0, and in one of them as a grows."""
    found = [
        completeness(logistic(a), judge_of_sign(), rng=np.random.default_rng(0))
        for a in (0.0, 0.3, 1.0, 3.0, 30.0)
    ]
    values = [f.confidence for f in found]
    assert values[0] == pytest.approx(0.5)
    assert all(a < b for a, b in pairwise(values))
    assert values[-1] > 0.95
    assert all(f.classes == pytest.approx(2, abs=0.02) for f in found)


def test_samples_of_one_class_are_sure_and_cover_one():
    model = with_weights(
        np.zeros((2, 1)), np.zeros(2), np.zeros((1, 1)), np.full(1, 50.0), "bernoulli"
    )
    found = completeness(model, judge_of_sign(), rng=np.random.default_rng(0))
    assert found.confidence > 0.999
    assert found.classes == pytest.approx(1, abs=0.01)
    assert found.of_data is None


def test_the_confidence_is_the_mean_of_the_classifiers():
    model, judge = logistic(2.0), judge_of_sign()
    data = np.array([[0.5], [1.0]])
    found = completeness(model, judge, rng=np.random.default_rng(5), samples=50, data=data)
    z = np.random.default_rng(5).standard_normal((50, 1))
    p = 1 / (1 + np.exp(-20 * (1 / (1 + np.exp(-2 * z)) - 0.5)))
    assert found.confidence == pytest.approx(np.maximum(p, 1 - p).mean(), rel=1e-10)
    assert found.of_data == pytest.approx((0.5 + 1 / (1 + np.exp(-10))) / 2, rel=1e-10)


def test_an_autoencoder_without_prior_is_asked_at_standard_normal_codes():
    model = Autoencoder.mlp(1, hidden=(), latent=1, dtype="float64", rng=np.random.default_rng(0))
    state = model.state_dict()
    state["decoder.layers.0.weight"][...] = 30.0
    model.load_state_dict(state)
    vae = completeness(logistic(30.0), judge_of_sign(), rng=np.random.default_rng(1))
    assert completeness(model, judge_of_sign(), rng=np.random.default_rng(1)) == vae
