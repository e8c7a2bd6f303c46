"""The VAE: its bound, its conventions, its gradients, its evidence by integration, its errors."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.models import VAE, BernoulliLikelihood, DiagonalPosterior, GaussianLikelihood

LIKELIHOODS = pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
seeds = st.integers(0, 2**32 - 1)


def build(seed=0, **choices):
    """A small model whose weights and biases are all random."""
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 5, "hidden": (4,), "latent": 2, "dtype": "float64", "sigma": 0.7}
    model = VAE.mlp(**(arguments | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = 0.7 * rng.standard_normal(parameter.shape)
    return model


def data(model, n=6, seed=1):
    """Grey levels, which both likelihoods take."""
    return np.random.default_rng(seed).random((n, model.data_dim)).astype(model.dtype)


def noise(model, n=6, seed=2):
    return np.random.default_rng(seed).standard_normal((n, model.latent)).astype(model.dtype)


@LIKELIHOODS
@given(seed=seeds)
def test_the_bound_written_out_by_hand(likelihood, seed):
    """For one datum at a time: -½ Σ ..., summed over dimensions; then the mean over the batch."""
    model = build(seed, likelihood=likelihood)
    x, eps = data(model, seed=seed), noise(model, seed=seed)
    w = model.state_dict()
    kls, reconstructions = [], []
    for x_i, eps_i in zip(x, eps, strict=True):
        hidden = np.tanh(w["encoder.layers.0.weight"] @ x_i + w["encoder.layers.0.bias"])
        out = w["encoder.layers.2.weight"] @ hidden + w["encoder.layers.2.bias"]
        mu, logvar = out[:2], out[2:]
        z = mu + np.sqrt(np.exp(logvar)) * eps_i
        hidden = np.tanh(w["decoder.layers.0.weight"] @ z + w["decoder.layers.0.bias"])
        h = w["decoder.layers.2.weight"] @ hidden + w["decoder.layers.2.bias"]
        if likelihood == "bernoulli":
            p = 1 / (1 + np.exp(-h))
            reconstructions.append(np.sum(x_i * np.log(p) + (1 - x_i) * np.log(1 - p)))
        else:
            squares = np.sum((x_i - h) ** 2) / (2 * 0.7**2)
            reconstructions.append(-squares - 5 / 2 * np.log(2 * np.pi * 0.7**2))
        kls.append(-0.5 * (1 + logvar - mu**2 - np.exp(logvar)))  # of each dimension
    elbo = model.elbo(x, eps=eps)
    kl, reconstruction = np.mean(np.sum(kls, axis=1)), np.mean(reconstructions)
    np.testing.assert_allclose(elbo.kl_per_dim.data, np.mean(kls, axis=0), rtol=1e-9, atol=1e-12)
    assert elbo.kl.item() == pytest.approx(kl, rel=1e-9)
    assert elbo.reconstruction.item() == pytest.approx(reconstruction, rel=1e-9)
    assert elbo.value.item() == pytest.approx(reconstruction - kl, rel=1e-9, abs=1e-9)


@LIKELIHOODS
def test_value_reconstruction_kl_and_loss_fit_together(likelihood):
    model = build(likelihood=likelihood)
    x = data(model)
    elbo = model.elbo(x, rng=np.random.default_rng(3))
    terms = model.terms(x, rng=np.random.default_rng(3))
    loss = model.loss(x, rng=np.random.default_rng(3))
    assert elbo.value.shape == elbo.reconstruction.shape == elbo.kl.shape == loss.shape == ()
    assert elbo.kl_per_dim.shape == (2,)
    assert elbo.value.item() == elbo.reconstruction.item() - elbo.kl.item()
    assert elbo.kl.item() == pytest.approx(elbo.kl_per_dim.data.sum(), rel=1e-14)
    assert loss.item() == -elbo.value.item()
    assert next(iter(terms)) == "loss"
    assert terms["loss"].item() == loss.item()
    assert terms["kl"].item() == elbo.kl.item()
    assert terms["reconstruction"].item() == elbo.reconstruction.item()


@LIKELIHOODS
@given(seed=seeds)
def test_a_batch_taken_twice_or_in_another_order_has_the_same_bound(likelihood, seed):
    """Mean over the batch: not the sum, and nothing of one datum reaches another."""
    model = build(seed, likelihood=likelihood)
    x, eps = data(model, seed=seed), noise(model, seed=seed)
    once = model.elbo(x, eps=eps)
    twice = model.elbo(np.tile(x, (2, 1)), eps=np.tile(eps, (2, 1)))
    order = np.random.default_rng(seed).permutation(len(x))
    mixed = model.elbo(x[order], eps=eps[order])
    parts = [model.elbo(x[i : i + 1], eps=eps[i : i + 1]).value.item() for i in range(len(x))]
    for name in ("value", "reconstruction", "kl", "kl_per_dim"):
        value = getattr(once, name).data
        np.testing.assert_allclose(getattr(twice, name).data, value, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(getattr(mixed, name).data, value, rtol=1e-12, atol=1e-12)
    assert once.value.item() == pytest.approx(np.mean(parts), rel=1e-12)


@LIKELIHOODS
def test_the_reconstruction_is_summed_over_the_dimensions(likelihood):
    """A second copy of every pixel doubles it, and leaves the KL divergence."""
    model = build(likelihood=likelihood)
    x, eps = data(model), noise(model)
    w = model.state_dict()
    wide = build(likelihood=likelihood, data_dim=10)
    for name in ("decoder.layers.2.weight", "decoder.layers.2.bias"):
        w[name] = np.concatenate([w[name]] * 2)
    w["encoder.layers.0.weight"] = np.tile(w["encoder.layers.0.weight"], 2) / 2
    wide.load_state_dict(w)
    once, twice = model.elbo(x, eps=eps), wide.elbo(np.tile(x, 2), eps=eps)
    assert twice.kl.item() == pytest.approx(once.kl.item(), rel=1e-12)
    assert twice.reconstruction.item() == pytest.approx(2 * once.reconstruction.item(), rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "softplus", "sigmoid", "elu"])
@LIKELIHOODS
def test_the_gradient_of_the_loss_agrees_with_finite_differences(likelihood, activation):
    """For every parameter, along random directions, with the noise held fixed."""
    model = build(likelihood=likelihood, activation=activation, hidden=(4, 3))
    x, eps = data(model), noise(model)
    (-model.elbo(x, eps=eps).value).backward()
    rng = np.random.default_rng(4)
    assert len(model.parameters()) == 12
    for name, parameter in model.named_parameters():
        start = parameter.data.copy()

        def loss(step, parameter=parameter, start=start):
            parameter.data[...] = start + step
            value = -model.elbo(x, eps=eps).value.item()
            parameter.data[...] = start
            return value

        for _ in range(2):
            v, h = rng.standard_normal(start.shape), 1e-3
            near, far = loss(h * v) - loss(-h * v), loss(2 * h * v) - loss(-2 * h * v)
            slope = (8 * near - far) / (12 * h)
            scale = np.abs(parameter.grad * v).sum()
            assert abs(np.sum(parameter.grad * v) - slope) < 1e-7 * scale, name
            assert scale > 1e-3, name


def test_the_gradient_does_not_depend_on_the_size_of_the_batch():
    model = build()
    x, eps = data(model), noise(model)
    gradients = []
    for times in (1, 3):
        for parameter in model.parameters():
            parameter.grad = None
        loss = -model.elbo(np.tile(x, (times, 1)), eps=np.tile(eps, (times, 1))).value
        loss.backward()
        gradients.append([p.grad for p in model.parameters()])
    for one, three in zip(*gradients, strict=True):
        np.testing.assert_allclose(three, one, rtol=1e-10, atol=1e-13)


# --- the evidence, by integration over the latent plane -------------------------------------


def on_a_grid(model, x, edge=7.0, n=281):
    """Log p(x) = log ∫ p(x|z) p(z) dz by the trapezoidal rule on a square of the plane."""
    t = np.linspace(-edge, edge, n)
    z = np.stack(np.meshgrid(t, t), axis=-1).reshape(-1, 2)
    log_prior = -0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi)
    with mv.no_grad():
        h = model.decoder(z).data
    values = []
    for x_i in x:
        log_p = -np.logaddexp(0, -h) * x_i - np.logaddexp(0, h) * (1 - x_i)
        values.append(np.logaddexp.reduce(log_p.sum(axis=1) + log_prior))
    return np.array(values) + 2 * np.log(t[1] - t[0])


def cover_the_prior(model):
    """Let q(z|x) be near the prior and wider: importance weights then vary little."""
    w = model.state_dict()
    for name in ("encoder.layers.2.weight", "encoder.layers.2.bias"):
        w[name] *= 0.2
    w["encoder.layers.2.bias"][2:] += 0.3
    model.load_state_dict(w)


ALL_IMAGES = np.array(list(product([0.0, 1.0], repeat=5)))


@pytest.mark.parametrize("seed", range(3))
def test_the_evidence_by_integration_is_a_distribution_and_log_prob_estimates_it(seed):
    model = build(seed)
    cover_the_prior(model)
    truth = on_a_grid(model, ALL_IMAGES)
    assert np.exp(truth).sum() == pytest.approx(1, abs=1e-6)
    estimate = model.log_prob(ALL_IMAGES, samples=5000, rng=np.random.default_rng(seed))
    assert estimate.shape == (32,)
    np.testing.assert_allclose(estimate, truth, atol=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_lies_below_the_evidence_by_integration(seed):
    model = build(seed)
    truth = on_a_grid(model, ALL_IMAGES)
    many = np.repeat(ALL_IMAGES, 500, axis=0)
    rng = np.random.default_rng(seed)
    for i in range(0, 32, 5):
        elbo = model.elbo(many[500 * i : 500 * (i + 1)], rng=rng).value.item()
        assert elbo < truth[i]


# --- samples, codes, reconstructions ---------------------------------------------------------


def constant_decoder(likelihood, h, **choices):
    """A model whose decoder gives the numbers h whatever z is."""
    model = build(likelihood=likelihood, data_dim=len(h), **choices)
    w = model.state_dict()
    w["decoder.layers.2.weight"][...] = 0.0
    w["decoder.layers.2.bias"][...] = h
    model.load_state_dict(w)
    return model


def test_bernoulli_samples_are_bits_whose_mean_is_the_decoder_s():
    h, n = np.array([-2.0, 0.0, 1.0, 3.0]), 20_000
    x = constant_decoder("bernoulli", h).sample(n, rng=np.random.default_rng(0))
    p = 1 / (1 + np.exp(-h))
    assert x.shape == (n, 4)
    assert set(np.unique(x)) == {0.0, 1.0}
    assert np.all(np.abs(x.mean(axis=0) - p) < 5 * np.sqrt(p * (1 - p) / n))


def test_gaussian_samples_have_the_decoder_s_mean_and_sigma():
    h, n, sigma = np.array([-2.0, 0.0, 3.0]), 20_000, 0.25
    model = constant_decoder("gaussian", h, sigma=sigma)
    x = model.sample(n, rng=np.random.default_rng(0))
    assert np.all(np.abs(x.mean(axis=0) - h) < 5 * sigma / np.sqrt(n))
    assert np.all(np.abs(x.std(axis=0) - sigma) < 5 * sigma / np.sqrt(2 * n))


def test_samples_of_the_model_have_the_frequencies_that_integration_gives():
    model, n = build(1), 50_000
    p = np.exp(on_a_grid(model, ALL_IMAGES))
    x = model.sample(n, rng=np.random.default_rng(0))
    counts = np.bincount((x @ [16, 8, 4, 2, 1]).astype(int), minlength=32)
    chi2 = np.sum((counts - n * p) ** 2 / (n * p))
    assert chi2 < 31 + 6 * np.sqrt(2 * 31)


@LIKELIHOODS
@pytest.mark.parametrize("n", [0, 1, 7])
def test_samples_have_their_shape_and_come_from_the_seed(likelihood, n):
    model = build(likelihood=likelihood, dtype="float32")
    first, second = (model.sample(n, rng=np.random.default_rng(3)) for _ in range(2))
    assert isinstance(first, np.ndarray)
    assert (first.shape, first.dtype) == ((n, 5), "float32")
    np.testing.assert_array_equal(first, second)


@LIKELIHOODS
def test_codes_and_reconstructions_are_the_means(likelihood):
    model = build(likelihood=likelihood)
    x = data(model)
    codes = model.codes(x)
    assert isinstance(codes, np.ndarray)
    np.testing.assert_array_equal(codes, model.encode(x).mean.data)
    expected = model.decode(codes).mean.data
    np.testing.assert_array_equal(model.reconstruct(x), expected)
    h = model.decoder(codes).data
    np.testing.assert_allclose(expected, 1 / (1 + np.exp(-h)) if likelihood == "bernoulli" else h)


def test_everything_random_comes_from_the_seed():
    model = build()
    x = data(model)
    for f in (
        lambda rng: model.loss(x, rng=rng).item(),
        lambda rng: model.log_prob(x, samples=3, rng=rng),
        lambda rng: VAE.mlp(data_dim=5, rng=rng).state_dict()["decoder.layers.2.weight"],
    ):
        first, second, third = (f(np.random.default_rng(seed)) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, second)
        assert np.any(first != third)


@LIKELIHOODS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_computes_in_one_type_whatever_its_data_are(likelihood, dtype):
    model = VAE.mlp(data_dim=5, latent=2, likelihood=likelihood, dtype=dtype, rng=generator())
    assert model.dtype == dtype
    for other in ("float32", "float64", "int64", "uint8", "bool"):
        x = np.eye(5).astype(other)
        elbo = model.elbo(x, eps=np.ones((5, 2)))
        for t in (elbo.value, elbo.reconstruction, elbo.kl, elbo.kl_per_dim):
            assert t.dtype == dtype
        loss = model.loss(x, rng=generator())
        loss.backward()
        assert loss.dtype == dtype
        assert all(p.grad.dtype == dtype for p in model.parameters())
        assert model.log_prob(x, samples=4, rng=generator()).dtype == dtype
        assert model.reconstruct(x).dtype == model.codes(x).dtype == dtype
        assert model.encode(x).std.dtype == dtype
    assert model.sample(3, rng=generator()).dtype == dtype
    assert model.decode(np.ones((1, 2))).mean.dtype == model.decode([[0, 1]]).mean.dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensors_of_another_type_are_converted(dtype):
    model = VAE.mlp(data_dim=5, latent=2, dtype=dtype, rng=generator())
    for other in ("float32", "float64"):
        assert model.loss(mv.tensor(np.eye(5, dtype=other)), rng=generator()).dtype == dtype
        assert model.decode(mv.tensor(np.ones((1, 2), other))).mean.dtype == dtype


def generator():
    return np.random.default_rng(0)


def test_measuring_records_no_graph():
    model = build()
    x = data(model)
    model.log_prob(x, samples=2, rng=generator())
    model.sample(2, rng=generator())
    model.reconstruct(x)
    assert all(p.grad is None for p in model.parameters())
    assert mv.engine.tape.recording()


# --- the page that others rely on ------------------------------------------------------------


def test_the_names_that_were_promised():
    rng = np.random.default_rng(0)
    x = (rng.random((2, 784)) < 0.3).astype("float32")
    model = mv.models.VAE.mlp(
        data_dim=784,
        hidden=(500,),
        latent=20,
        activation="tanh",
        likelihood="bernoulli",
        posterior="diagonal",
        prior="standard",
        dtype="float32",
        rng=rng,
    )
    opt = mv.optim.Adam(model.parameters())
    before = model.loss(x, rng=np.random.default_rng(1)).item()
    for _ in range(3):
        loss = model.loss(x, rng=rng)
        opt.zero_grad()
        loss.backward()
        opt.step()
    assert isinstance(loss, mv.Tensor)
    assert loss.shape == ()
    assert model.loss(x, rng=np.random.default_rng(1)).item() < before
    elbo = model.elbo(x, rng=rng)
    assert elbo.value.data == elbo.reconstruction.data - elbo.kl.data
    assert elbo.kl_per_dim.shape == (20,)
    q = model.encode(x)
    assert q.mean.shape == q.std.shape == (2, 20)
    p = model.decode(q.rsample(rng))
    assert p.mean.shape == (2, 784)
    assert q.kl(mv.distributions.Normal.standard(20)).shape == (2,)
    sample = model.sample(3, rng=rng)
    assert isinstance(sample, np.ndarray)
    assert sample.shape == (3, 784)
    log_p = model.log_prob(x, samples=50, rng=rng)
    assert isinstance(log_p, np.ndarray)
    assert log_p.shape == (2,)
    model.load_state_dict(model.state_dict())
    assert len(model.parameters()) == 8


def test_five_thousand_samples_are_the_default_of_log_prob():
    model = build()
    x = data(model, n=1)
    default = model.log_prob(x, rng=generator())
    np.testing.assert_array_equal(default, model.log_prob(x, samples=5000, rng=generator()))


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [-0.01, 1.01, 255.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", ["loss", "elbo", "log_prob", "terms"])
def test_a_bernoulli_likelihood_refuses_data_outside_the_unit_interval(method, bad):
    model = build(likelihood="bernoulli")
    x = data(model)
    x[3, 2] = bad
    with pytest.raises(ValueError, match=r"a Bernoulli likelihood needs data in \[0, 1\]"):
        getattr(model, method)(x, rng=generator())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", ["loss", "elbo", "log_prob", "terms"])
def test_a_gaussian_likelihood_refuses_data_that_are_not_finite(method, bad):
    model = build(likelihood="gaussian")
    x = data(model)
    x[3, 2] = bad
    with pytest.raises(ValueError, match="the data contain NaN or infinity"):
        getattr(model, method)(x, rng=generator())


def test_a_gaussian_likelihood_takes_data_outside_the_unit_interval():
    model = build(likelihood="gaussian")
    assert np.isfinite(model.loss(10 * data(model) - 5, rng=generator()).item())


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"activation": "gelu"}, "activation 'gelu' is unknown; choose one of .*tanh"),
        ({"likelihood": "poisson"}, "likelihood 'poisson' is unknown; choose one of bernoulli, ga"),
        ({"posterior": "flow"}, "posterior 'flow' is unknown; choose one of diagonal, iso"),
        ({"prior": "vamp"}, "prior 'vamp' is unknown; choose one of standard, mixture"),
        ({"latent": 0}, "latent must be at least 1, it is 0"),
        ({"latent": -3}, "latent must be at least 1, it is -3"),
        ({"hidden": (4, 0)}, "hidden must be at least 1, it is 0"),
        ({"data_dim": 0}, "data_dim must be at least 1, it is 0"),
        ({"likelihood": "gaussian", "sigma": 0.0}, "needs sigma > 0, it is 0"),
        ({"likelihood": "gaussian", "sigma": -1.0}, "needs sigma > 0, it is -1"),
        ({"likelihood": "gaussian", "sigma": np.nan}, "needs sigma > 0, it is nan"),
    ],
)
def test_a_wrong_composition_is_refused_with_the_reason(choices, message):
    with pytest.raises(ValueError, match=message):
        VAE.mlp(**({"data_dim": 5, "latent": 2} | choices), rng=generator())


def test_a_model_without_hidden_layers_is_linear():
    model = build(hidden=(), likelihood="gaussian")
    assert len(model.parameters()) == 4
    x = data(model)
    w = model.state_dict()
    out = x @ w["encoder.layers.0.weight"].T + w["encoder.layers.0.bias"]
    np.testing.assert_allclose(model.codes(x), out[:, :2], rtol=1e-12)


@pytest.mark.parametrize("shape", [(6,), (6, 4), (6, 1, 5), (2, 3, 5), ()])
@pytest.mark.parametrize("method", ["loss", "elbo", "log_prob"])
def test_data_of_another_shape_are_refused(method, shape):
    model = build()
    with pytest.raises(ValueError, match=r"^VAE: data must have shape \(n, 5\), they have \("):
        getattr(model, method)(np.zeros(shape), rng=generator())


@pytest.mark.parametrize("shape", [(3,), (6, 3), (6, 1), ()])
def test_codes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"codes must have shape \(\.\.\., 2\), not"):
        build().decode(np.zeros(shape))


@pytest.mark.parametrize("samples", [0, -1])
def test_an_estimate_from_no_samples_is_refused(samples):
    model = build()
    with pytest.raises(ValueError, match="log_prob: samples must be a whole number from 1 on"):
        model.log_prob(data(model), samples=samples, rng=generator())


def test_a_bound_without_noise_or_generator_is_refused():
    model = build()
    with pytest.raises(TypeError, match="pass rng="):
        model.loss(data(model))


def test_parts_of_other_sizes_are_refused_and_not_broadcast():
    rng = generator()
    parts = {
        "posterior": DiagonalPosterior(2),
        "prior": mv.distributions.Normal.standard(2),
        "data_dim": 5,
    }
    x = np.ones((3, 5))
    for likelihood in (BernoulliLikelihood(), GaussianLikelihood()):
        for outputs, numbers in ((3, 5), (5, 5), (2, 5), (4, 1), (4, 4), (4, 6)):
            model = VAE(
                encoder=mv.nn.Linear(5, outputs, rng=rng),
                decoder=mv.nn.Linear(2, numbers, rng=rng),
                likelihood=likelihood,
                **parts,
            )
            with pytest.raises(
                ValueError, match="must give 5 outputs|need 4 outputs of the encoder"
            ):
                model.loss(x, rng=rng)
