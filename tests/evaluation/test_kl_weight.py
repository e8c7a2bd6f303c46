"""The weight of the KL divergence, from a model's weights and from its loss."""

import numpy as np
import pytest
from affine import with_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import BINARY, Weighted, build, healthy_ten

from minivae.evaluation.kl_weight import (
    Balance,
    Weight,
    balance,
    loss_beta,
    misread_deviation,
    wrong_weight,
)
from minivae.models import VAE, ImportanceWeightedBound, VariationalBound

SEEDS = st.integers(0, 2**32 - 1)


def optimum(beta, seed=0, power=1.0, means=1.0):
    """Return a linear VAE whose encoder is the minimum of β KL - E_q[log p(x|z)], and data.

    With p(x|z) = N(W z, I) and orthogonal columns in W the minimum is q ∝ p(z) p(x|z)^(1/β):
    σ² = 1 / (1 + w² / β) and μ = σ² Wᵀ x / β, exactly. Read with σ^power and means · μ.
    """
    rng = np.random.default_rng(seed)
    sizes = np.array([2.0, 3.0, 5.0])
    W = np.linalg.qr(rng.standard_normal((6, 3)))[0] * sizes
    variances = 1 / (1 + sizes**2 / beta)
    encoder = np.concatenate([means * variances[:, None] * W.T / beta, np.zeros((3, 6))])
    bias = np.concatenate([np.zeros(3), power * np.log(variances)])
    x = rng.standard_normal((500, 3)) @ W.T + rng.standard_normal((500, 6))
    return with_weights(encoder, bias, W, np.zeros(6)), x


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beta", [0.01, 0.3, 1.0, 2.0, 10.0])
def test_the_balance_of_an_optimum_is_its_beta(beta, seed):
    """It is exact there; 6 of the standard errors from nine draws, and a hundredth."""
    model, x = optimum(beta, seed)
    found = balance(model, x, None, np.random.default_rng(seed))
    for side in (found.widths, found.means):
        assert abs(side.beta - beta) < 6 * side.error + 0.01 * beta
        assert side.error < 0.1 * beta


@pytest.mark.parametrize("side", ["widths", "means"])
def test_its_error_covers_which_rows_are_looked_at(side):
    """The spread over 56 parts of the data is known to 1 / √110 of itself; 4.5 of these."""
    model, x = healthy_ten()
    order = np.random.default_rng(0).permutation(len(x))
    parts = enumerate(np.array_split(x[order], 56))
    found = [getattr(balance(model, a, None, np.random.default_rng(i)), side) for i, a in parts]
    spread = np.std([weight.beta for weight in found], ddof=1)
    error = np.sqrt(np.mean([weight.error**2 for weight in found]))
    assert abs(error / spread - 1) < 4.5 / np.sqrt(110)


@pytest.mark.parametrize("beta", [0.1, 0.4, 0.6, 1.0, 1.2, 2.5, 8.0])
def test_a_weight_is_wrong_from_a_factor_of_the_root_of_two_on(beta):
    model, x = optimum(beta)
    found = balance(model, x, None, np.random.default_rng(0))
    finding = wrong_weight(model, found, None)
    if 0.71 < beta < 1.41:
        assert finding is None
    else:
        assert finding.name == ("KL weighs too little" if beta < 1 else "KL weighs too much")
        assert f"β is {found.widths.beta:.3g}" in finding.seen
    assert misread_deviation(model, found, x, None, np.random.default_rng(0)) is None


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_a_misread_deviation_is_told_from_a_wrong_weight(power):
    model, x = optimum(1.0, power=power)
    found = balance(model, x, None, np.random.default_rng(0))
    assert wrong_weight(model, found, None) is None
    finding = misread_deviation(model, found, x, None, np.random.default_rng(0))
    assert finding.name == "log-variance read as a deviation"
    assert ("σ²" if power == 0.5 else "√σ") in finding.seen


def test_weights_that_have_not_settled_say_nothing():
    """Means far from their optimum, widths at another: no β explains both."""
    model, x = optimum(3.0, means=0.2)
    found = balance(model, x, None, np.random.default_rng(0))
    assert found.widths.off(1.0)
    assert wrong_weight(model, found, None) is None


def test_where_nothing_is_encoded_there_is_no_balance():
    model, x = optimum(1.0)
    model.encoder.layers[0].weight.data[...] = 0
    assert balance(model, x, None, np.random.default_rng(0)) is None


@settings(max_examples=15)
@given(SEEDS, st.floats(0.01, 100), st.floats(0, 100))
def test_the_values_of_a_loss_give_its_beta(seed, a, b):
    rng = np.random.default_rng(seed)
    model = Weighted.mlp(64, hidden=(8,), latent=3, dtype="float64", rng=rng)
    model.weights = (a, b)
    found = loss_beta(model, BINARY[:60], None, rng)
    assert found.beta == pytest.approx(b / a, rel=1e-6, abs=1e-6)


def test_single_precision_gives_it_too():
    model = build(Weighted)
    model.weights = (1.0, 1 / 64)
    found = loss_beta(model, BINARY, None, np.random.default_rng(0))
    assert found.beta == pytest.approx(1 / 64, rel=1e-3)


class Squared(VAE):
    def terms(self, x, y=None, *, rng=None, eps=None):
        elbo = self.elbo(x, y, rng=rng)
        loss = elbo.value**2
        return {"loss": loss, "reconstruction": elbo.reconstruction, "kl": elbo.kl}


def test_a_loss_that_is_no_such_sum_has_no_beta():
    assert loss_beta(build(Squared), BINARY, None, np.random.default_rng(0)) is None
    negative = build(Weighted)
    negative.weights = (-1.0, 1.0)
    assert loss_beta(negative, BINARY, None, np.random.default_rng(0)) is None


def test_what_is_declared_is_compared():
    model = build()
    model.objective = VariationalBound(beta=4.0)
    right, wrong = Weight(4.2, 0.01), Weight(1.0, 0.01)
    assert wrong_weight(model, Balance(right, right), right) is None
    assert wrong_weight(model, Balance(wrong, wrong), right).name == "KL weighs too little"
    assert wrong_weight(model, None, wrong).name == "KL weighs too little"
    for objective in (ImportanceWeightedBound(5), VariationalBound(free_bits=0.1)):
        model.objective = objective
        assert wrong_weight(model, Balance(wrong, wrong), wrong) is None


@pytest.mark.parametrize(
    ("weight", "off"),
    [
        (Weight(1.41, 0.0), False),
        (Weight(1.42, 0.0), True),
        (Weight(0.71, 0.0), False),
        (Weight(0.70, 0.0), True),
        (Weight(2.0, 0.2), False),
        (Weight(2.0, 0.1), True),
        (Weight(0.2, 0.2), False),
        (Weight(0.2, 0.1), True),
    ],
)
def test_five_standard_errors_are_the_least(weight, off):
    assert weight.off(1.0) is off
