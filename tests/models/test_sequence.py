"""The sequence VAE against enumeration, quadrature, and its recurrences step by step."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sequences import KINDS, all_strings, build, condition, data, encoded, log_p, predicted

import minivae as mv
from minivae.models import SequenceVAE

EVERY = pytest.mark.parametrize("kind", KINDS)
seeds = st.integers(0, 2**32 - 1)


# --- p(x|z) ----------------------------------------------------------------------------------


@given(seed=seeds, end=st.integers(0, 2), size=st.integers(3, 4), length=st.integers(1, 3))
def test_the_probabilities_of_all_strings_sum_to_one_whatever_the_code(seed, end, size, length):
    model = build(seed=seed, symbols=size, end=end, data_dim=length)
    strings = all_strings(size, length, end)
    z = 3 * np.random.default_rng(seed).standard_normal((2, 1, 2))
    p = np.exp(model.decode(z).log_prob(strings).data)
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-12)


@EVERY
@given(seed=seeds, conditions=st.integers(0, 2))
def test_all_steps_at_once_give_what_step_by_step_gives(kind, seed, conditions):
    """Teacher forcing: step t is predicted from the true steps before it and from nothing else."""
    model = build(kind, seed, condition=conditions)
    x, y = data(model, seed=seed), condition(model)
    z = np.random.default_rng(seed).standard_normal((len(x), 2))
    together = model.log_likelihood(x, z, y).data
    beside = np.concatenate([z, y], axis=1) if conditions else z
    alone = [log_p(model, x_i, z_i) for x_i, z_i in zip(x, beside, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(model.decode(z, y).log_prob(x).data, together)


@EVERY
@given(seed=seeds, draws=st.integers(1, 3))
def test_several_codes_for_each_sequence_give_what_each_gives_alone(kind, seed, draws):
    model = build(kind, seed, condition=1)
    x, y = data(model, seed=seed), condition(model)
    z = np.random.default_rng(seed).standard_normal((draws, len(x), 2))
    together = model.log_likelihood(x, z, y).data
    assert together.shape == (draws, len(x))
    for k, i in np.ndindex(together.shape):
        alone = model.log_likelihood(x[i : i + 1], z[k, i : i + 1], y[i : i + 1]).data
        np.testing.assert_allclose(together[k, i], alone[0], rtol=1e-12, atol=1e-12)


# --- q(z|x), and what does not count ---------------------------------------------------------


@EVERY
@given(seed=seeds, conditions=st.integers(0, 2))
def test_the_posterior_is_made_of_the_state_at_the_end_of_the_sequence(kind, seed, conditions):
    model = build(kind, seed, condition=conditions)
    x, y = data(model, seed=seed), condition(model)
    q = model.encode(x, y)
    for i in range(len(x)):
        counted = x[i]
        if kind == "strings" and 1 in x[i]:
            counted = x[i][: list(x[i]).index(1) + 1]
        out = encoded(model, counted, () if y is None else y[i])
        np.testing.assert_allclose(q.mean.data[i], out[:2], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(q.logvar.data[i], out[2:], rtol=1e-10, atol=1e-12)


@given(seed=seeds, padding=st.integers(-1, 5))
def test_nothing_after_the_end_symbol_changes_a_value_or_a_gradient(seed, padding):
    rng = np.random.default_rng(seed)
    model = build(seed=seed, data_dim=5)
    x = rng.integers(0, 3, (4, 5))
    x[np.arange(4), rng.integers(0, 4, 4)] = 1
    after = np.cumsum(x == 1, axis=1) - (x == 1) > 0
    found = []
    for rows in (x, np.where(after, padding, x)):
        for parameter in model.parameters():
            parameter.grad = None
        loss = model.loss(rows, rng=np.random.default_rng(0))
        loss.backward()
        log_prob = model.log_prob(rows, 3, rng=np.random.default_rng(0))
        found.append(
            [loss.data, model.codes(rows), log_prob, *(p.grad for p in model.parameters())]
        )
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first, second)


@given(seed=seeds)
def test_a_model_with_more_room_says_the_same_of_strings_that_end(seed):
    short, long = (build(seed=seed, data_dim=length) for length in (3, 6))
    strings = all_strings(3, 3, 1)
    strings = strings[(strings == 1).any(axis=1)]
    padded = np.pad(strings, ((0, 0), (0, 3)), constant_values=1)
    z = np.random.default_rng(seed).standard_normal((len(strings), 2))
    np.testing.assert_allclose(short.codes(strings), long.codes(padded), rtol=1e-12, atol=1e-13)
    said = (m.log_likelihood(x, z).data for m, x in ((short, strings), (long, padded)))
    np.testing.assert_allclose(*said, rtol=1e-12, atol=1e-13)


# --- the bound, the evidence -----------------------------------------------------------------


@EVERY
@given(seed=seeds)
def test_the_bound_is_the_mean_of_log_p_at_the_draw_less_the_divergence(kind, seed):
    model = build(kind, seed)
    x = data(model, seed=seed)
    eps = np.random.default_rng(seed).standard_normal((len(x), 2))
    values, divergences = [], []
    for x_i, eps_i in zip(model.as_data(x), eps, strict=True):
        counted = x_i if kind == "waves" else x_i[: int(model.likelihood.lengths(x_i))]
        mu, logvar = np.split(encoded(model, counted), 2)
        values.append(log_p(model, x_i, mu + np.exp(logvar / 2) * eps_i))
        divergences.append(0.5 * np.sum(mu**2 + np.exp(logvar) - 1 - logvar))
    elbo = model.elbo(x, eps=eps)
    assert elbo.reconstruction.item() == pytest.approx(np.mean(values), rel=1e-10)
    assert elbo.kl.item() == pytest.approx(np.mean(divergences), rel=1e-10)
    assert elbo.value.item() == elbo.reconstruction.item() - elbo.kl.item()
    np.testing.assert_allclose(model.loss(x, rng=np.random.default_rng(0)).data,
                               -model.elbo(x, rng=np.random.default_rng(0)).value.data)  # fmt: skip


@EVERY
def test_a_collapsed_posterior_has_no_divergence_and_its_code_tells_nothing(kind):
    model = build(kind)
    state = model.state_dict()
    for name in ("encoder.output.weight", "encoder.output.bias"):
        state[name][...] = 0
    model.load_state_dict(state)
    elbo = model.elbo(data(model), rng=np.random.default_rng(0))
    assert elbo.kl.item() == 0
    assert elbo.value.item() == elbo.reconstruction.item()
    assert not model.codes(data(model)).any()


def evidence(model, x, nodes=60):
    """Log p(x) by Gauss-Hermite quadrature over the only latent dimension."""
    z, weights = np.polynomial.hermite_e.hermegauss(nodes)
    log_p = model.log_likelihood(x, np.broadcast_to(z[:, None, None], (nodes, len(x), 1))).data
    return np.logaddexp.reduce(log_p + np.log(weights / weights.sum())[:, None], axis=0)


@given(seed=seeds)
@settings(max_examples=20)
def test_the_evidence_is_a_distribution_and_the_bound_lies_below_it(seed):
    model = build(seed=seed, latent=1, scale=0.5)
    strings = all_strings(3, 3, 1)
    truth = evidence(model, strings)
    assert np.exp(truth).sum() == pytest.approx(1, rel=1e-9)
    eps, weights = np.polynomial.hermite_e.hermegauss(60)
    q = model.encode(strings)
    z = q.rsample(eps=np.broadcast_to(eps[:, None, None], (60, len(strings), 1)))
    expected = weights / weights.sum() @ model.log_likelihood(strings, z).data
    bound = expected - q.kl(model.prior).data
    assert np.all(bound <= truth + 1e-9)


@EVERY
def test_log_prob_estimates_the_evidence_by_quadrature(kind):
    """Standard error of a log of a mean of K weights: their spread over the mean, over √K."""
    model, samples = build(kind, latent=1, scale=0.5), 4000
    state = model.state_dict()
    state["encoder.output.weight"][...] *= 0.2  # q(z|x) near the prior and wider, so that the
    state["encoder.output.bias"][...] = [0, 0.3]  # weights vary little
    model.load_state_dict(state)
    x = all_strings(3, 3, 1) if kind == "strings" else data(model)
    estimate = model.log_prob(x, samples, rng=np.random.default_rng(5))
    log_w = model.log_weights(x, samples, rng=np.random.default_rng(6)).data
    w = np.exp(log_w - log_w.max(axis=0))
    error = w.std(axis=0) / w.mean(axis=0) / np.sqrt(samples)
    assert error.max() < 0.05
    assert np.all(np.abs(estimate - evidence(model, x)) <= 4.5 * error)


# --- drawing ---------------------------------------------------------------------------------


def frequencies(drawn, strings):
    """How often each string was drawn; every draw must be one of them."""
    counts = (drawn[:, None] == strings).all(axis=-1).sum(axis=0)
    assert counts.sum() == len(drawn)
    return counts / len(drawn)


@pytest.mark.parametrize("seed", range(2))
def test_strings_are_drawn_as_often_as_their_probabilities_say(seed):
    model, strings, n = build(seed=seed, latent=1, scale=0.7), all_strings(3, 3, 1), 20_000
    for drawn, log_probs in (
        (model.sample(n, rng=np.random.default_rng(seed)), evidence(model, strings)),
        (
            model.decode([[0.8]]).sample(np.random.default_rng(seed), n)[:, 0],
            model.decode([[0.8]]).log_prob(strings).data,
        ),
    ):
        assert (drawn.shape, drawn.dtype) == ((n, 3), np.int64)
        p = np.exp(log_probs)
        error = np.sqrt(p * (1 - p) / n)
        assert np.all(np.abs(frequencies(drawn, strings) - p) <= 4.5 * error)


def test_the_noise_of_drawn_waves_is_normal_with_the_sigma_of_the_model():
    """(x_t - prediction from x_<t) / σ ~ N(0, 1), independent of the step before."""
    model = build("waves")
    z = model.prior.sample(np.random.default_rng(0), 4000)
    p = model.decode(z)
    x = p.sample(np.random.default_rng(1))
    noise = (x - p.outputs(x).data) / 0.7
    assert scipy.stats.kstest(noise.ravel(), "norm").pvalue > 1e-5
    assert np.all(np.abs(np.corrcoef(noise.T)[np.triu_indices(3, 1)]) < 4.5 / np.sqrt(4000))


@EVERY
@given(seed=seeds)
def test_the_greedy_sequence_is_at_every_step_the_likeliest_after_its_own_past(kind, seed):
    model = build(kind, seed)
    x = data(model, seed=seed)
    z = model.codes(x)
    greedy = model.decode(z).greedy()
    np.testing.assert_array_equal(model.reconstruct(x), greedy)
    for row, z_i in zip(greedy, z, strict=True):
        if kind == "waves":
            means = predicted(model, [None, *row[:-1]], z_i)[:, 0]
            np.testing.assert_allclose(row, means, rtol=1e-10, atol=1e-12)
            continue
        choices = predicted(model, [1, *row[:-1]], z_i).argmax(axis=1)
        last = list(choices).index(1) if 1 in choices else 3
        np.testing.assert_array_equal(row, [*choices[:last], *[1] * (3 - last)])


def test_a_model_of_two_strings_learns_which_is_which():
    """Log 2 nats tell them apart: the bound gets there, and the code must carry it all."""
    rng = np.random.default_rng(0)
    x = np.array([[1, 2, 1, 0], [2, 1, 0, 0]])
    model = SequenceVAE.gru(4, hidden=16, latent=2, symbols=3, word_dropout=0.5, rng=rng)
    optimizer = mv.optim.Adam(model.parameters(), lr=0.02)
    for step in range(300):
        model.objective.beta = min(1.0, (step + 1) / 150)
        loss = model.loss(np.tile(x, (10, 1)), rng=rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    elbo = model.elbo(np.tile(x, (500, 1)), rng=rng)
    assert elbo.value.item() > -np.log(2) - 0.15
    assert elbo.kl.item() > 0.9 * np.log(2)
    np.testing.assert_array_equal(model.reconstruct(x), x)
