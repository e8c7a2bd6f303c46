"""The model of answers without a latent variable, and what it lacks beside one with."""

import numpy as np
import pytest
from gradients import check_gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from sequences import all_strings, data, log_p, predicted

import minivae as mv
from minivae.evaluation import diversity
from minivae.models import Seq2Seq, SequenceVAE

KINDS = {
    "strings": {"symbols": 3, "end": 1},
    "waves": {"likelihood": "gaussian", "sigma": 0.7},
}
EVERY = pytest.mark.parametrize("kind", KINDS)
seeds = st.integers(0, 2**32 - 1)


def build(kind="strings", seed=0, **choices):
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 3, "hidden": 4, "condition": 2, "dtype": "float64"}
    model = Seq2Seq.gru(**(arguments | KINDS[kind] | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.9 * rng.standard_normal(parameter.shape)
    return model


def questions(n=5, seed=2):
    return np.random.default_rng(seed).standard_normal((n, 2))


@EVERY
@given(seed=seeds)
def test_the_loss_is_minus_the_mean_of_log_p_step_by_step(kind, seed):
    model, y = build(kind, seed), questions(seed=seed)
    x = data(model, seed=seed)
    expected = [log_p(model, x_i, y_i) for x_i, y_i in zip(x, y, strict=True)]
    np.testing.assert_allclose(model.log_prob(x, y), expected, rtol=1e-10, atol=1e-12)
    terms = model.terms(x, y)
    assert next(iter(terms)) == "loss"
    assert terms["loss"].item() == pytest.approx(-np.mean(expected), rel=1e-10)
    assert terms["reconstruction"].item() == -terms["loss"].item() == -model.loss(x, y).item()


@given(seed=seeds)
def test_the_probabilities_of_all_answers_to_a_question_sum_to_one(seed):
    model, strings = build(seed=seed), all_strings(3, 3, 1)
    y = np.tile(questions(1, seed), (len(strings), 1))
    assert np.exp(model.log_prob(strings, y)).sum() == pytest.approx(1, rel=1e-12)


@EVERY
@given(seed=seeds)
@settings(max_examples=10)
def test_the_gradient_of_the_loss_agrees_with_finite_differences(kind, seed):
    model, y = build(kind, seed, hidden=2), questions(2, seed)
    x = data(model, 2, seed=seed)
    check_gradients(model, lambda: model.loss(x, y), directions=1)


@EVERY
def test_an_answer_is_the_greedy_choice_and_the_same_every_time(kind):
    model, y = build(kind), questions()
    first, again = model.answer(y), model.answer(y)
    np.testing.assert_array_equal(first, again)
    for row, y_i in zip(first, y, strict=True):
        start = 1 if kind == "strings" else None
        h = predicted(model, [start, *row[:-1]], y_i)
        choices = h.argmax(axis=1) if kind == "strings" else h[:, 0]
        counted = slice(0, int(model.likelihood.lengths(row)))
        np.testing.assert_allclose(row[counted], choices[counted], rtol=1e-12)


def test_answers_are_drawn_as_often_as_their_probabilities_say():
    model, strings, n = build(), all_strings(3, 3, 1), 20_000
    y = questions(1)
    drawn = model.sample(n, np.tile(y, (n, 1)), rng=np.random.default_rng(0))
    counts = (drawn[:, None] == strings).all(axis=-1).sum(axis=0)
    assert counts.sum() == n
    p = np.exp(model.log_prob(strings, np.tile(y, (len(strings), 1))))
    assert np.all(np.abs(counts / n - p) <= 4.5 * np.sqrt(p * (1 - p) / n))


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_saved_model_answers_the_same_after_loading_in_its_type(kind, dtype, tmp_path):
    model, y = build(kind, dtype=dtype), questions()
    mv.save(model, tmp_path / "model.safetensors")
    again = mv.load(tmp_path / "model.safetensors")
    x = data(model)
    np.testing.assert_array_equal(again.answer(y), model.answer(y))
    np.testing.assert_array_equal(again.log_prob(x, y), model.log_prob(x, y))
    assert again.log_prob(x, y).dtype == again.loss(x, y).dtype == np.dtype(dtype)


def trained(model, x, y, steps=300):
    rng = np.random.default_rng(0)
    optimizer = mv.optim.Adam(model.parameters(), lr=0.02)
    for step in range(steps):
        if isinstance(model, SequenceVAE):
            model.objective.beta = min(1.0, 2 * (step + 1) / steps)
        loss = model.loss(x, y, rng=rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def test_with_a_latent_variable_the_likeliest_answers_are_many_and_without_one_there_is_one():
    """Two questions with four right answers each, all equally frequent in training."""
    right = [["1222", "1333", "1444", "1555"], ["2666", "2777", "2888", "2999"]]
    x = np.array([[int(c) for c in text] for answers in right for text in answers] * 8)
    y = np.repeat(np.eye(2), 4, axis=0)[np.arange(len(x)) % 8]
    choices = {"data_dim": 4, "hidden": 16, "symbols": 10, "condition": 2}
    rng = np.random.default_rng(1)
    without = trained(Seq2Seq.gru(**choices, rng=rng), x, y)
    with_z = trained(SequenceVAE.gru(**choices, latent=2, word_dropout=0.5, rng=rng), x, y)
    for i, answers in enumerate(right):
        asked = np.tile(np.eye(2)[i], (200, 1))
        allowed = {tuple(map(int, text)) for text in answers}
        dull = diversity(without.answer(asked), allowed)
        z = with_z.prior.sample(np.random.default_rng(2), 200)
        lively = diversity(with_z.decode(z, asked).greedy(), allowed)
        assert (dull.distinct, dull.valid) == (1, 1)
        assert lively.coverage == 1
        assert lively.valid > 0.8


@pytest.mark.parametrize("y", [None, np.ones(2), np.ones((4, 2)), np.ones((5, 3))])
def test_questions_that_are_missing_or_do_not_fit_are_refused(y):
    model = build()
    for ask in (
        lambda: model.terms(data(model), y),
        lambda: model.sample(5, y, rng=np.random.default_rng(0)),
        lambda: model.log_prob(data(model), y),
    ):
        with pytest.raises(ValueError, match=r"questions y must have shape \(5, 2\)"):
            ask()


def test_a_question_of_another_size_and_a_code_beside_it_are_refused():
    model = build()
    with pytest.raises(ValueError, match=r"\(\.\.\., 2\)"):
        model.answer(np.ones((1, 3)))
    with pytest.raises(ValueError, match="only argument"):
        model.decode(np.ones((1, 2)), np.ones((1, 2)))


def test_answers_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n, 3\)"):
        build().loss(np.zeros((5, 4), int), questions())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_questions_that_are_not_finite_are_refused(bad):
    model, y = build(), questions()
    y[3, 1] = bad
    for ask in (
        lambda: model.loss(data(model), y),
        lambda: model.log_prob(data(model), y),
        lambda: model.answer(y),
        lambda: model.sample(5, y, rng=np.random.default_rng(0)),
    ):
        with pytest.raises(ValueError, match="the questions contain NaN or infinity"):
            ask()
