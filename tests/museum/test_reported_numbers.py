"""What was printed or shown, and was something else than it was called."""

from math import log

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour
from quadrature import NODES, WEIGHTS
from scipy.special import ndtr
from toy import Toy

import minivae as mv
from minivae.distributions import Normal
from minivae.viz.sweeps import quantiles

ROOM = Room()


class TestReports(Tour):
    room = ROOM


@ROOM.exhibit
def a_true_value_that_was_a_simulation():
    """ "Understanding Deep Learning", notebook 17.2, prints 2.765080 as the true E[x² + sin x] for
    μ = φ³, σ = e^φ, φ = ½; it is the output of a simulation, with its error.

    The answer of a learner is compared with it by eye. The closed form is
    μ² + σ² + e^(-σ²/2) sin μ = 2.765933.
    """
    mu, sigma = 0.5**3, np.exp(0.5)

    def by_eye(value):
        assert value() == pytest.approx(2.7659, abs=2e-3)

    def by_quadrature(value):
        q = Normal(np.array([mu]), np.array([2 * log(sigma)]))
        z = q.rsample(eps=NODES[:, None]).data[:, 0]
        exact = WEIGHTS @ (z**2 + np.sin(z))
        assert value() == pytest.approx(exact, rel=1e-9), f"the value is {exact:.6f}"

    return Exhibit(
        wrong=lambda: 2.765080,
        weak=by_eye,
        strong=by_quadrature,
        caught="the value is 2.765933",
        right=lambda: mu**2 + sigma**2 + np.exp(-(sigma**2) / 2) * np.sin(mu),
    )


@ROOM.exhibit
def a_plane_in_equal_steps():
    """keras-io's picture of the latent plane goes from -1 to 1, in equal steps.

    A third of the prior lies outside in each dimension, and is not shown. Quantiles give each tile
    the same share.
    """

    def linear(n):
        return np.linspace(-1.0, 1.0, n)

    def right(n):
        return quantiles(Toy.of().model, (np.arange(n) + 0.5) / n, None)[0]

    def grows(grid):
        assert np.all(np.diff(grid(9)) > 0)

    def shares_the_prior(grid):
        share = np.diff(ndtr(grid(9)))
        np.testing.assert_allclose(share, 1 / 9, rtol=1e-9, err_msg="tiles of unequal shares")

    return Exhibit(
        wrong=linear,
        weak=grows,
        strong=shares_the_prior,
        caught="tiles of unequal shares",
        right=right,
    )


@ROOM.exhibit
def the_first_batch_for_the_epoch():
    """Deep Learning Tutorials' ``cA.py`` prints ``c_array[0]``, the cost of the first minibatch, as
    that of the epoch.

    With one batch an epoch it is the same, and with many it goes down as well.
    """
    x = np.random.default_rng(5).random((6, 3))

    def model():
        return mv.models.Autoencoder.mlp(3, (2,), 1, dtype="float64", rng=np.random.default_rng(0))

    def of_the_first_batch(model, batch_size):
        order = np.random.default_rng(1).permutation(len(x))
        return model.loss(x[order[:batch_size]]).item()

    def fit(model, batch_size):
        optimizer = mv.optim.SGD(model.parameters(), lr=1e-300)  # the weights stay
        rng = np.random.default_rng(1)
        options = {"optimizer": optimizer, "batch_size": batch_size, "progress": False}
        return mv.fit(model, x, rng=rng, epochs=1, **options).rows[0]["loss"]

    def of_batches_of(size):
        def check(epoch):
            exact = model().loss(x).item()
            assert epoch(model(), size) == pytest.approx(exact, rel=1e-12), "not that of the epoch"

        return check

    return Exhibit(
        wrong=of_the_first_batch,
        weak=of_batches_of(6),
        strong=of_batches_of(4),
        caught="not that of the epoch",
        right=fit,
    )
