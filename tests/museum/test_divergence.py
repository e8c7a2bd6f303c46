"""Divergences that were none. Each has a right gradient, of a wrong formula.

So no gradient checker finds them. What does is the definition, by quadrature.
"""

import numpy as np
from exhibit import Exhibit, Room, Tour, for_every
from posteriors import EPS, LOGVAR, MU
from quadrature import NODES, WEIGHTS

import minivae as mv
from minivae.distributions import Normal
from minivae.testing import gradcheck
from minivae.testing.strategies import arrays

ROOM = Room()


class TestDivergence(Tour):
    room = ROOM


def is_the_divergence(kl):
    """KL(q ‖ p) = E_q[log q - log p]: not negative, 0 at the prior, and what quadrature says."""

    @for_every(arrays((3,)), arrays((3,)))
    def law(mu, logvar):
        logvar = logvar / 2
        given, origin = kl(mu, logvar), np.zeros(3)
        assert np.all(given >= -1e-12), f"KL is negative: {given}"
        assert np.all(np.abs(kl(origin, origin)) < 1e-12), "KL is not 0 at the prior"
        z = mu + np.exp(logvar / 2) * NODES[:, None]
        log_ratio = 0.5 * (z * z - NODES[:, None] ** 2 - logvar)
        np.testing.assert_allclose(
            given, WEIGHTS @ log_ratio, rtol=1e-9, atol=1e-9, err_msg="KL is not E_q[log q - log p]"
        )

    law()


def is_a_smooth_function(kl):
    """The gradient is right. It is the gradient of the wrong thing."""
    gradcheck(lambda mu, logvar: kl(mu, logvar), MU, LOGVAR)


def a_wrong_divergence(wrong, caught):
    return Exhibit(
        wrong=wrong,
        weak=is_a_smooth_function,
        strong=is_the_divergence,
        caught=caught,
        right=mv.gaussian_kl,
    )


@ROOM.exhibit
def a_divergence_with_the_other_sign():
    """AntixK/PyTorch-VAE#68 logs the negative divergence under the name KLD.

    Training does not read the log. That a divergence is negative was noticed by a reader.
    """

    def kl(mu, logvar):
        return 0.5 * (1.0 + logvar - mu**2 - mv.exp(logvar))

    return a_wrong_divergence(kl, "KL is negative")


@ROOM.exhibit
def a_logarithm_that_was_squared():
    """FluxML/model-zoo#73 has (log σ)² in the place of -log σ²; #76 removed the square.

    It is not negative, and 0 and flat at the prior, as a divergence should be.
    """

    def kl(mu, logvar):
        return 0.5 * (mv.exp(logvar) + mu**2 - 1.0 + (0.5 * logvar) ** 2)

    return a_wrong_divergence(kl, r"KL is not E_q\[log q - log p\]")


@ROOM.exhibit
def a_term_with_the_other_sign():
    """FluxML/model-zoo#147: the mended formula had + 2 log σ for - 2 log σ, for another half year.

    A wide posterior is punished twice, a narrow one rewarded without a limit.
    """

    def kl(mu, logvar):
        return 0.5 * (mv.exp(logvar) + mu**2 - 1.0 + logvar)

    return a_wrong_divergence(kl, "KL is negative|KL is not E_q")


@ROOM.exhibit
def a_deviation_that_was_not_squared():
    """DaehanKim/vgae_pytorch#2: 1 + 2 log σ - μ² - σ, where σ² belongs.

    At the prior, σ = 1, the two agree; but the least value is elsewhere, at σ = 2.
    """

    def kl(mu, logvar):
        return 0.5 * (mv.exp(0.5 * logvar) + mu**2 - 1.0 - logvar)

    return a_wrong_divergence(kl, r"KL is negative|KL is not E_q\[log q - log p\]")


@ROOM.exhibit
def a_divergence_the_other_way_round():
    """KL(p ‖ q) for KL(q ‖ p): not negative, 0 at the prior and nowhere else, and not the bound's.

    Only the definition tells the two apart.
    """

    def kl(mu, logvar):
        return 0.5 * ((1.0 + mu**2) * mv.exp(-logvar) - 1.0 + logvar)

    return a_wrong_divergence(kl, r"KL is not E_q\[log q - log p\]")


@ROOM.exhibit
def a_deviation_read_as_a_variance():
    """Chainer's VRAE has 1 + s - μ² - eˢ with s = log σ, the formula of s = log σ², times 0.0005.

    The name of a variable does not always say which of the two an encoder gives: BVAE-tf#4, #7,
    AntixK/PyTorch-VAE#69, KarenUllrich/Tutorial_BayesianCompressionForDL#1. It is 0 at the prior.
    """

    def kl(mu, logvar):
        logstd = 0.5 * logvar
        return -0.5 * (1.0 + logstd - mu**2 - mv.exp(logstd))

    return a_wrong_divergence(kl, r"KL is not E_q\[log q - log p\]")


@ROOM.exhibit
def a_divergence_estimate_that_was_made_positive():
    """A divergence estimated by one draw may be negative (RuiShu/one-bit-vae#1), its mean may not.

    To clamp it at 0 makes it look right, and makes its mean too large (keras#5691 asks why the two
    disagree). Quadrature over the draw shows which of the two is unbiased.
    """

    def log_ratio(q, z):
        return (q.log_prob(z) - Normal.standard(2).log_prob(z)).data

    def clamped(q, z):
        return np.maximum(log_ratio(q, z), 0.0)

    def is_never_negative(estimate):
        q = Normal(MU, LOGVAR)
        assert np.all(estimate(q, q.rsample(eps=EPS)) >= 0)

    def has_the_right_mean(estimate):
        q, total = Normal(MU, LOGVAR), 0.0
        for first, w in zip(NODES, WEIGHTS, strict=True):
            for second, v in zip(NODES, WEIGHTS, strict=True):
                z = q.rsample(eps=np.tile([first, second], (4, 1)))
                total = total + w * v * estimate(q, z)
        exact = q.kl(Normal.standard(2)).data
        np.testing.assert_allclose(total, exact, rtol=1e-9, err_msg="the estimate is biased")

    return Exhibit(
        wrong=clamped,
        weak=is_never_negative,
        strong=has_the_right_mean,
        caught="the estimate is biased",
        right=log_ratio,
    )
