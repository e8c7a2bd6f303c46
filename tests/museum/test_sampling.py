"""Draws of z that are not from the posterior, or that no gradient flows through.

The moments of the density whose divergence is taken tell what a draw has to be.
"""

import numpy as np
from exhibit import Exhibit, Room, Tour, checked_at, values_at, wrong_op
from posteriors import EPS, LOGVAR, MU
from quadrature import expectation

import minivae as mv
from minivae.distributions import Normal
from minivae.testing import GradientError, gradcheck

ROOM = Room()


class TestSampling(Tour):
    room = ROOM


def draws_what_its_density_says(rsample):
    """E[z] = μ and E[(z - μ)²] = e^logvar, the moments of the density whose KL is taken."""
    mean = expectation(lambda e: rsample(MU, LOGVAR, np.full_like(MU, e)))
    second = expectation(lambda e: (rsample(MU, LOGVAR, np.full_like(MU, e)) - MU) ** 2)
    np.testing.assert_allclose(mean, MU, rtol=1e-9, err_msg="the mean is wrong")
    np.testing.assert_allclose(second, np.exp(LOGVAR), rtol=1e-9, err_msg="the variance is wrong")


@ROOM.exhibit
def a_variance_read_as_a_deviation():
    """DeZero's ``examples/vae.py`` and numpy-ml's ``_sample`` draw z = μ + e^logvar ε.

    The divergence beside it takes the same number for log σ², so that the sampler and the bound
    speak of two posteriors (also rachtsingh/ibp_vae#3, rishikksh20/vae_tacotron2#3, keras#3283, and
    keras#9972, closed because the scale did not matter). The gradient is right.
    """

    def rsample(mu, logvar, eps):
        return mu + mv.exp(logvar) * eps

    return Exhibit(
        wrong=rsample,
        weak=lambda f: gradcheck(lambda mu, logvar: f(mu, logvar, EPS), MU, LOGVAR),
        strong=draws_what_its_density_says,
        caught="the variance is wrong",
        right=mv.reparameterize,
    )


@ROOM.exhibit
def a_softplus_of_a_logarithm():
    """wohlert/semi-supervised-pytorch#16: softplus of what the divergence takes for log σ² is
    taken for the deviation.

    It is positive and smooth, as a deviation should be.
    """

    def rsample(mu, logvar, eps):
        return mu + mv.softplus(logvar) * eps

    return Exhibit(
        wrong=rsample,
        weak=lambda f: gradcheck(lambda mu, logvar: f(mu, logvar, EPS), MU, LOGVAR),
        strong=draws_what_its_density_says,
        caught="the variance is wrong",
        right=mv.reparameterize,
    )


@ROOM.exhibit
def a_grader_that_knew_one_seed():
    """EECS 498 and Technion compare a learner's draw with numbers of one seed of PyTorch.

    A right answer that draws its noise in another order is refused; and the reference passes, which
    is all that was tried. A grader has to accept every right answer and refuse the wrong ones.
    """

    def reference(mu, logvar, rng):
        return mu + np.exp(0.5 * logvar) * rng.standard_normal(mu.shape)

    def in_another_order(mu, logvar, rng):
        return mu + np.exp(0.5 * logvar) * rng.standard_normal(mu.T.shape).T

    def variance_as_deviation(mu, logvar, rng):
        return mu + np.exp(logvar) * rng.standard_normal(mu.shape)

    def by_one_seed(answer):
        expected = reference(MU, LOGVAR, np.random.default_rng(0))
        return np.allclose(answer(MU, LOGVAR, np.random.default_rng(0)), expected)

    def by_moments(answer, n=20_000):
        mu, logvar = np.tile([1.0, -2.0], (n, 1)), np.tile([-1.0, 0.5], (n, 1))
        z = (answer(mu, logvar, np.random.default_rng(0)) - mu) * np.exp(-0.5 * logvar)
        five_sigma = 5 / np.sqrt(n)
        return bool(
            np.all(np.abs(z.mean(0)) < five_sigma)
            and np.all(np.abs((z**2).mean(0) - 1) < five_sigma * np.sqrt(2))
        )

    def accepts_the_reference(grader):
        assert grader(reference)

    def accepts_what_is_right_and_nothing_else(grader):
        assert grader(reference)
        assert not grader(variance_as_deviation)
        assert grader(in_another_order), "a right answer was refused"

    return Exhibit(
        wrong=by_one_seed,
        weak=accepts_the_reference,
        strong=accepts_what_is_right_and_nothing_else,
        caught="a right answer was refused",
        right=by_moments,
    )


@ROOM.exhibit
def a_sample_without_a_gradient():
    """pytorch#4620: ``torch.normal(mu, std)`` draws the same z as μ + σ ε, and no gradient flows.

    AntixK#12, #13 and keras-io#790 ask which sampler is meant (``rsample``). The encoder still
    learns from the divergence, which makes it forget the data.
    """

    def sample(mu, logvar):
        return mv.tensor(mu.data + np.exp(0.5 * logvar.data) * EPS) + 0.0 * mu

    def right(mu, logvar):
        return Normal(mu, logvar).rsample(eps=EPS)

    return Exhibit(
        wrong=sample,
        weak=values_at(MU, LOGVAR, like=lambda mu, logvar: mu + np.exp(0.5 * logvar) * EPS),
        strong=checked_at(MU, LOGVAR),
        caught="Likely mistake: it is always zero",
        error=GradientError,
        right=right,
    )


@ROOM.exhibit
def a_backward_pass_with_noise_of_its_own():
    """kwj2104's NumPy VAE stores noise for its backward pass, and draws anew in the forward one.

    The gradient of log σ² is multiplied by noise that has nothing to do with z: pure noise itself.
    That of μ is right, so the loss goes down.
    """
    other = EPS[::-1]

    @wrong_op(lambda g: g, lambda g, logvar: g * 0.5 * np.exp(0.5 * logvar) * other)
    def rsample(mu, logvar):
        return mu + np.exp(0.5 * logvar) * EPS

    return Exhibit(
        wrong=rsample,
        weak=lambda f: gradcheck(lambda mu: f(mu, LOGVAR), MU),
        strong=checked_at(MU, LOGVAR),
        caught="gradient of argument 1.* is wrong in",
        error=GradientError,
        right=lambda mu, logvar: mv.reparameterize(mu, logvar, EPS),
    )
