"""From which number on each fault is spoken of."""

import numpy as np
import planted
import pytest
import scipy.stats
from affine import with_weights
from hypothesis import given
from hypothesis import strategies as st
from planted import BINARY, build

from minivae.evaluation import faults, inference_faults
from minivae.models import VAE, Autoencoder


def rng():
    return np.random.default_rng(0)


def constant(outputs, likelihood="bernoulli", sigma=1.0, latent=1):
    """Return a VAE that gives the same outputs whatever z is."""
    d = len(outputs)
    model = VAE.mlp(d, (), latent, likelihood=likelihood, sigma=sigma, dtype="float64", rng=rng())
    model.decoder.layers[-1].weight.data[...] = 0
    model.decoder.layers[-1].bias.data[...] = outputs
    return model


# --- data ------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.integers(1, 20))
def test_grey_levels_are_told_from_a_tenth_of_a_nat_on(p, d):
    x = np.zeros((4, 20))
    x[:, :d] = p
    floor = d * scipy.stats.bernoulli(p).entropy()
    finding = faults.non_binary(constant(np.zeros(20)), x)
    assert (finding is not None) == (floor >= 0.1)
    if finding:
        assert f"pays {floor:.1f} nats" in finding.seen


def test_grey_levels_are_welcome_to_other_likelihoods():
    x = np.full((4, 3), 0.5)
    for likelihood in ("gaussian", "continuous_bernoulli"):
        assert faults.non_binary(constant(np.zeros(3), likelihood), x) is None


@pytest.mark.parametrize("ratio", [0.05, 0.3, 0.34, 1.0, 2.9, 3.1, 20.0])
def test_a_sigma_is_wrong_from_a_factor_of_three_on(ratio):
    """Errors are ±r about a constant mean; the cost is the difference of two log densities."""
    r = 0.7
    x = np.array([[r, -r], [-r, r]])
    model = constant(np.zeros(2), "gaussian", sigma=ratio * r)
    finding = faults.misfit_sigma(model, x, None, rng())
    assert (finding is not None) == (not 1 / 3 <= ratio <= 3)
    if finding:
        best, own = (scipy.stats.norm.logpdf(r, 0, s) for s in (r, ratio * r))
        assert f"costs {best - own:.3g} nats an entry" in finding.seen


def test_the_sigma_of_an_autoencoder_is_never_wrong():
    model = Autoencoder.mlp(2, (), 1, likelihood="gaussian", sigma=100.0, rng=rng())
    assert faults.misfit_sigma(model, np.eye(2, dtype="float32"), None, rng()) is None


@pytest.mark.parametrize("x", [[[300.0]], [[-0.1]], [[np.nan]]])
def test_data_that_a_likelihood_refuses_have_the_wrong_scale(x):
    assert faults.wrong_scale(constant([0.0]), np.array(x)).name == "data of the wrong scale"
    assert faults.wrong_scale(constant([0.0]), np.array([[1.0]])) is None


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("logvar", "found"), [(44, False), (45, True), (-44, False), (-45, True)])
def test_log_variances_overflow_when_their_squares_do(logvar, found):
    model = VAE.mlp(3, (), 2, rng=rng())
    model.encoder.layers[-1].weight.data[2:] = 0
    model.encoder.layers[-1].bias.data[2:] = logvar
    model.decoder.layers[-1].weight.data[...] = 0
    finding = faults.overflow(model, np.ones((2, 3), "float32"), None, rng())
    assert (finding is not None) == found
    if finding:  # the number that is seen is beyond the one that it is held against
        assert "reaches 45 in size" in finding.seen
        assert finding.seen.endswith("overflows at 44.36")


@pytest.mark.parametrize(("logit", "found"), [(88.0, False), (89.0, True), (-89.0, True)])
def test_logits_overflow_when_their_exponentials_do(logit, found):
    model = VAE.mlp(3, (), 2, rng=rng())
    model.decoder.layers[-1].weight.data[...] = 0
    model.decoder.layers[-1].bias.data[1] = logit
    finding = faults.overflow(model, np.ones((2, 3), "float32"), None, rng())
    assert (finding is not None) == found


def test_double_precision_has_more_room():
    assert faults.overflow(constant([300.0]), np.ones((2, 1)), None, rng()) is None
    assert faults.overflow(constant([800.0]), np.ones((2, 1)), None, rng()) is not None


@given(st.floats(-6, 6), st.floats(0, 1))
def test_a_decoder_is_overconfident_when_it_pays_twice_what_it_expects(logit, share):
    x = np.zeros((100, 10))
    x[: round(100 * share)] = 1
    p = 1 / (1 + np.exp(-logit))
    q = round(100 * share) / 100
    paid = 10 * (np.logaddexp(0, logit) - q * logit)
    expected = 10 * scipy.stats.bernoulli(p).entropy()
    finding = faults.swapped_arguments(constant(np.full(10, logit)), x, None, rng())
    assert (finding is not None) == (paid >= 2 * expected and paid >= 0.1)


def test_a_decoder_fitted_to_its_data_is_not_overconfident():
    """At the optimum of the logits it pays what it expects, exactly."""
    model = constant(np.zeros(64))
    frequencies = BINARY.mean(axis=0, dtype=np.float64).clip(1e-3, 1 - 1e-3)
    model.decoder.layers[-1].bias.data[...] = np.log(frequencies / (1 - frequencies))
    assert faults.swapped_arguments(model, BINARY, None, rng()) is None


@pytest.mark.parametrize(
    ("dead", "found", "alarm"),
    [(0, False, False), (7, False, False), (8, True, False), (14, True, False), (15, True, True)],
)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "elu"])
def test_half_of_a_layer_must_be_dead_and_for_an_alarm_nine_tenths(dead, found, alarm, activation):
    model = build(hidden=(16,), activation=activation)
    model.encoder.layers[0].bias.data[:dead] = -20  # flat for each of these
    finding = faults.dead_units(model, BINARY, None, rng())
    assert (finding is not None) == found
    if finding:
        assert finding.alarm == alarm
        assert finding.seen.startswith(f"{100 * dead / 16:.0f} % of the encoder's layer 1")


def test_an_autoencoders_decoder_can_be_dead_too():
    model = Autoencoder.mlp(64, (8,), 2, activation="relu", rng=rng())
    assert faults.dead_units(model, BINARY, None, rng()) is None
    model.decoder.layers[0].bias.data[...] = -20
    assert "decoder's layer 1" in faults.dead_units(model, BINARY, None, rng()).seen


# --- inference -------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.1, 0.97, 0.995, 1.0, 1.005, 1.03, 10.0])
def test_draws_are_compared_with_their_density(factor):
    """A fiftieth of the variance, that is one hundredth of the deviation, is the least."""

    class Draws(planted.TooWide):
        power = 1.0

    Draws.factor = factor
    model = build()
    model.posterior = planted.WithDraws(10)
    model.posterior.kind = Draws
    finding = inference_faults.wrong_draws(model, BINARY[:200], None, rng())
    assert (finding is not None) == (abs(factor - 1) > 0.01)
    if finding:
        assert finding.name == "draws of another width"


def test_the_power_of_the_deviation_tells_how_it_was_misread():
    model = build()
    model.posterior = planted.WithDraws(10)
    model.encoder.layers[-1].weight.data *= 3  # deviations that differ
    finding = inference_faults.wrong_draws(model, BINARY[:200], None, rng())
    assert finding.name == "log-variance read as a deviation"
    assert "to the power 2.0" in finding.seen or "to the power 1.9" in finding.seen


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize(("factor", "found"), [(0.0, True), (1e-8, True), (1e-3, False)])
def test_a_whisper_that_rounding_would_drown_is_silence(part, factor, found):
    model = build()
    setattr(model, part, planted.Times(getattr(model, part), factor))
    for parameter in getattr(model, part).parameters():
        parameter.data += 0.1  # outputs that are not 0
    check = inference_faults.ignored_data if part == "encoder" else inference_faults.ignored_code
    assert (check(model, BINARY, None, rng()) is not None) == found


@pytest.mark.parametrize("cls", [planted.Cut, planted.CutInLoss])
def test_a_cut_graph_is_seen_before_any_training(cls):
    assert inference_faults.blocked_gradient(build(cls), BINARY, None, rng()) is not None
    assert inference_faults.blocked_gradient(build(), BINARY, None, rng()) is None


def test_collapse_is_an_alarm_if_no_dimension_is_left():
    weight = np.array([[3.0], [3.0], [0.0], [0.0]])
    x = np.array([[-1.0], [1.0]])
    for active in range(3):
        w = weight * (np.arange(4) < active)[:, None]
        model = with_weights(w, np.zeros(4), np.zeros((1, 2)), np.zeros(1))
        finding = inference_faults.collapse(model, x, None, rng())
        if active == 2:
            assert finding is None
        else:
            assert finding.alarm == (active == 0)
            name = "collapsed dimensions" if active else "posterior collapse"
            assert finding.name == name
