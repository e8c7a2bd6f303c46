"""Active units: dimensions whose posterior mean varies with the data."""

import numpy as np
import pytest
from affine import with_weights
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minivae.evaluation import active_units
from minivae.models import VAE, Autoencoder

NUMBERS = st.floats(-3, 3).map(lambda v: round(v, 3))


@given(hnp.arrays(np.float64, (3, 4), elements=NUMBERS), st.integers(0, 2**32 - 1))
def test_an_affine_encoder_has_the_variances_of_its_outputs(weight, seed):
    """Var(w · x + b) = w' Cov(x) w."""
    rng = np.random.default_rng(seed)
    model = with_weights(
        np.concatenate([weight, rng.standard_normal((3, 4))]),
        rng.standard_normal(6),
        np.zeros((4, 3)),
        np.zeros(4),
    )
    x = rng.standard_normal((20, 4))
    expected = np.diag(weight @ np.cov(x, rowvar=False, bias=True) @ weight.T)
    units = active_units(model, x)
    np.testing.assert_allclose(units.variances, expected, rtol=1e-10, atol=1e-12)
    assert units.threshold == 0.01
    np.testing.assert_array_equal(units.active, units.variances > 0.01)
    assert units.count == sum(units.active)


def test_a_dimension_on_either_side_of_the_bound_counts_or_does_not():
    x = np.array([[-1.0], [1.0]])  # of variance 1
    weight = np.array([[0.0], [0.0999], [0.1001], [3.0], [9.0], [9.0], [9.0], [9.0]])
    model = with_weights(weight, np.full(8, 5.0), np.zeros((1, 4)), np.zeros(1))
    assert active_units(model, x).active.tolist() == [False, False, True, True]
    assert active_units(model, x, threshold=1.0).active.tolist() == [False, False, False, True]


def test_the_codes_of_an_autoencoder_count_alike():
    model = Autoencoder.mlp(4, hidden=(), latent=2, dtype="float64", rng=np.random.default_rng(0))
    x = np.random.default_rng(1).random((9, 4))
    np.testing.assert_allclose(active_units(model, x).variances, model.codes(x).var(axis=0))


def test_a_condition_counts_as_what_the_encoder_sees():
    model = VAE.mlp(4, (5,), 2, condition=2, dtype="float64", rng=np.random.default_rng(0))
    x, y = np.ones((6, 4)), np.eye(2)[[0, 1, 0, 1, 1, 0]]
    np.testing.assert_allclose(active_units(model, x, y).variances, model.codes(x, y).var(axis=0))
    assert active_units(model, x, y).variances.min() > 1e-6


def test_one_datum_has_no_variance():
    model = with_weights(np.zeros((2, 1)), np.zeros(2), np.zeros((1, 1)), np.zeros(1))
    with pytest.raises(ValueError, match="^active_units: a variance over data needs two or more"):
        active_units(model, np.ones((1, 1)))


def test_codes_that_are_no_numbers_are_refused():
    model = with_weights(np.ones((2, 1)), np.zeros(2), np.zeros((1, 1)), np.zeros(1))
    with pytest.raises(ValueError, match="^active_units: the codes contain NaN or infinity"):
        active_units(model, np.array([[1.0], [np.nan]]))
