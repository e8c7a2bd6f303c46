"""Objectives: every bound is a bound, and every form of a gradient has the same mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_linear_gaussian import Toy

import minivae as mv
from minivae.models import VAE, ImportanceWeightedBound, ScoreFunctionBound, VariationalBound

seeds = st.integers(0, 2**32 - 1)
FORMS = ["pathwise", "weighted", "doubly"]


def build(seed=0, **choices):
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 4, "hidden": (3,), "latent": 2, "dtype": "float64"}
    model = VAE.mlp(**(arguments | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    return model, rng.random((3, 4)), rng


def gradients(model, objective, x, eps):
    """Terms of a draw, and the gradient of its loss as one vector."""
    model.objective = objective
    for parameter in model.parameters():
        parameter.grad = None
    terms = model.terms(x, eps=eps)
    terms["loss"].backward()
    given = [p.grad for p in model.parameters() if p.grad is not None]
    return terms, np.concatenate([g.ravel() for g in given])


@given(seeds, st.floats(0, 8), st.floats(0, 2))
def test_beta_weighs_the_divergence_and_free_bits_bound_it_from_below(seed, beta, free_bits):
    model, x, rng = build(seed)
    eps = rng.standard_normal((3, 2))
    elbo = model.elbo(x, eps=eps)
    model.objective = VariationalBound(beta, free_bits)
    terms = model.terms(x, eps=eps)
    counted = np.maximum(elbo.kl_per_dim.data, free_bits).sum()
    expected = beta * counted - elbo.reconstruction.item()
    assert terms["loss"].item() == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert terms["kl"].item() == elbo.kl.item()
    assert terms["reconstruction"].item() == elbo.reconstruction.item()


def test_within_the_free_bits_nothing_pulls_at_the_encoder_but_the_reconstruction():
    model, x, rng = build()
    eps = rng.standard_normal((3, 2))
    _, free = gradients(model, VariationalBound(1.0, free_bits=1e3), x, eps)
    _, none = gradients(model, VariationalBound(0.0), x, eps)
    np.testing.assert_allclose(free, none, rtol=1e-12, atol=1e-14)


@given(seeds, st.integers(1, 6), st.sampled_from(["diagonal", "isotropic", "full"]))
def test_both_forms_of_the_importance_weighted_gradient_agree_draw_by_draw(seed, k, posterior):
    model, x, rng = build(seed, posterior=posterior)
    eps = rng.standard_normal((k, 3, 2))
    one, a = gradients(model, ImportanceWeightedBound(k, "pathwise"), x, eps)
    two, b = gradients(model, ImportanceWeightedBound(k, "weighted"), x, eps)
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
    for name, value in one.items():
        assert value.item() == pytest.approx(two[name].item(), rel=1e-12)
    bound = model.importance_weighted_bound(x, k, eps=eps)
    assert one["loss"].item() == pytest.approx(-bound.item(), rel=1e-12)


@given(seeds, st.integers(1, 5), st.sampled_from(["diagonal", "isotropic", "full"]))
def test_the_doubly_reparameterized_gradient_is_that_of_the_paper(seed, k, posterior):
    """Decoder: Σ w̃ ∂ log w; encoder: Σ w̃² (∂ log w / ∂z)(∂z / ∂phi), written out one by one."""
    model, x, rng = build(seed, posterior=posterior)
    eps = rng.standard_normal((k, 3, 2))
    terms, doubly = gradients(model, ImportanceWeightedBound(k, "doubly"), x, eps)
    assert terms["loss"].item() == pytest.approx(
        -model.importance_weighted_bound(x, k, eps=eps).item(), rel=1e-12
    )
    names = [name for name, _ in model.named_parameters()]
    total = {name: np.zeros(p.shape) for name, p in model.named_parameters()}
    with mv.no_grad():
        log_w = model.log_weights(x, k, eps=eps).data
        q = model.encode(x)  # a constant: its score is left out
    w = np.exp(log_w - log_w.max(axis=0))
    w /= w.sum(axis=0)
    for i in range(k):
        z = mv.tensor(q.rsample(eps=eps[i]).data, requires_grad=True)
        log_ratio = model.log_joint(x, z) - q.log_prob(z)
        for p in model.parameters():
            p.grad = None
        mv.mean(w[i] * log_ratio).backward()
        for name, p in model.named_parameters():
            if p.grad is not None:
                total[name] -= p.grad
        path = model.encode(x).rsample(eps=eps[i])
        for p in model.parameters():
            p.grad = None
        mv.sum(w[i][:, None] * z.grad * path).backward()
        for name, p in model.named_parameters():
            if p.grad is not None:
                total[name] -= p.grad
    expected = np.concatenate([total[name].ravel() for name in names])
    np.testing.assert_allclose(doubly, expected, rtol=1e-9, atol=1e-11)


@given(seeds, st.sampled_from([VariationalBound(), ScoreFunctionBound(3)]))
def test_a_sigma_that_is_set_to_the_batch_is_a_constant_of_the_gradient(seed, objective):
    """The gradient is that of a model whose σ was fixed at the value that the batch gives."""
    optimal, x, rng = build(seed, likelihood="gaussian", sigma="optimal")
    shape = (3, 2) if isinstance(objective, VariationalBound) else (3, 3, 2)
    eps = rng.standard_normal(shape)
    _, gradient = gradients(optimal, objective, x, eps)
    fixed, *_ = build(seed, likelihood="gaussian", sigma=optimal.likelihood.sigma)
    state = optimal.state_dict()
    del state["likelihood.logvar"]
    fixed.load_state_dict(state)
    _, expected = gradients(fixed, objective, x, eps)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-9)


ESTIMATORS = {
    "doubly": (ImportanceWeightedBound(4, "doubly"), ImportanceWeightedBound(4)),
    "score function": (ScoreFunctionBound(4, "none"), VariationalBound()),
    "with a control variate": (ScoreFunctionBound(4), VariationalBound()),
    "sampled KL": (ImportanceWeightedBound(1), VariationalBound()),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_other_estimators_have_the_mean_of_the_pathwise_gradient(name):
    """Entry by entry within 4.8 standard errors of 4,000 draws each (27 entries)."""
    estimator, reference = ESTIMATORS[name]
    model, x, rng = build(3)
    x = np.tile(x, (8, 1))  # 24 independent draws of the same three data at once
    samples = getattr(reference, "samples", None)
    means, errors = [], []
    for objective in (estimator, reference):
        k = getattr(objective, "samples", None)
        shape = (24, 2) if k is None else (k, 24, 2)
        draws = [gradients(model, objective, x, rng.standard_normal(shape))[1] for _ in range(700)]
        means.append(np.mean(draws, axis=0))
        errors.append(np.std(draws, axis=0) / np.sqrt(len(draws)))
    assert samples in (None, 4)
    error = np.hypot(*errors)
    assert (np.abs(means[0] - means[1]) < 4.8 * error + 1e-12).all()
    assert error.max() < 0.5 * np.abs(means[1]).max()  # the comparison says something


@given(seeds, st.sampled_from(["none", "leave_one_out"]))
def test_the_score_function_gradient_written_out(seed, control_variate):
    """Per draw (f_k - b_k) ∇ log q(z_k) + ∇ log p(x, z_k), the draws z_k being held."""
    model, x, rng = build(seed)
    eps = rng.standard_normal((3, 3, 2))
    terms, gradient = gradients(model, ScoreFunctionBound(3, control_variate), x, eps)
    z = model.encode(x).rsample(eps=eps).detach()
    f = (model.log_joint(x, z) - model.encode(x).log_prob(z)).data
    assert terms["loss"].item() == pytest.approx(-f.mean(), rel=1e-12)
    total = np.zeros_like(gradient)
    for k in range(3):
        others = np.delete(f, k, axis=0).mean(axis=0)
        b = others if control_variate == "leave_one_out" else 0.0
        for p in model.parameters():
            p.grad = None
        score = model.encode(x).log_prob(z[k])
        (-mv.mean((f[k] - b) * score + model.log_joint(x, z[k])) / 3.0).backward()
        total += np.concatenate([p.grad.ravel() for p in model.parameters()])
    np.testing.assert_allclose(gradient, total, rtol=1e-9, atol=1e-11)


def test_the_control_variate_lowers_the_variance_and_the_path_has_the_least():
    model, x, rng = build(3)
    variances = []
    for objective in (VariationalBound(), ScoreFunctionBound(4), ScoreFunctionBound(4, "none")):
        k = getattr(objective, "samples", None)
        shape = (3, 2) if k is None else (k, 3, 2)
        draws = [gradients(model, objective, x, rng.standard_normal(shape))[1] for _ in range(400)]
        encoder = sum(p.size for p in model.encoder.parameters())
        variances.append(np.var(draws, axis=0)[:encoder].sum() * (1 if k is None else k))
    assert 2 * variances[0] < variances[1]
    assert 1.2 * variances[1] < variances[2]


@given(seeds)
def test_terms_of_every_objective_estimate_the_same_elbo(seed):
    toy = Toy(seed, orthogonal=True)
    toy.set_exact_posterior()
    truth = toy.model.elbo(toy.x, eps=np.zeros((4, toy.k)))
    rng = np.random.default_rng(seed)
    for objective in (ImportanceWeightedBound(3), ScoreFunctionBound(3)):
        toy.model.objective = objective
        eps = rng.standard_normal((3, 4, toy.k))
        terms = toy.model.terms(toy.x, eps=eps)
        exact = -(terms["reconstruction"].item() - terms["kl"].item())
        evidence = -toy.model.importance_weighted_bound(toy.x, 1, eps=eps[:1]).item()
        assert exact == pytest.approx(evidence, rel=1e-8)  # log w is constant under the posterior
        assert terms["loss"].item() == pytest.approx(evidence, rel=1e-8)
    assert truth.kl.item() >= 0


@pytest.mark.parametrize(
    ("objective", "choices", "message"),
    [
        (VariationalBound(-1.0), {}, "beta and free_bits must be 0 or more"),
        (VariationalBound(1.0, -0.1), {}, "beta and free_bits must be 0 or more"),
        (VariationalBound(1.0, 0.1), {"prior": "mixture"}, "free bits need the KL divergence of"),
        (VariationalBound(1.0, 0.1), {"kl": "sampled"}, "free bits need the KL divergence of each"),
        (ImportanceWeightedBound(0), {}, "samples must be a whole number from 1 on, it is 0"),
        (ImportanceWeightedBound(2.5), {}, "samples must be a whole number from 1 on, it is 2.5"),
        (ImportanceWeightedBound(2, "path"), {}, "gradient 'path' is unknown; choose one of"),
        (ScoreFunctionBound(1), {}, "samples must be a whole number from 2 on, it is 1"),
        (ScoreFunctionBound(0, "none"), {}, "samples must be a whole number from 1 on, it is 0"),
        (ScoreFunctionBound(2, "mean"), {}, "control_variate 'mean' is unknown"),
        (ImportanceWeightedBound(True), {}, "a whole number from 1 on, it is True"),
        (VariationalBound(np.inf), {}, "0 or more, and finite; they are inf and 0.0"),
        (
            ImportanceWeightedBound(2),
            {"likelihood": "gaussian", "sigma": "optimal"},
            "this bound weighs them: it would not be the best; take sigma='learned', or a number",
        ),
    ],
)
def test_an_objective_that_makes_no_sense_is_refused_where_it_is_set(objective, choices, message):
    model, _, _ = build(**choices)
    with pytest.raises(ValueError, match=message):
        model.objective = objective


@pytest.mark.parametrize("form", FORMS)
def test_types_are_kept_and_the_objective_is_saved_with_the_model(form, tmp_path):
    model, x, rng = build(dtype="float32", posterior="full")
    model.objective = ImportanceWeightedBound(3, form)
    terms = model.terms(x, rng=rng)
    terms["loss"].backward()
    assert {str(t.dtype) for t in terms.values()} == {"float32"}
    assert {str(p.grad.dtype) for p in model.parameters()} == {"float32"}
    mv.save(model, tmp_path / "m")
    assert mv.load(tmp_path / "m").objective == model.objective


@pytest.mark.parametrize(
    ("objective", "name", "value", "message"),
    [
        (VariationalBound(), "beta", np.nan, "beta and free_bits must be 0 or more"),
        (ImportanceWeightedBound(2), "gradient", "path", "gradient 'path' is unknown"),
        (ImportanceWeightedBound(2), "samples", 2.0, "samples must be a whole number"),
        (ScoreFunctionBound(2), "control_variate", "mean", "control_variate 'mean' is unknown"),
    ],
)
def test_a_number_that_makes_no_sense_later_is_refused_where_it_is_used(
    objective, name, value, message
):
    model, x, rng = build()
    model.objective = objective
    setattr(objective, name, value)
    with pytest.raises(ValueError, match=message):
        model.terms(x, rng=rng)


@pytest.mark.parametrize("objective", [ImportanceWeightedBound(5), ScoreFunctionBound(5)])
@pytest.mark.parametrize("shape", [(3, 2), (3, 3, 2), (5, 1, 2), (5, 3, 1)])
def test_noise_of_another_shape_is_refused_and_not_broadcast(objective, shape):
    model, x, _ = build()
    model.objective = objective
    with pytest.raises(ValueError, match=r"Bound: eps must have shape \(5, 3, 2\), it has"):
        model.terms(x, eps=np.zeros(shape))


@pytest.mark.parametrize(
    "objective", [VariationalBound(), ImportanceWeightedBound(2), ScoreFunctionBound(2)]
)
def test_the_loss_of_an_empty_batch_is_refused(objective):
    model, x, rng = build()
    model.objective = objective
    with pytest.raises(ValueError, match="VAE: the loss of an empty batch is no number"):
        model.loss(x[:0], rng=rng)
