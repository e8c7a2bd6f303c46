"""The conditional VAE: a model of p(x|y), whose encoder and decoder see y."""

import numpy as np
import pytest
from gradients import check_gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

import minivae as mv
from minivae.models import VAE, ImportanceWeightedBound, ScoreFunctionBound

seeds = st.integers(0, 2**32 - 1)


def build(seed=0, condition=3):
    rng = np.random.default_rng(seed)
    model = VAE.mlp(5, (4,), 1, condition=condition, dtype="float64", rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    y = np.eye(condition)[rng.integers(0, condition, 6)]
    return model, rng.integers(0, 2, (6, 5)).astype(float), y, rng


@given(seeds)
def test_data_and_codes_are_followed_by_the_condition(seed):
    model, x, y, rng = build(seed)
    z = rng.standard_normal((2, 6, 1))
    both = np.concatenate([x, y], axis=1)
    np.testing.assert_array_equal(model.encode(x, y).mu.data, model.encoder(both)[:, :1].data)
    both = np.concatenate([z, np.broadcast_to(y, (2, 6, 3))], axis=2)
    np.testing.assert_array_equal(model.decode(z, y).logits.data, model.decoder(both).data)


def test_the_estimate_meets_the_integral_over_the_code_for_every_condition():
    """log p(x|y) by Gauss-Hermite quadrature; 4.5 standard errors of the importance weights."""
    model, x, _, rng = build()
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for label in np.eye(3):
        same = np.tile(label, (6, 1))
        z = np.broadcast_to(nodes[:, None, None], (80, 6, 1))
        log_p = model.log_likelihood(x, z, same).data
        truth = logsumexp(log_p, axis=0, b=weights[:, None] / np.sqrt(2 * np.pi))
        estimate = model.log_prob(x, 20_000, same, rng=rng)
        log_w = model.log_weights(x, 20_000, same, rng=rng).data
        w = np.exp(log_w - log_w.max(axis=0))
        error = w.std(axis=0) / w.mean(axis=0) / np.sqrt(20_000)
        assert (np.abs(estimate - truth) < 4.5 * error + 1e-6).all()
        assert (model.elbo(x, same, rng=rng).value.item()) < truth.mean()


@settings(max_examples=20)
@given(seeds)
def test_the_gradient_is_that_of_the_loss(seed):
    model, x, y, rng = build(seed)
    eps = rng.standard_normal((6, 1))
    check_gradients(model, lambda: model.terms(x, y, eps=eps)["loss"])


def test_training_on_labels_beats_training_without(tmp_path):
    """p(x|y) explains data that y decides better than p(x) can."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    x = (rng.random((600, 5)) < np.array([0.05, 0.5, 0.95])[labels][:, None]).astype("float32")
    y = np.eye(3, dtype="float32")[labels]
    scores = {}
    for name, condition in (("with", 3), ("without", 0)):
        model = VAE.mlp(5, (16,), 1, condition=condition, rng=np.random.default_rng(1))
        given_y = y if condition else None
        mv.fit(
            model, x, y=given_y, rng=np.random.default_rng(2), epochs=40, progress=False,
            optimizer=mv.optim.Adam(model.parameters(), lr=1e-2),
        )  # fmt: skip
        scores[name] = model.elbo(x, given_y, rng=rng).value.item()
        if condition:
            mv.save(model, tmp_path / "m")
            back = mv.load(tmp_path / "m")
            np.testing.assert_array_equal(back.codes(x, y), model.codes(x, y))
            assert model.sample(9, y[:9], rng=rng).shape == (9, 5)
    assert scores["with"] > scores["without"] + 0.2


@pytest.mark.parametrize(
    ("condition", "y", "message"),
    [
        (3, None, r"VAE: .* y must have shape \(6, 3\), one row for each datum; it is missing"),
        (3, np.zeros((6, 2)), r"must have shape \(6, 3\).*it is \(6, 2\)"),
        (3, np.zeros(6), r"must have shape \(6, 3\).*it is \(6,\)"),
        (3, np.zeros((1, 3)), r"VAE: .* must have shape \(6, 3\).*it is \(1, 3\)"),
        (3, np.zeros((7, 3)), r"VAE: .* must have shape \(6, 3\).*it is \(7, 3\)"),
        (3, np.full((6, 3), np.nan), "the conditions y contain NaN or infinity"),
        (0, np.zeros((6, 3)), "this model takes no condition y; build it with condition="),
    ],
)
def test_a_condition_that_does_not_fit_is_refused(condition, y, message):
    model = VAE.mlp(5, (4,), 1, condition=condition, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        model.loss(np.zeros((6, 5)), y, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        model.log_prob(np.zeros((6, 5)), 5000, y, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        model.sample(6, y, rng=np.random.default_rng(0))


def test_in_blocks_of_log_prob_every_datum_keeps_its_condition():
    model, x, y, _ = build()
    rng = np.random.default_rng(1)
    each = [model.log_prob(x[i : i + 1], 4096, y[i : i + 1], rng=rng) for i in range(6)]
    together = model.log_prob(x, 4096, y, rng=np.random.default_rng(1))
    np.testing.assert_allclose(together, np.concatenate(each), rtol=1e-12)
    assert (together != model.log_prob(x, 4096, y[::-1], rng=np.random.default_rng(1))).any()


@given(seeds)
def test_samples_and_reconstructions_are_of_their_conditions(seed):
    model, x, y, rng = build(seed)
    np.testing.assert_array_equal(
        model.reconstruct(x, y), model.decode(model.codes(x, y), y).mean.data
    )
    drawn = model.sample(6, y, rng=np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    z = model.prior.sample(rng, 6)
    np.testing.assert_array_equal(drawn, model.decode(z, y).sample(rng))


@given(seeds, st.sampled_from(["pathwise", "weighted", "doubly", "none", "leave_one_out"]))
def test_under_every_objective_each_datum_counts_with_its_own_condition(seed, form):
    """Terms and gradient of a batch are the means of those of its data, one by one."""
    model, x, y, rng = build(seed)
    kind = ImportanceWeightedBound if form in ("pathwise", "weighted", "doubly") else None
    model.objective = (kind or ScoreFunctionBound)(3, form)
    eps = rng.standard_normal((3, 6, 1))
    rows = [slice(0, 6), *(slice(i, i + 1) for i in range(6))]
    said = []
    for row in rows:
        for parameter in model.parameters():
            parameter.grad = None
        terms = model.terms(x[row], y[row], eps=eps[:, row])
        terms["loss"].backward()
        gradient = np.concatenate([p.grad.ravel() for p in model.parameters()])
        said.append(np.append(gradient, [term.item() for term in terms.values()]))
    np.testing.assert_allclose(said[0], np.mean(said[1:], axis=0), rtol=1e-9, atol=1e-11)
