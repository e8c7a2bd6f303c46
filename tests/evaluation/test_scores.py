"""The bound over a data set, and the baseline beside it."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minivae as mv
from minivae.evaluation import Score, evaluate, ignorant_log_prob
from minivae.models import GAN, VAE, Autoencoder, BernoulliLikelihood, GaussianLikelihood, Seq2Seq

BITS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 8), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 1.0]),
)
REALS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 8), st.integers(1, 4)),
    elements=st.floats(-5, 5).map(lambda x: round(x, 3)),
)


def build(cls=VAE, **choices):
    arguments = {"data_dim": 3, "hidden": (4,), "latent": 2, "dtype": "float64"} | choices
    return cls.mlp(**arguments, rng=np.random.default_rng(0))


def data(n):
    return np.random.default_rng(1).random((n, 3))


# --- evaluate --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 7, 1000])
def test_one_draw_on_one_batch_is_the_bound_of_that_batch(n):
    model, x = build(), data(n)
    score = evaluate(model, x, rng=np.random.default_rng(2), draws=1)
    elbo = model.elbo(x, rng=np.random.default_rng(2))
    assert score.reconstruction == pytest.approx(elbo.reconstruction.item(), rel=1e-14)
    assert score.kl == pytest.approx(elbo.kl.item(), rel=1e-14)
    assert score.elbo == score.reconstruction - score.kl


@pytest.mark.parametrize("n", [1001, 1700, 2003])
def test_batches_count_by_their_sizes(n):
    """The last batch is smaller: the mean over data is not the mean over batches."""
    model, x = build(), data(n)
    x[1000:] = 1 - x[1000:] ** 8  # other data, so that it matters
    score = evaluate(model, x, rng=np.random.default_rng(2), draws=1)
    q = model.encode(x)
    kl = q.kl(model.prior).data
    assert abs(kl[:1000].mean() - kl[1000:].mean()) > 1e-3
    assert score.kl == pytest.approx(kl.mean(), rel=1e-12)
    rng, values = np.random.default_rng(2), []
    for i in range(0, n, 1000):
        z = model.encode(x[i : i + 1000]).rsample(rng)
        values.append(model.decode(z).log_prob(x[i : i + 1000]).data)
    assert score.reconstruction == pytest.approx(np.concatenate(values).mean(), rel=1e-12)


def test_several_draws_are_averaged():
    model, x = build(), data(5)
    score = evaluate(model, x, rng=np.random.default_rng(2), draws=4)
    rng = np.random.default_rng(2)
    draws = [model.elbo(x, rng=rng) for _ in range(4)]
    assert score.elbo == pytest.approx(np.mean([d.value.item() for d in draws]), rel=1e-12)
    assert score.kl == pytest.approx(draws[0].kl.item(), rel=1e-12)


def test_the_score_comes_from_the_seed_and_leaves_no_gradient():
    model, x = build(), data(5)
    first, second, third = (evaluate(model, x, rng=np.random.default_rng(s)) for s in (0, 0, 1))
    assert first == second
    assert first.reconstruction != third.reconstruction
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("n", [5, 1500])
def test_an_autoencoder_has_a_reconstruction_and_no_bound(n):
    model, x = build(Autoencoder), data(n)
    score = evaluate(model, x, rng=np.random.default_rng(2))
    assert score == Score(pytest.approx(-model.loss(x).item(), rel=1e-12), None, None)


def test_every_datum_is_scored_under_its_own_condition():
    model, x = build(condition=2), data(1500)
    y = np.eye(2)[np.random.default_rng(4).integers(0, 2, 1500)]
    score = evaluate(model, x, y, rng=np.random.default_rng(2), draws=1)
    assert score.kl == pytest.approx(model.encode(x, y).kl(model.prior).data.mean(), rel=1e-12)
    z = model.encode(x, y).rsample(np.random.default_rng(2))
    log_prob = model.decode(z, y).log_prob(x).data.mean()
    assert score.reconstruction == pytest.approx(log_prob, rel=1e-12)


def test_a_condition_is_not_dropped_where_a_model_takes_none():
    model, x = build(Autoencoder), data(4)
    for call in (
        lambda y: evaluate(model, x, y, rng=np.random.default_rng(0)),
        lambda y: model.reconstruct(x, y),
        lambda y: model.decode(model.codes(x), y),
    ):
        call(None)
        with pytest.raises(ValueError, match="there is no condition y"):
            call(np.ones((4, 1)))


def test_models_without_such_a_score_are_refused_with_what_they_have():
    rng = np.random.default_rng(0)
    gan = GAN.mlp(3, (4,), 2, rng=rng)
    with pytest.raises(TypeError, match="of a GAN: it has no density; .*mode_coverage"):
        evaluate(gan, data(3), rng=rng)
    model = Seq2Seq.gru(3, 1, 4, symbols=2, rng=rng)
    with pytest.raises(TypeError, match=r"of a Seq2Seq: it has no code; .*model.log_prob\(x, y\)"):
        evaluate(model, data(3), np.ones((3, 1)), rng=rng)


def test_a_mean_over_nothing_is_refused():
    for x, draws in ((data(0), 1), (data(3), 0)):
        with pytest.raises(ValueError, match="^evaluate: a mean needs at least one datum and one"):
            evaluate(build(), x, rng=np.random.default_rng(0), draws=draws)


# --- the baseline ----------------------------------------------------------------------------


@given(BITS, st.integers(0, 2**32 - 1))
def test_bits_are_predicted_by_their_frequencies_with_one_pseudo_observation_each(train, seed):
    test = (np.random.default_rng(seed).random((5, train.shape[1])) < 0.5).astype(float)
    total = 0.0
    for row in test:
        for j, bit in enumerate(row):
            p = (train[:, j].sum() + 1) / (len(train) + 2)
            total += np.log(p if bit else 1 - p)
    value = ignorant_log_prob(BernoulliLikelihood(), train, test)
    assert value == pytest.approx(total / len(test), rel=1e-10)
    assert np.isfinite(value)


@given(REALS, st.sampled_from([0.3, 1.0, 2.5]))
def test_real_data_are_predicted_by_their_mean(train, sigma):
    test = train[::-1] * 0.7 + 1.0
    expected = scipy.stats.norm.logpdf(test, train.mean(axis=0), sigma).sum(axis=1).mean()
    value = ignorant_log_prob(GaussianLikelihood(sigma), train, test)
    assert value == pytest.approx(expected, rel=1e-10)


@given(BITS)
def test_on_its_training_data_no_constant_beats_the_frequencies_and_it_comes_close(train):
    """At most n H(p̂) from above; and one pseudo-observation costs at most log (n + 2) a pixel."""
    p, n = train.mean(axis=0), len(train)
    inner = p[(p > 0) & (p < 1)]
    best = np.sum(inner * np.log(inner) + (1 - inner) * np.log(1 - inner))
    value = ignorant_log_prob(BernoulliLikelihood(), train, train)
    assert value <= best + 1e-12
    assert value >= best - train.shape[1] * np.log(n + 2) / n - 1e-12


@given(REALS, st.integers(0, 2**32 - 1))
def test_on_its_training_data_no_other_constant_beats_the_mean(train, seed):
    likelihood = GaussianLikelihood(0.8)
    value = ignorant_log_prob(likelihood, train, train)
    h = train.mean(axis=0) + 0.1 * np.random.default_rng(seed).standard_normal(train.shape[1])
    assert likelihood(h).log_prob(train).data.mean() <= value + 1e-10


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pixels_that_never_change_are_not_impossible_otherwise(dtype):
    train, test = np.zeros((8, 3), dtype), np.ones((2, 3), dtype)
    value = ignorant_log_prob(BernoulliLikelihood(), train, test)
    assert value == pytest.approx(3 * np.log(1 / 10), rel=1e-6)


def test_a_decoder_that_ignores_its_code_scores_as_the_baseline():
    """ELBO = baseline - KL for a VAE that gives the baseline's logits whatever z is."""
    model = build()
    train = (np.random.default_rng(3).random((50, 3)) < [0.1, 0.5, 0.8]).astype(float)
    w = model.state_dict()
    w["decoder.layers.2.weight"][...] = 0.0
    p = (train.sum(axis=0) + 1) / 52
    w["decoder.layers.2.bias"][...] = np.log(p / (1 - p))
    model.load_state_dict(w)
    score = evaluate(model, train, rng=np.random.default_rng(0), draws=1)
    baseline = ignorant_log_prob(model.likelihood, train, train)
    assert score.reconstruction == pytest.approx(baseline, rel=1e-12)
    assert score.elbo < baseline
    assert mv.evaluation.Score is Score
