"""The gradient estimators of whole models: what they agree in, and what they differ in."""

from itertools import pairwise, product
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.evaluation import estimator_statistics, gradient_draws
from minivae.models import (
    VAE,
    ImportanceWeightedBound,
    ScoreFunctionBound,
    VariationalBound,
)

FORMS = ("pathwise", "weighted", "doubly")
ELBO_ESTIMATORS = {
    "elbo": VariationalBound(),
    **{form: ImportanceWeightedBound(1, form) for form in FORMS},
    "score": ScoreFunctionBound(1, "none"),
    "score of four": ScoreFunctionBound(4, "none"),
    "leave one out": ScoreFunctionBound(4, "leave_one_out"),
}


def rng_of(seed=0):
    return np.random.default_rng(seed)


def build(seed=0, **choices):
    """A small model whose weights and biases are all random, and data for it."""
    rng = rng_of(seed)
    arguments = {"data_dim": 4, "hidden": (3,), "latent": 2, "dtype": "float64", "sigma": 0.7}
    model = VAE.mlp(**(arguments | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.6 * rng.standard_normal(parameter.shape)
    return model, rng.random((3, 4))


class Linear:
    """A linear-Gaussian VAE with a random encoder, and the exact gradient of its loss -ELBO."""

    def __init__(self, seed=1, d=3, k=2, sigma=0.8):
        rng = rng_of(seed)
        self.model = VAE.linear(d, k, sigma=sigma, dtype="float64", rng=rng)
        for parameter in self.model.parameters():
            parameter.data[...] = 0.4 * rng.standard_normal(parameter.shape)
        self.x, self.k, self.sigma = rng.standard_normal((4, d)), k, sigma

    def come_close_to_the_posterior(self):
        """Let q(z|x) be a little beside N(M⁻¹ Wᵀ (x - b), σ² M⁻¹), M = Wᵀ W + σ², and wider."""
        state = self.model.state_dict()
        w = state["decoder.layers.0.weight"]
        m = (w.T @ w).item() + self.sigma**2
        weight, offset = w.T / m, np.array([log(self.sigma**2 / m)])
        state["encoder.layers.0.weight"] = np.vstack([weight + 0.06, np.zeros_like(weight)])
        mean = -weight @ state["decoder.layers.0.bias"] + 0.1
        state["encoder.layers.0.bias"] = np.concatenate([mean, offset + 0.06])
        self.model.load_state_dict(state)

    def gradient(self):
        """By hand: with r = x - b - W μ, S = diag σ_q², log p(x|z) = -(‖r‖² + tr W S Wᵀ) / 2σ²."""
        w = self.model.state_dict()
        x, W, n = self.x, w["decoder.layers.0.weight"], len(self.x)
        h = x @ w["encoder.layers.0.weight"].T + w["encoder.layers.0.bias"]
        mu, S = h[:, : self.k], np.exp(h[:, self.k :])
        r = x - w["decoder.layers.0.bias"] - mu @ W.T
        d_mu = mu - r @ W / self.sigma**2
        d_logvar = 0.5 * (S - 1) + 0.5 * S * (W**2).sum(axis=0) / self.sigma**2
        d_h = np.hstack([d_mu, d_logvar]) / n
        d_weight = (W * S.mean(axis=0) - r.T @ mu / n) / self.sigma**2
        d_bias = -r.mean(axis=0) / self.sigma**2
        return {
            "encoder": np.concatenate([(d_h.T @ x).ravel(), d_h.sum(axis=0)]),
            "decoder": np.concatenate([d_weight.ravel(), d_bias]),
        }


class Noisy:
    """An objective whose gradient is known to the last bit: every weight gets N(mean, std²)."""

    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def check(self, model):
        pass

    def terms(self, model, x, y=None, *, rng=None, eps=None):
        loss = 0.0
        for module in (model.encoder, model.decoder):
            for parameter in module.parameters():
                g = self.mean + self.std * rng.standard_normal(parameter.shape)
                loss = loss + (parameter * g).sum()
        return {"loss": loss}


# --- all estimators of one bound have one mean ------------------------------------------------


@pytest.mark.parametrize("name", ELBO_ESTIMATORS)
def test_on_the_linear_gaussian_model_every_estimator_is_right_on_average(name):
    """Against the exact gradient: no entry is off by 4.5 standard errors, nor all by chance."""
    toy = Linear()
    x = np.tile(toy.x, (50, 1))  # the same gradient, with a fiftieth of the variance
    groups = estimator_statistics(toy.model, x, {name: ELBO_ESTIMATORS[name]}, 200, rng_of(5))
    for group, exact in toy.gradient().items():
        found = groups[name][group]
        assert np.all(np.abs(found.mean - exact) < 4.5 * found.mean_error + 1e-12), group
        assert np.linalg.norm(found.mean_error) < 0.2 * np.linalg.norm(exact)  # it could tell


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", [name for name in ELBO_ESTIMATORS if name != "elbo"])
def test_on_a_nonlinear_model_they_agree_with_the_reparameterized_elbo(name, seed):
    model, x = build(seed)
    x = np.tile(x, (60, 1))
    pair = {"elbo": VariationalBound(), name: ELBO_ESTIMATORS[name]}
    found = estimator_statistics(model, x, pair, 250, rng_of(seed))
    for group in ("encoder", "decoder"):
        one, other = found["elbo"][group], found[name][group]
        error = np.hypot(one.mean_error, other.mean_error)
        assert np.all(np.abs(one.mean - other.mean) < 4.5 * error + 1e-12), group


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from(["bernoulli", "gaussian"]))
def test_the_weighted_form_is_the_pathwise_one_draw_by_draw(seed, samples, likelihood):
    model, x = build(seed, likelihood=likelihood)
    forms = [
        gradient_draws(model, x, ImportanceWeightedBound(samples, form), 3, rng_of(seed))
        for form in ("pathwise", "weighted")
    ]
    for one, other in zip(*forms, strict=True):
        for group in ("encoder", "decoder"):
            np.testing.assert_allclose(one[group], other[group], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_the_bound_of_two_samples_has_the_gradient_of_its_expectation(form):
    """The expectation over both draws by Gauss-Hermite quadrature with 32² nodes."""
    model, x = build(3, latent=1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(32)
    eps = np.array(list(product(nodes, repeat=2)))
    w = np.array([a * b for a, b in product(weights, repeat=2)]) / weights.sum() ** 2
    exact = {"encoder": 0.0, "decoder": 0.0}
    for datum in x:  # one after another, as the noise has a row for each node
        noise = eps.T[:, :, None]
        log_w = model.log_weights(np.tile(datum, (len(w), 1)), 2, eps=noise)
        bound = mv.sum(mv.logsumexp(log_w, axis=0) * w) - log(2)
        for parameter in model.parameters():
            parameter.grad = None
        (-bound).backward()
        for group in exact:
            parts = [p.grad.ravel() for p in getattr(model, group).parameters()]
            exact[group] = exact[group] + np.concatenate(parts) / len(x)
    objective = {form: ImportanceWeightedBound(2, form)}
    found = estimator_statistics(model, np.tile(x, (100, 1)), objective, 250, rng_of(4))[form]
    for group, gradient in exact.items():
        error = found[group].mean_error
        assert np.all(np.abs(found[group].mean - gradient) < 4.5 * error + 1e-9), group
        assert np.linalg.norm(error) < 0.2 * np.linalg.norm(gradient)


# --- what they differ in ----------------------------------------------------------------------


def test_the_score_function_has_the_larger_variance_and_leave_one_out_takes_most_of_it():
    """At the same number of samples, the encoder's gradient; by many standard errors."""
    model, x = build(0)
    same_budget = {
        "pathwise": ImportanceWeightedBound(1),
        "leave one out": ScoreFunctionBound(8, "leave_one_out"),
        "none": ScoreFunctionBound(8, "none"),
    }
    data = {name: np.tile(x, (80 if name == "pathwise" else 10, 1)) for name in same_budget}
    found = [
        estimator_statistics(model, data[name], {name: objective}, 200, rng_of())[name]["encoder"]
        for name, objective in same_budget.items()
    ]
    for smaller, larger in pairwise(found):
        error = sqrt(smaller.total_variance_error**2 + larger.total_variance_error**2)
        assert larger.total_variance - smaller.total_variance > 4.5 * error


def exponent(samples, statistics):
    """The a of SNR ∝ k^a by weighted least squares, and its standard error."""
    log_snr = np.log([s.snr for s in statistics])
    weight = np.array([s.snr / s.snr_error for s in statistics]) ** 2
    about = np.log(samples) - np.average(np.log(samples), weights=weight)
    spread = np.sum(weight * about**2)
    return np.sum(weight * about * log_snr) / spread, 1 / sqrt(spread)


@pytest.mark.parametrize(("form", "encoder"), [("pathwise", -0.5), ("doubly", 0.5)])
def test_with_more_samples_the_encoder_s_signal_drowns_unless_reparameterized_twice(form, encoder):
    """SNR ∝ k^(-1/2) (Rainforth et al. 2018, theorem 1) and k^(1/2) (Tucker et al. 2019).

    That of the decoder goes with k^(1/2) for both. The laws are for large k, or for weights that
    vary little: here k = 8, 32, 128 near the posterior, with an allowance of 0.1 for that.
    """
    toy, samples = Linear(k=1), (8, 32, 128)
    toy.come_close_to_the_posterior()
    objectives = {str(k): ImportanceWeightedBound(k, form) for k in samples}
    x = np.tile(toy.x, (300, 1))
    found = estimator_statistics(toy.model, x, objectives, 100, rng_of(8))
    for group, law in {"encoder": encoder, "decoder": 0.5}.items():
        measured, error = exponent(samples, [found[str(k)][group] for k in samples])
        assert error < 0.07
        assert abs(measured - law) < 0.1 + 4.5 * error, group


def test_the_decoder_s_gradient_is_the_same_in_all_forms():
    model, x = build()
    drawn = [
        next(gradient_draws(model, x, ImportanceWeightedBound(5, form), 1, rng_of(1)))
        for form in FORMS
    ]
    for other in drawn[1:]:
        np.testing.assert_allclose(other["decoder"], drawn[0]["decoder"], rtol=1e-10, atol=1e-12)
    assert not np.allclose(drawn[2]["encoder"], drawn[0]["encoder"], rtol=1e-3)


# --- the statistics themselves ----------------------------------------------------------------


@pytest.mark.parametrize("draws", [4, 24, 25, 26, 103])
def test_mean_and_variance_are_those_of_the_gradients_drawn(draws):
    model, x = build()
    objective = ImportanceWeightedBound(3)
    found = estimator_statistics(model, x, {"L3": objective}, draws, rng_of(6))["L3"]
    drawn = list(gradient_draws(model, x, objective, draws, rng_of(6)))
    for group, statistics in found.items():
        g = np.array([gradient[group] for gradient in drawn])
        assert statistics.draws == draws == len(g)
        variance = g.var(axis=0, ddof=1)
        np.testing.assert_allclose(statistics.mean, g.mean(axis=0), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(statistics.variance, variance, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(statistics.mean_error, np.sqrt(variance / draws), rtol=1e-9)
        assert statistics.total_variance == pytest.approx(variance.sum(), rel=1e-12)
        signal = g.mean(axis=0) @ g.mean(axis=0) - variance.sum() / draws
        assert statistics.snr == pytest.approx(sqrt(max(signal, 0) / variance.sum()), rel=1e-9)


def test_a_gradient_is_that_of_the_loss():
    model, x = build()
    (drawn,) = gradient_draws(model, x, VariationalBound(beta=3.0), 1, rng_of(2))
    model.objective = VariationalBound(beta=3.0)
    model.loss(x, rng=rng_of(2)).backward()
    for group, g in drawn.items():
        parts = [p.grad.ravel() for p in getattr(model, group).parameters()]
        np.testing.assert_array_equal(g, np.concatenate(parts))


@pytest.mark.parametrize(("mean", "std"), [(1.0, 1.0), (0.1, 1.0), (3.0, 0.5), (-2.0, 4.0)])
def test_ratios_and_their_standard_errors_are_right_for_noise_of_known_size(mean, std):
    """40 repetitions: their spread is known to 11 %, so that 50 % are 4.5 standard errors."""
    model, x = build(hidden=())
    runs = {str(i): Noisy(mean, std) for i in range(40)}
    found = estimator_statistics(model, x, runs, 75, rng_of(7))
    for group in ("encoder", "decoder"):
        p = sum(parameter.size for parameter in getattr(model, group).parameters())
        exact = {"snr": abs(mean) / std, "total_variance": p * std**2}
        for name, value in exact.items():
            values = np.array([getattr(run[group], name) for run in found.values()])
            errors = np.array([getattr(run[group], f"{name}_error") for run in found.values()])
            assert abs(values.mean() - value) < 4.5 * values.std() / sqrt(40) + 0.003 * value
            assert sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.5)


def test_where_there_is_no_signal_the_ratio_is_small_and_where_there_is_no_noise_infinite():
    model, x = build()
    found = estimator_statistics(
        model, x, {"noise": Noisy(0.0, 1.0), "signal": Noisy(1.0, 0.0)}, 400, rng_of()
    )
    noise = found["noise"]["encoder"]
    assert noise.snr < 2 / sqrt(400)
    assert 0 < noise.snr_error < 2 / sqrt(400)  # that it is zero is not known any better
    assert found["signal"]["encoder"].snr == np.inf
    assert np.isnan(found["signal"]["encoder"].snr_error)
    assert found["signal"]["encoder"].total_variance == 0


def test_a_variance_far_below_the_mean_is_not_lost_in_rounding():
    """Squares of 10⁸ ± 1 in float64 know nothing of the 1; sums about the first vector do."""
    model, x = build()
    found = estimator_statistics(model, x, {"": Noisy(1e8, 1.0)}, 400, rng_of())[""]["encoder"]
    assert found.variance.mean() == pytest.approx(1, abs=0.1)
    assert found.total_variance == pytest.approx(found.variance.sum(), rel=1e-6)


# --- the model ---------------------------------------------------------------------------------


def test_the_model_is_left_as_it_was():
    """Its objective, its gradients, and a σ that every batch sets anew."""
    model, x = build(likelihood="gaussian", sigma="optimal")
    model.loss(x, rng=rng_of()).backward()
    own, state = model.objective, model.state_dict()
    grads = [p.grad for p in model.parameters()]
    kept = [None if g is None else g.copy() for g in grads]
    estimator_statistics(model, x + 1, {"": VariationalBound(2.0)}, 4, rng_of())
    with pytest.raises(ValueError, match="data must have shape"):
        estimator_statistics(model, x[:, :2], {"": VariationalBound(2.0)}, 4, rng_of())
    assert model.objective is own
    for name, values in model.state_dict().items():
        np.testing.assert_array_equal(values, state[name])
    for parameter, grad, values in zip(model.parameters(), grads, kept, strict=True):
        assert parameter.grad is grad
        if grad is not None:
            np.testing.assert_array_equal(grad, values)


def test_every_part_that_learns_is_a_group_of_its_own():
    model, x = build(likelihood="gaussian", sigma="learned", prior="mixture", components=3)
    (g,) = gradient_draws(model, x, VariationalBound(), 1, rng_of())
    assert g.keys() == {"encoder", "decoder", "likelihood", "prior"}
    assert sum(map(len, g.values())) == sum(p.size for p in model.parameters())
    model, x = build(likelihood="gaussian", sigma="optimal")
    (g,) = gradient_draws(model, x, VariationalBound(), 1, rng_of())
    assert g.keys() == {"encoder", "decoder"}


def test_a_conditional_model_gets_its_condition():
    model, x = build(condition=2)
    y = np.eye(2)[[0, 1, 1]]
    (one,) = gradient_draws(model, x, VariationalBound(), 1, rng_of(), y)
    (other,) = gradient_draws(model, x, VariationalBound(), 1, rng_of(), y[::-1])
    assert not np.allclose(one["encoder"], other["encoder"])
    found = estimator_statistics(model, x, {"": VariationalBound()}, 4, rng_of(), y)
    assert found[""]["encoder"].draws == 4


def test_a_float32_model_is_summed_up_in_float64():
    model, x = build(dtype="float32")
    found = estimator_statistics(model, x, {"": VariationalBound()}, 4, rng_of())[""]["encoder"]
    assert found.mean.dtype == found.variance.dtype == np.float64


def test_too_few_draws_are_refused():
    model, x = build()
    with pytest.raises(ValueError, match="a standard error needs 4 draws or more, not 3"):
        estimator_statistics(model, x, {"": VariationalBound()}, 3, rng_of())
