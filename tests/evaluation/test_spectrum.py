"""The spectrum of an encoder's Jacobian."""

import numpy as np
import pytest
from affine import with_weights
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.evaluation import jacobian_spectrum
from minivae.models import VAE, Autoencoder

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 4), st.integers(1, 5))
def test_the_means_of_an_affine_encoder_have_the_singular_values_of_its_matrix(seed, latent, d):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((2 * latent, d))
    model = with_weights(weight, np.zeros(2 * latent), np.zeros((d, latent)), np.zeros(d))
    spectrum = jacobian_spectrum(model, rng.standard_normal((3, d)))
    expected = np.linalg.svd(weight[:latent], compute_uv=False)
    np.testing.assert_allclose(spectrum, np.tile(expected, (3, 1)), atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_an_autoencoder_it_is_that_of_the_jacobian_at_each_datum(dtype):
    model = Autoencoder.mlp(5, (6,), 3, dtype=dtype, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).random((4, 5)).astype(dtype)
    spectrum = jacobian_spectrum(model, x)
    assert spectrum.dtype == dtype
    for row, datum in zip(spectrum, x, strict=True):
        j = mv.jacobian(lambda a: model.encode(a[None])[0])(datum).data
        expected = np.linalg.svd(j, compute_uv=False)
        np.testing.assert_allclose(row, expected, rtol=1e-4 if dtype == "float32" else 1e-12)


def test_a_condition_is_heard_and_does_not_move():
    """One hidden layer of tanh: the condition shifts where its slopes are taken."""
    model = VAE.mlp(4, (5,), 2, condition=3, dtype="float64", rng=np.random.default_rng(0))
    x, y = np.random.default_rng(1).random((3, 4)), np.eye(3)
    spectrum = jacobian_spectrum(model, x, y)
    assert spectrum.shape == (3, 2)
    for row, datum, one in zip(spectrum, x, y, strict=True):
        j = mv.jacobian(lambda a, one=one: model.encode(a[None], one[None]).mean[0])(datum).data
        np.testing.assert_allclose(row, np.linalg.svd(j, compute_uv=False), rtol=1e-10)
    assert not np.allclose(jacobian_spectrum(model, x, y[[1, 2, 0]]), spectrum, rtol=1e-3)
