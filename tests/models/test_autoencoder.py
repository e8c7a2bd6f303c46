"""The autoencoder: a VAE's reconstruction without its noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

import minivae as mv
from minivae.models import VAE, Autoencoder

LIKELIHOODS = pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])


def pair(likelihood, seed=0):
    """A VAE, and the autoencoder whose code is its posterior mean."""
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 5, "hidden": (4,), "latent": 2, "likelihood": likelihood}
    vae = VAE.mlp(**arguments, sigma=0.6, dtype="float64", rng=rng)
    ae = Autoencoder.mlp(**arguments, sigma=0.6, dtype="float64", rng=rng)
    state = vae.state_dict()
    for name in ("encoder.layers.2.weight", "encoder.layers.2.bias"):
        state[name] = state[name][:2]
    ae.load_state_dict(state)
    return vae, ae


def data(n=6, seed=1):
    return np.random.default_rng(seed).random((n, 5))


@LIKELIHOODS
@given(seed=st.integers(0, 2**32 - 1))
def test_its_loss_is_the_reconstruction_of_a_vae_without_noise(likelihood, seed):
    vae, ae = pair(likelihood, seed)
    x = data(seed=seed)
    elbo = vae.elbo(x, eps=np.zeros((6, 2)))
    terms = ae.terms(x)
    assert terms.keys() == {"loss", "reconstruction"}
    assert next(iter(terms)) == "loss"
    assert terms["reconstruction"].item() == pytest.approx(elbo.reconstruction.item(), rel=1e-12)
    assert terms["loss"].item() == -terms["reconstruction"].item()
    np.testing.assert_allclose(ae.codes(x), vae.codes(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ae.reconstruct(x), vae.reconstruct(x), rtol=1e-12)


def test_the_gaussian_loss_is_the_squared_error_in_nats():
    _, ae = pair("gaussian")
    x = data()
    squares = np.sum((x - ae.reconstruct(x)) ** 2, axis=1)
    expected = np.mean(squares) / (2 * 0.6**2) + 5 / 2 * np.log(2 * np.pi * 0.6**2)
    assert ae.loss(x).item() == pytest.approx(expected, rel=1e-12)


def test_the_bernoulli_loss_is_the_cross_entropy():
    _, ae = pair("bernoulli")
    x, p = data(), ae.reconstruct(data())
    entropy = -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1)
    assert ae.loss(x).item() == pytest.approx(entropy.mean(), rel=1e-12)


def test_its_loss_takes_no_noise():
    _, ae = pair("bernoulli")
    losses = {ae.loss(data(), rng=np.random.default_rng(s)).item() for s in (0, 1)}
    assert losses == {ae.loss(data()).item()}


@LIKELIHOODS
def test_the_gradient_of_the_loss_agrees_with_finite_differences(likelihood):
    _, ae = pair(likelihood)
    x = data()
    ae.loss(x).backward()
    rng = np.random.default_rng(2)
    for name, parameter in ae.named_parameters():
        start, v, h = parameter.data.copy(), rng.standard_normal(parameter.shape), 1e-3
        values = {}
        for step in (-2, -1, 1, 2):
            parameter.data[...] = start + step * h * v
            values[step] = ae.loss(x).item()
        parameter.data[...] = start
        slope = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * h)
        scale = np.abs(parameter.grad * v).sum()
        assert abs(np.sum(parameter.grad * v) - slope) < 1e-7 * scale, name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@LIKELIHOODS
def test_an_autoencoder_computes_in_one_type(likelihood, dtype):
    rng = np.random.default_rng(0)
    ae = Autoencoder.mlp(data_dim=5, latent=2, likelihood=likelihood, dtype=dtype, rng=rng)
    loss = ae.loss(data())
    loss.backward()
    assert loss.dtype == ae.encode(data()).dtype == ae.reconstruct(data()).dtype == dtype
    assert all(p.grad.dtype == dtype for p in ae.parameters())
    assert ae.decode(np.zeros((3, 2))).mean.dtype == dtype


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_a_linear_autoencoder_learns_the_principal_subspace(seed, tied):
    """Gradient descent ends at the optimum of principal components (Baldi & Hornik 1989).

    An angle of θ to that subspace costs at most θ² times the variance inside it, about 13, of a
    residual variance of about 1.3: within 0.001 degrees the residual is right to 4e-9.
    """
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    x = rng.standard_normal((60, 6)) @ np.diag([3.0, 2.0, 0.7, 0.6, 0.5, 0.4]) @ turn + 0.5
    pca = PCA(n_components=2).fit(x)
    ae = Autoencoder.mlp(6, (), 2, likelihood="gaussian", dtype="float64", tied=tied, rng=rng)
    opt = mv.optim.SGD(ae.parameters(), lr=0.01, momentum=0.9)
    for _ in range(3000):
        opt.zero_grad()
        ae.loss(x).backward()
        opt.step()
    decoder = ae.decoder.layers[0]
    span = decoder.shared.data.T if tied else decoder.weight.data
    angles = np.degrees(subspace_angles(span, pca.components_.T))
    assert angles.max() < 1e-3
    residual = np.sum((x - ae.reconstruct(x)) ** 2)
    optimum = np.sum((x - pca.inverse_transform(pca.transform(x))) ** 2)
    assert optimum * (1 - 1e-12) <= residual <= optimum * (1 + 1e-8)
    if tied:  # W Wᵀ is the projection itself: the weights are orthonormal
        np.testing.assert_allclose(span.T @ span, np.eye(2), atol=1e-4)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"activation": "gelu"}, "activation 'gelu' is unknown; choose one of .*tanh"),
        ({"likelihood": "poisson"}, "likelihood 'poisson' is unknown"),
        ({"latent": 0}, "latent must be at least 1, it is 0"),
        ({"hidden": (0,)}, "hidden must be at least 1, it is 0"),
        ({"data_dim": 0}, "data_dim must be at least 1, it is 0"),
    ],
)
def test_a_wrong_composition_is_refused_with_the_reason(choices, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder.mlp(**({"data_dim": 5, "latent": 2} | choices), rng=np.random.default_rng(0))


def test_data_and_codes_that_do_not_fit_are_refused():
    _, ae = pair("bernoulli")
    with pytest.raises(ValueError, match=r"^Autoencoder: data must have shape \(n, 5\)"):
        ae.loss(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"codes must have shape \(\.\.\., 2\), not \(3, 4\)"):
        ae.decode(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"needs data in \[0, 1\]"):
        ae.loss(np.full((3, 5), np.nan))
    _, ae = pair("gaussian")
    with pytest.raises(ValueError, match="contain NaN or infinity"):
        ae.loss(np.full((3, 5), np.nan))
