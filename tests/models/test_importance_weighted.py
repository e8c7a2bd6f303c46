"""The importance-weighted bound: its formula, its order, its limit, its gradient, its errors."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import norm
from test_linear_gaussian import NODES, WEIGHTS, Toy

import minivae as mv

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 6)


def build(seed=0, **choices):
    """A small model whose weights and biases are all random, with data and a generator."""
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 5, "hidden": (4,), "latent": 2, "dtype": "float64", "sigma": 0.7}
    model = mv.models.VAE.mlp(**(arguments | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    return model, rng.random((3, 5)), rng


@given(seeds, few)
def test_the_bound_written_out_by_hand(seed, samples):
    model, x, rng = build(seed)
    eps = rng.standard_normal((samples, 3, 2))
    w = model.state_dict()
    bounds = []
    for i, x_i in enumerate(x):
        h = np.tanh(w["encoder.layers.0.weight"] @ x_i + w["encoder.layers.0.bias"])
        out = w["encoder.layers.2.weight"] @ h + w["encoder.layers.2.bias"]
        mu, std = out[:2], np.exp(out[2:] / 2)
        ratios = []
        for k in range(samples):
            z = mu + std * eps[k, i]
            h = np.tanh(w["decoder.layers.0.weight"] @ z + w["decoder.layers.0.bias"])
            logits = w["decoder.layers.2.weight"] @ h + w["decoder.layers.2.bias"]
            p = 1 / (1 + np.exp(-logits))
            log_p = np.sum(x_i * np.log(p) + (1 - x_i) * np.log(1 - p))
            ratios.append(log_p + norm.logpdf(z).sum() - norm.logpdf(z, mu, std).sum())
        bounds.append(logsumexp(ratios) - np.log(samples))
    bound = model.importance_weighted_bound(x, samples, eps=eps)
    assert bound.shape == ()
    assert bound.item() == pytest.approx(np.mean(bounds), rel=1e-10)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@given(seed=seeds, samples=st.integers(2, 6))
def test_one_sample_more_raises_the_bound_on_the_average_of_leaving_one_out(
    likelihood, seed, samples
):
    """log of a mean ≥ mean of logs of its parts, for any noise: the proof that L_K grows with K."""
    model, x, rng = build(seed, likelihood=likelihood)
    eps = rng.standard_normal((samples, 3, 2))
    without_one = [
        model.importance_weighted_bound(x, samples - 1, eps=np.delete(eps, k, axis=0)).item()
        for k in range(samples)
    ]
    bound = model.importance_weighted_bound(x, samples, eps=eps).item()
    assert bound >= np.mean(without_one) - 1e-12 * abs(bound)


@given(seeds)
def test_the_bound_of_one_sample_is_the_elbo_in_expectation(seed):
    """The expectation over the noise by quadrature, exact for these quadratic functions."""
    toy = Toy(seed, orthogonal=False)
    total = 0.0
    for point in product(range(len(NODES)), repeat=toy.k):
        eps = np.tile(NODES[list(point)], (1, len(toy.x), 1))
        bound = toy.model.importance_weighted_bound(toy.x, 1, eps=eps)
        total += np.prod(WEIGHTS[list(point)]) * bound.item()
    assert total == pytest.approx(toy.expected_elbo(), rel=1e-9)


@given(seeds, few)
def test_at_the_exact_posterior_the_bound_is_the_evidence_for_any_number_of_samples(seed, samples):
    toy = Toy(seed, orthogonal=True)
    toy.set_exact_posterior()
    bound = toy.model.importance_weighted_bound(toy.x, samples, rng=np.random.default_rng(seed))
    assert bound.item() == pytest.approx(toy.evidence().mean(), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_rise_from_the_elbo_towards_the_exact_evidence_and_stay_below(seed):
    toy, rng = Toy(seed, orthogonal=False), np.random.default_rng(seed)
    many = np.repeat(toy.x, 4_000, axis=0)
    bounds = [toy.model.importance_weighted_bound(many, k, rng=rng).item() for k in (1, 5, 25)]
    assert toy.gap().mean() > 0.1
    assert all(np.diff([*bounds, toy.evidence().mean()]) > 0), bounds


@given(seeds, few)
def test_for_one_datum_it_is_what_log_prob_returns(seed, samples):
    model, x, _ = build(seed)
    bound = model.importance_weighted_bound(x[:1], samples, rng=np.random.default_rng(seed))
    (log_p,) = model.log_prob(x[:1], samples, rng=np.random.default_rng(seed))
    assert bound.item() == pytest.approx(log_p, rel=1e-13)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@given(seed=seeds)
def test_the_gradient_agrees_with_finite_differences(likelihood, seed):
    """Through the density of q as well as through the draws, along a random direction."""
    model, x, rng = build(seed, likelihood=likelihood)
    eps = rng.standard_normal((4, 3, 2))
    model.importance_weighted_bound(x, 4, eps=eps).backward()
    for name, parameter in model.named_parameters():
        start, v = parameter.data.copy(), rng.standard_normal(parameter.shape)
        values = []
        for h in (-2e-3, -1e-3, 1e-3, 2e-3):
            parameter.data[...] = start + h * v
            values.append(model.importance_weighted_bound(x, 4, eps=eps).item())
        parameter.data[...] = start
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-3
        scale = np.abs(parameter.grad * v).sum()
        assert abs(np.sum(parameter.grad * v) - slope) < 1e-5 * (scale + 1), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_computed_in_the_model_s_type(dtype):
    model, x, rng = build(dtype=dtype)
    bound = model.importance_weighted_bound(x, 3, rng=rng)
    bound.backward()
    assert bound.dtype == dtype
    assert all(p.grad.dtype == dtype for p in model.parameters())


def test_what_makes_no_sense_is_refused():
    model, x, rng = build()
    for samples in (0, -1):
        with pytest.raises(ValueError, match="samples must be a whole number from 1 on"):
            model.importance_weighted_bound(x, samples, rng=rng)
    for shape in ((3, 2), (4, 3, 1), (1, 3, 2), (4, 1, 2)):
        with pytest.raises(ValueError, match=r"eps must have shape \(4, 3, 2\), it has \("):
            model.importance_weighted_bound(x, 4, eps=np.zeros(shape))
    with pytest.raises(TypeError, match="pass rng="):
        model.importance_weighted_bound(x, 4)
    with pytest.raises(ValueError, match=r"needs data in \[0, 1\]"):
        model.importance_weighted_bound(2 * x + 1, 4, rng=rng)
    with pytest.raises(ValueError, match=r"data must have shape \(n, 5\)"):
        model.importance_weighted_bound(x[:, :4], 4, rng=rng)
