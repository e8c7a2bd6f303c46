"""The parts of a VAE, likelihoods, posterior families and priors: each makes what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import norm

import minivae as mv
from minivae.distributions import MultivariateNormal, Normal
from minivae.models import (
    VAE,
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiagonalPosterior,
    FullPosterior,
    GaussianLikelihood,
    IsotropicPosterior,
    MixturePrior,
    SequenceVAE,
)
from minivae.nn import Parameter

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


@given(seeds, sizes)
def test_an_encoder_gives_an_isotropic_posterior_one_variance(seed, d):
    h = np.random.default_rng(seed).standard_normal((3, d + 1))
    family = IsotropicPosterior(d)
    assert family.outputs == d + 1
    q = family(mv.tensor(h))
    np.testing.assert_array_equal(q.mean.data, h[:, :d])
    np.testing.assert_allclose(q.std.data, np.exp(h[:, d:] / 2) * np.ones(d), rtol=1e-12)


@given(seeds, sizes)
def test_every_output_gives_a_full_posterior_a_covariance(seed, d):
    """L has e^h on its diagonal, the rows of what is below after each other, and zeros above."""
    family = FullPosterior(d)
    h = np.random.default_rng(seed).standard_normal((2, family.outputs))
    q = family(mv.tensor(h))
    L = q.scale_tril.data
    assert (np.triu(L, 1) == 0).all()
    np.testing.assert_allclose(np.diagonal(L, axis1=1, axis2=2), np.exp(h[:, d : 2 * d]))
    below = [row for i in range(1, d) for row in [(i, j) for j in range(i)]]
    for place, (i, j) in enumerate(below):
        np.testing.assert_array_equal(L[:, i, j], h[:, 2 * d + place])
    assert 2 * d + len(below) == family.outputs
    assert (np.linalg.eigvalsh(q.covariance.data) > 0).all()
    mv.testing.gradcheck(lambda h: family(h).kl(Normal.standard(d)), h)


@pytest.mark.parametrize("family", [DiagonalPosterior, IsotropicPosterior, FullPosterior])
def test_a_family_names_the_outputs_that_it_needs(family):
    with pytest.raises(ValueError, match=f"{family.__name__}: 3 latent dimensions need"):
        family(3)(mv.tensor(np.zeros((2, 7))))


@given(seeds)
def test_the_best_sigma_is_the_one_of_largest_likelihood(seed):
    rng = np.random.default_rng(seed)
    h, x = rng.standard_normal((2, 6, 4))
    best = GaussianLikelihood("optimal")
    best.observe(h, x)
    assert best.sigma == pytest.approx(np.sqrt(np.mean((x - h) ** 2)), rel=1e-12)
    values = [
        GaussianLikelihood(best.sigma * factor)(mv.tensor(h)).log_prob(x).data.sum()
        for factor in (0.97, 1.0, 1.03)
    ]
    assert values[1] == max(values)
    assert best(mv.tensor(h)).log_prob(x).data.sum() == pytest.approx(values[1], rel=1e-12)


@given(seeds)
def test_training_with_the_best_sigma_has_the_gradient_of_the_log_of_the_mean_square(seed):
    """max_σ log p = -n d / 2 (log 2π MSE + 1): its gradient in h is that at the optimal σ."""
    model, x, eps = build(seed, likelihood="gaussian", sigma="optimal")
    model.terms(x, eps=eps)["reconstruction"].backward()
    gradient = model.decoder.layers[-1].bias.grad
    z = model.encode(x).rsample(eps=eps).detach()
    b = mv.tensor(model.decoder.layers[-1].bias.data, requires_grad=True)
    outputs = model.decoder(z).detach() - model.decoder.layers[-1].bias.data + b
    (-x.shape[1] / 2 * mv.log(mv.mean(mv.square(outputs - x)))).backward()
    np.testing.assert_allclose(gradient, b.grad, rtol=1e-7, atol=1e-12)


def test_the_best_sigma_follows_the_loss_and_stays_where_a_model_is_only_looked_at():
    model, x, eps = build(likelihood="gaussian", sigma="optimal")
    model.terms(x, eps=eps)
    sigma = model.likelihood.sigma
    model.elbo(2 * x, eps=eps)
    model.log_weights(2 * x, 3, rng=np.random.default_rng(0))
    with mv.no_grad():
        model.terms(2 * x, eps=eps)
    assert model.likelihood.sigma == sigma
    model.terms(2 * x, eps=eps)
    assert model.likelihood.sigma != sigma
    again, _, _ = build(1, likelihood="gaussian", sigma="optimal")
    again.load_state_dict(model.state_dict())
    assert again.likelihood.sigma == model.likelihood.sigma


def test_a_learned_sigma_ends_at_the_root_mean_square_error():
    rng = np.random.default_rng(0)
    likelihood = GaussianLikelihood("learned")
    h, x = np.zeros((500, 3)), 0.3 * rng.standard_normal((500, 3))
    optimizer = mv.optim.Adam(likelihood.parameters(), lr=0.05)
    for _ in range(400):
        loss = -mv.mean(likelihood(mv.tensor(h)).log_prob(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert likelihood.sigma == pytest.approx(np.sqrt(np.mean(x**2)), rel=1e-3)


def test_perfect_outputs_have_no_best_sigma():
    with pytest.raises(ValueError, match="no sigma is optimal"):
        GaussianLikelihood("optimal").observe(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="'best' is unknown; give a number, 'learned' or"):
        GaussianLikelihood("best")


LIKELIHOODS = [
    BernoulliLikelihood(),
    ContinuousBernoulliLikelihood(),
    CategoricalLikelihood(3),
    GaussianLikelihood(0.5),
]


@pytest.mark.parametrize(
    "likelihood", LIKELIHOODS, ids=lambda likelihood: type(likelihood).__name__
)
def test_no_other_constant_outputs_explain_the_data_better(likelihood):
    """The gradient of the likelihood (with pseudo-observations where there are some) is zero."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (400, 4)) / 2.0
    h = likelihood.constant(x)
    assert h.shape == (likelihood.outputs(4),)
    extra = {BernoulliLikelihood: [0, 1], ContinuousBernoulliLikelihood: [0, 1]}
    extra |= {CategoricalLikelihood: [0, 0.5, 1]}
    rows = [np.full((1, 4), v) for v in extra.get(type(likelihood), [])]
    outputs = mv.tensor(h, requires_grad=True)
    likelihood(outputs).log_prob(np.concatenate([x, *rows])).sum().backward()
    assert np.abs(outputs.grad).max() < 1e-6 * 400


@pytest.mark.parametrize(
    ("likelihood", "x", "message"),
    [
        (BernoulliLikelihood(), 1.5, "a Bernoulli likelihood needs data in"),
        (ContinuousBernoulliLikelihood(), -0.1, "a continuous Bernoulli likelihood needs data"),
        (ContinuousBernoulliLikelihood(), np.nan, "a continuous Bernoulli likelihood needs data"),
        (CategoricalLikelihood(5), 0.3, "one for each of 5 classes"),
        (GaussianLikelihood(), np.inf, "the data contain NaN or infinity"),
    ],
)
def test_data_without_a_density_are_refused(likelihood, x, message):
    likelihood.check(np.full((2, 3), 0.25))
    with pytest.raises(ValueError, match=message):
        likelihood.check(np.full((2, 3), x))


def test_a_categorical_likelihood_needs_two_levels():
    with pytest.raises(ValueError, match="at least 2 levels, not 1"):
        CategoricalLikelihood(1)


@given(seeds, st.integers(1, 4), st.booleans())
def test_a_mixture_prior_gives_every_component_the_same_weight(seed, k, learned):
    rng = np.random.default_rng(seed)
    mu, logvar, z = rng.standard_normal((k, 2)), rng.standard_normal((k, 2)), np.ones((3, 2))
    kind = Parameter if learned else mv.tensor
    prior = MixturePrior(kind(mu), kind(logvar))
    each = norm.logpdf(z[:, None], mu, np.exp(logvar / 2)).sum(axis=-1)
    np.testing.assert_allclose(prior.log_prob(z).data, logsumexp(each, axis=1) - np.log(k))
    assert len(prior.parameters()) == (2 if learned else 0)
    np.testing.assert_allclose(prior.mean.data, mu.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(prior.responsibilities(z).data.sum(axis=-1), 1)


def test_a_mixture_prior_without_components_or_of_two_shapes_is_refused():
    with pytest.raises(ValueError, match="needs at least 1 component, not 0"):
        MixturePrior.learned(0, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"have \(2, 3\) and \(3, 2\)"):
        MixturePrior(np.zeros((2, 3)), np.zeros((3, 2)))


def build(seed=0, **choices):
    """A small model of random weights, with data and noise."""
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 5, "hidden": (4,), "latent": 2, "dtype": "float64"}
    model = VAE.mlp(**(arguments | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    return model, rng.random((6, 5)), rng.standard_normal((6, 2))


@given(seeds)
def test_the_sampled_divergence_is_the_log_ratio_at_the_draw(seed):
    model, x, eps = build(seed, prior="mixture", components=3)
    q = model.encode(x)
    z = q.rsample(eps=eps)
    elbo = model.elbo(x, eps=eps)
    expected = np.mean(q.log_prob(z).data - model.prior.log_prob(z).data)
    assert elbo.kl.item() == pytest.approx(expected, rel=1e-12)
    assert elbo.kl_per_dim is None
    assert elbo.value.item() == elbo.reconstruction.item() - elbo.kl.item()


def test_the_sampled_divergence_has_the_mean_of_the_closed_form():
    """On a mixture of one component, N(0, I); 4.5 standard errors of 20,000 draws."""
    closed, x, _ = build(kl="analytic")
    sampled, _, _ = build(kl="sampled")
    rng = np.random.default_rng(0)
    draws = [sampled.elbo(x, rng=rng).kl.item() for _ in range(20_000)]
    error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - closed.elbo(x, rng=rng).kl.item()) < 4.5 * error
    mixture, _, _ = build(prior="mixture", components=1)
    mixture.load_state_dict(closed.state_dict() | {"prior.mu": [[0, 0]], "prior.logvar": [[0, 0]]})
    eps = rng.standard_normal((6, 2))
    pair = mixture.elbo(x, eps=eps).kl.item(), sampled.elbo(x, eps=eps).kl.item()
    assert pair[0] == pytest.approx(pair[1], rel=1e-12)


def compose(prior, dtype="float64", **choices):
    """A VAE composed of the parts of one, but for its prior."""
    like = VAE.mlp(5, (4,), 2, dtype=dtype, rng=np.random.default_rng(0))
    parts = {"encoder": like.encoder, "decoder": like.decoder, "likelihood": like.likelihood}
    return VAE(posterior=like.posterior, prior=prior, data_dim=5, **parts, **choices)


@pytest.mark.parametrize(
    ("prior", "dtype", "message"),
    [
        (
            Normal.standard(1),
            "float64",
            r"has shape \(1,\) in float64; take Normal.standard\(2, 'f",
        ),
        (Normal.standard(3), "float64", r"codes have 2 entries .* has shape \(3,\)"),
        (MixturePrior(np.ones((3, 1)), np.ones((3, 1))), "float64", r"has shape \(1,\)"),
        (Normal.standard(2), "float32", r"in float64; take Normal.standard\(2, 'float32'\)"),
        (MixturePrior(np.ones((3, 2)), np.ones((3, 2))), "float32", "codes have .* in float32"),
    ],
)
def test_a_prior_of_another_size_or_type_is_refused(prior, dtype, message):
    with pytest.raises(ValueError, match=message):
        compose(prior, dtype)
    like = SequenceVAE.gru(4, 3, 2, symbols=3, dtype=dtype, rng=np.random.default_rng(0))
    parts = {"encoder": like.encoder, "decoder": like.decoder, "likelihood": like.likelihood}
    with pytest.raises(ValueError, match="SequenceVAE: codes have 2 entries"):
        SequenceVAE(posterior=like.posterior, prior=prior, data_dim=4, **parts)


def test_a_prior_of_the_right_size_and_type_keeps_the_type():
    model = compose(Normal.standard(2, "float32"), "float32")
    x, rng = np.ones((3, 5)), np.random.default_rng(0)
    assert model.loss(x, rng=rng).dtype == model.log_prob(x, 3, rng=rng).dtype == np.float32


def test_a_closed_form_to_a_mixture_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="no closed form: the logarithm of a sum .* kl='sampled'"):
        build(prior="mixture", kl="analytic")
    with pytest.raises(
        ValueError, match="to a MultivariateNormal has .*: there is one to a Normal prior alone"
    ):
        compose(MultivariateNormal(np.zeros(2), np.eye(2)), kl="analytic")
    with pytest.raises(ValueError, match="kl 'exact' is unknown; choose one of analytic, sampled"):
        build(kl="exact")


def test_a_decoder_of_the_wrong_width_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="must give 15 outputs, as the likelihood needs"):
        VAE(
            encoder=mv.nn.Linear(5, 4, rng=rng),
            posterior=DiagonalPosterior(2),
            prior=Normal.standard(2),
            decoder=mv.nn.Linear(2, 5, rng=rng),
            likelihood=CategoricalLikelihood(3),
            data_dim=5,
        ).decode(np.zeros((1, 2)))
