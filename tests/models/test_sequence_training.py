"""Sequence VAEs in training: gradients, word dropout, objectives, files, types, and errors."""

import numpy as np
import pytest
from gradients import check_gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from sequences import KINDS, all_strings, build, condition, data, log_p

import minivae as mv
from minivae.evaluation import evaluate, ignorant_log_prob
from minivae.models import (
    ImportanceWeightedBound,
    ScoreFunctionBound,
    SequenceVAE,
    VariationalBound,
)

EVERY = pytest.mark.parametrize("kind", KINDS)
seeds = st.integers(0, 2**32 - 1)


# --- gradients -------------------------------------------------------------------------------


@EVERY
@given(seed=seeds, word_dropout=st.sampled_from([0.0, 0.5]), conditions=st.integers(0, 1))
@settings(max_examples=10)
def test_the_gradient_of_the_loss_agrees_with_finite_differences(
    kind, seed, word_dropout, conditions
):
    model = build(
        kind, seed, scale=0.6, hidden=2, latent=1, word_dropout=word_dropout, condition=conditions
    )
    x, y = data(model, 2, seed=seed), condition(model, 2)
    check_gradients(model, lambda: model.loss(x, y, rng=np.random.default_rng(0)), directions=1)


def test_a_learned_sigma_is_trained_and_its_gradient_is_right():
    model = build("waves", scale=0.5, sigma="learned", hidden=2, latent=1)
    assert "likelihood.logvar" in dict(model.named_parameters())
    x = data(model, 3)
    check_gradients(model, lambda: model.loss(x, rng=np.random.default_rng(0)), directions=1)


def test_an_optimal_sigma_is_the_error_of_the_predictions_in_the_last_batch():
    model = build("waves", sigma="optimal")
    x, eps = data(model), np.zeros((5, 2))
    model.terms(x, eps=eps)
    error = model.decode(model.codes(x)).outputs(x).data - x
    assert model.likelihood.sigma == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-12)
    with mv.no_grad():
        model.terms(x + 1, eps=eps)
    assert model.likelihood.sigma == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-12)


@EVERY
@pytest.mark.parametrize(
    "objective",
    [
        VariationalBound(beta=0.5),
        VariationalBound(free_bits=0.1),
        ImportanceWeightedBound(3),
        ImportanceWeightedBound(3, gradient="doubly"),
        ScoreFunctionBound(2),
    ],
    ids=str,
)
def test_every_objective_trains_every_parameter_and_reads_what_is_left(kind, objective):
    model = build(kind, word_dropout=0.5)
    model.objective = objective
    losses = []
    for seed in (0, 0, 1):
        terms = model.terms(data(model), rng=np.random.default_rng(seed))
        losses.append(terms["loss"].item())
        terms["loss"].backward()
    assert all(np.any(p.grad) and np.isfinite(p.grad).all() for p in model.parameters())
    assert losses[0] == losses[1] != losses[2]


# --- word dropout ----------------------------------------------------------------------------


@EVERY
@given(seed=seeds)
def test_what_is_forgotten_is_read_as_unknown_and_still_predicted(kind, seed):
    model, rng = build(kind, seed), np.random.default_rng(seed)
    x, z = data(model, seed=seed), rng.standard_normal((5, 2))
    model.forgotten = rng.random((5, 3)) < 0.5
    found = model.decode(z).log_prob(x).data
    expected = [
        log_p(model, x_i, z_i, unread=np.flatnonzero(unread))
        for x_i, z_i, unread in zip(x, z, model.forgotten, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@given(seed=seeds)
def test_with_steps_forgotten_the_probabilities_of_all_strings_still_sum_to_one(seed):
    model, strings = build(seed=seed), all_strings(3, 3, 1)
    model.forgotten = np.random.default_rng(seed).random((1, 3)).repeat(len(strings), 0) < 0.5
    z = np.random.default_rng(seed).standard_normal((1, 2)).repeat(len(strings), 0)
    assert np.exp(model.decode(z).log_prob(strings).data).sum() == pytest.approx(1, rel=1e-12)


@EVERY
def test_word_dropout_is_the_bound_with_steps_forgotten_in_the_share_that_it_says(kind):
    """The mask is drawn first, then the noise; the posterior reads every step."""
    model = build(kind, word_dropout=0.3, data_dim=40)
    x = data(model, 100)
    terms = model.terms(x, rng=np.random.default_rng(7))
    rng = np.random.default_rng(7)
    mask = rng.random((100, 40)) < 0.3
    assert abs(mask.mean() - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / mask.size)
    assert model.forgotten is None
    eps = rng.standard_normal((100, 2))
    whole = model.elbo(x, eps=eps)
    model.forgotten = mask
    thinned = model.elbo(x, eps=eps)
    assert terms["loss"].item() == -thinned.value.item() != -whole.value.item()
    assert terms["kl"].item() == thinned.kl.item() == whole.kl.item()


@EVERY
def test_word_dropout_acts_in_training_only(kind):
    model, x = build(kind, word_dropout=0.9), None
    x, plain = data(model), build(kind)
    for other in (model, plain):
        other.load_state_dict(build(kind).state_dict())

    def rng():
        return np.random.default_rng(3)

    with mv.no_grad():
        assert model.loss(x, rng=rng()).item() == plain.loss(x, rng=rng()).item()
    assert model.elbo(x, rng=rng()).value.item() == plain.elbo(x, rng=rng()).value.item()
    assert evaluate(model, x, rng=rng()) == evaluate(plain, x, rng=rng())
    for first, second in (
        (model.log_prob(x, 5, rng=rng()), plain.log_prob(x, 5, rng=rng())),
        (model.sample(5, rng=rng()), plain.sample(5, rng=rng())),
        (model.reconstruct(x), plain.reconstruct(x)),
    ):
        np.testing.assert_array_equal(first, second)


# --- what others do with a model -------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_is_computed_in_the_type_of_the_model(kind, dtype):
    model = build(kind, dtype=dtype, word_dropout=0.5, condition=1)
    x, y, rng = data(model), np.ones((5, 1)), np.random.default_rng(0)
    model.loss(x, y, rng=rng).backward()
    q, codes = model.encode(x, y), model.codes(x, y)
    arrays = [q.mean.data, q.std.data, codes, model.log_prob(x, 3, y, rng=rng)]
    arrays += [p.grad for p in model.parameters()]
    arrays += [model.log_weights(x, 2, y, rng=rng).data, model.elbo(x, y, rng=rng).value.data]
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}
    whole = np.int64 if kind == "strings" else np.dtype(dtype)
    assert model.sample(5, y, rng=rng).dtype == model.reconstruct(x, y).dtype == whole


@EVERY
def test_a_saved_model_says_the_same_after_loading(kind, tmp_path):
    model = build(kind, posterior="full", word_dropout=0.25, condition=2)
    mv.save(model, tmp_path / "model.safetensors")
    again = mv.load(tmp_path / "model.safetensors")
    assert isinstance(again, SequenceVAE)
    assert again.word_dropout == 0.25
    x, y = data(model), condition(model)
    for first, second in zip(
        *([m.loss(x, y, rng=np.random.default_rng(0)).data, m.reconstruct(x, y),
           m.sample(5, y, rng=np.random.default_rng(1))] for m in (model, again)),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(first, second)


@EVERY
@pytest.mark.parametrize("prior", ["standard", "mixture"])
@pytest.mark.parametrize("posterior", ["diagonal", "isotropic", "full"])
def test_every_prior_and_posterior_goes_with_sequences(kind, prior, posterior):
    model = build(kind, prior=prior, posterior=posterior, components=3)
    terms = model.terms(data(model), rng=np.random.default_rng(0))
    assert terms["loss"].item() == pytest.approx(
        terms["kl"].item() - terms["reconstruction"].item(), rel=1e-12
    )


@EVERY
def test_a_model_is_fitted_like_any_other(kind):
    """On copies of one sequence, which it learns by heart; the KL's weight grows meanwhile."""
    model = build(kind, dtype="float32", scale=0.3, word_dropout=0.2, condition=1)
    x = np.repeat(data(model, 1), 40, axis=0)
    optimizer = mv.optim.Adam(model.parameters(), lr=0.03)
    history = mv.fit(
        model,
        x,
        rng=np.random.default_rng(0),
        epochs=10,
        batch_size=8,
        optimizer=optimizer,
        y=np.ones((40, 1)),
        schedule={"beta": mv.optim.warm_up(25)},
        progress=False,
    )
    losses = [row["loss"] for row in history.rows]
    assert losses[-1] < losses[0] - 0.3
    assert model.objective.beta == 1


@given(seed=seeds)
def test_the_baseline_of_strings_knows_how_often_each_symbol_stands_where(seed):
    """Counted one by one; what follows the end symbol is no symbol."""
    model, rng = build(seed=seed), np.random.default_rng(seed)
    train, test = rng.integers(0, 3, (2, 6, 3))
    total = 0.0
    for row in test:
        for t, symbol in enumerate(row):
            there = [other[t] for other in train if 1 not in other[:t]]
            total += np.log((there.count(symbol) + 1) / (len(there) + 3))
            if symbol == 1:
                break
    assert ignorant_log_prob(model.likelihood, train, test) == pytest.approx(total / 6, rel=1e-10)


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros((2, 4), int), r"shape \(n, 3\).*data_dim=4"),
        (np.zeros(3, int), r"shape \(n, 3\)"),
        (np.array([[0, 3, 1]]), "from 0 to 2"),
        (np.array([[0, -1, 1]]), "from 0 to 2"),
        (np.array([[0.5, 0, 1]]), "whole numbers"),
        (np.array([[np.nan, 0, 1]]), "whole numbers"),
    ],
)
def test_what_is_no_string_of_the_alphabet_is_refused(x, said):
    model = build()
    for use in (model.encode, lambda x: model.log_likelihood(x, np.zeros((len(x), 2)))):
        with pytest.raises(ValueError, match=said):
            use(x)


def test_waves_that_are_not_finite_are_refused():
    model = build("waves")
    with pytest.raises(ValueError, match="NaN"):
        model.elbo([[0.0, np.nan, 1.0]], rng=np.random.default_rng(0))


@EVERY
def test_a_decoder_refuses_sequences_of_another_length(kind):
    p = build(kind).decode(np.zeros((5, 2)))
    for length in (1, 4):
        with pytest.raises(ValueError, match=r"sequences must have shape \(\.\.\., 3\)"):
            p.log_prob(np.zeros((5, length), int))


def test_waves_that_want_a_gradient_are_refused_and_not_cut_from_their_graph():
    model = build("waves")
    x = mv.tensor(data(model), requires_grad=True)
    for use in (
        lambda: model.loss(x, rng=np.random.default_rng(0)),
        lambda: model.decode(np.zeros((5, 2))).log_prob(x),
    ):
        with pytest.raises(TypeError, match=r"cuts the graph of data .* pass x\.data"):
            use()


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"symbols": None}, "symbols="),
        ({"symbols": 1, "end": 0}, "at least 2 symbols"),
        ({"end": 3}, "end symbol is 3"),
        ({"likelihood": "bernoulli"}, "categorical, gaussian"),
        ({"word_dropout": 1.0}, "word_dropout"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"dtype": "float16"}, "float32, float64"),
        ({"posterior": "flow"}, "posterior 'flow' is unknown"),
    ],
)
def test_a_choice_that_makes_no_model_is_refused_with_what_there_is(choices, said):
    with pytest.raises(ValueError, match=said):
        build(**choices)


def test_a_constructor_of_images_is_refused():
    with pytest.raises(ValueError, match=r"SequenceVAE\.gru"):
        SequenceVAE.mlp(3, (4,), 2, rng=np.random.default_rng(0))


def test_word_dropout_without_a_generator_is_refused():
    model = build(word_dropout=0.5)
    with pytest.raises(TypeError, match="rng="):
        model.terms(data(model), eps=np.zeros((5, 2)))


@EVERY
def test_a_condition_that_is_missing_or_not_wanted_is_refused(kind):
    model, conditional = build(kind), build(kind, condition=2)
    with pytest.raises(ValueError, match="condition"):
        model.encode(data(model), np.ones((5, 2)))
    with pytest.raises(ValueError, match="missing"):
        conditional.sample(5, rng=np.random.default_rng(0))


@EVERY
def test_there_is_no_mean_over_all_sequences(kind):
    p = build(kind).decode(np.zeros((1, 2)))
    for ask in (lambda: p.mean, lambda: p.std, lambda: p.kl(p)):
        with pytest.raises(TypeError, match="closed form"):
            ask()
