"""Likelihoods that are none, or of other data. A sum over all cases has to be 1."""

from math import log, pi

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour, checked_at, values_at
from posteriors import EPS, LOGVAR, MU
from scipy.stats import multivariate_normal

import minivae as mv
from minivae.distributions import Bernoulli, Normal
from minivae.testing import GradientError, gradcheck

ROOM = Room()
LOGITS = np.array([[-30.0, -8.0, -1.0], [0.5, 9.0, 40.0]])
BITS = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])


class TestLikelihoods(Tour):
    room = ROOM


@ROOM.exhibit
def a_cross_entropy_of_clipped_probabilities():
    """DeZero clips p at 0.999 so that no logarithm is infinite.

    A pixel that is surely wrong then costs 6.9 nats and no more, and has no gradient at all: what
    the model gets most wrong it cannot learn. Near ½, where tests look, clipping does nothing.
    """

    def nll(logits, x):
        p = mv.clip(mv.sigmoid(logits), 1e-15, 0.999)
        return -mv.sum(x * mv.log(p) + (1.0 - x) * mv.log(1.0 - p), axis=-1)

    def is_exact(nll):
        a = mv.tensor(LOGITS, requires_grad=True)
        z = nll(a, BITS)
        z.sum().backward()
        exact = np.sum(np.logaddexp(0.0, LOGITS) - BITS * LOGITS, axis=-1)
        np.testing.assert_allclose(z.data, exact, rtol=1e-9, err_msg="not -log p(x)")
        np.testing.assert_allclose(a.grad, 1 / (1 + np.exp(-LOGITS)) - BITS, rtol=1e-9)

    return Exhibit(
        wrong=nll,
        weak=lambda f: gradcheck(lambda a: f(a, BITS), LOGITS / 20.0),
        strong=is_exact,
        caught="not -log p",
        right=mv.bernoulli_nll,
    )


@ROOM.exhibit
def a_cross_entropy_of_data_without_a_graph():
    """Chainer's VRAE computes the cross-entropy on ``.data``: right values, and no gradient.

    Only the divergence trains the model, and the curve of the loss still falls.
    """

    def nll(logits):
        return mv.tensor(mv.bernoulli_nll(logits.data, BITS)) + 0.0 * mv.sum(logits, axis=-1)

    def right(logits):
        return -Bernoulli(logits).log_prob(BITS)

    points = LOGITS / 20.0
    return Exhibit(
        wrong=nll,
        weak=values_at(points, like=lambda a: mv.bernoulli_nll(a, BITS)),
        strong=checked_at(points),
        caught="Likely mistake: it is always zero",
        error=GradientError,
        right=right,
    )


@ROOM.exhibit
def a_density_of_grey_that_is_none():
    """The cross-entropy of grey pixels is no negative log density: pyro#529, pytorch/examples#460,
    #399, bolts#177 and more. Pyro's notebook switches the check off.

    Over black and white the probabilities sum to 1; over [0, 1] their integral is another number
    for every logit. Both give a loss that falls.
    """

    def total_over_grey(a):
        x, w = np.polynomial.legendre.leggauss(40)
        return np.sum(w / 2 * np.exp(Bernoulli(a).log_prob(((x + 1) / 2)[:, None]).data))

    def total_over_black_and_white(a):
        return np.sum(np.exp(Bernoulli(a).log_prob(np.array([[0.0], [1.0]])).data))

    def is_positive(total):
        assert all(total(np.array([a])) > 0 for a in (-3.0, 0.0, 3.0))

    def is_one(total):
        for a in (-3.0, 0.0, 3.0):
            assert total(np.array([a])) == pytest.approx(1.0, rel=1e-12), "the total is not 1"

    return Exhibit(
        wrong=total_over_grey,
        weak=is_positive,
        strong=is_one,
        caught="the total is not 1",
        right=total_over_black_and_white,
    )


@ROOM.exhibit
def a_constant_for_every_pair_of_dimensions():
    """intro_dgm's ``log_normal_diag`` adds ½ D log 2π for each of D dimensions: D² in all.

    In the divergence, log q - log p, it cancels, and that is all it was used for. As a density it
    does not integrate to 1.
    """

    def log_normal(x, mu, logvar):
        each = -0.5 * x.shape[-1] * log(2 * pi) - 0.5 * (logvar + (x - mu) ** 2 * np.exp(-logvar))
        return each.sum(axis=-1)

    def right(x, mu, logvar):
        return Normal(mu, logvar).log_prob(x).data

    def gives_the_divergence(density):
        x = MU + np.exp(LOGVAR / 2) * EPS
        ratio = density(x, MU, LOGVAR) - density(x, 0.0 * MU, 0.0 * MU)
        np.testing.assert_allclose(
            ratio, right(x, MU, LOGVAR) - right(x, 0.0 * MU, 0.0 * MU), rtol=1e-9
        )

    def integrates_to_one(density):
        line = np.linspace(-12.0, 12.0, 241)
        plane = np.stack(np.meshgrid(line, line), axis=-1)
        total = np.exp(density(plane, np.zeros(2), np.zeros(2))).sum() * (line[1] - line[0]) ** 2
        assert total == pytest.approx(1.0, rel=1e-9), f"the density integrates to {total:.4f}"

    return Exhibit(
        wrong=log_normal,
        weak=gives_the_divergence,
        strong=integrates_to_one,
        caught="the density integrates to 0.1592",
        right=right,
    )


@ROOM.exhibit
def an_argument_that_nothing_read():
    """lightning-bolts#328: ``kl_coeff`` is accepted, stored, and not used in the loss.

    At the value 1 nothing is missing. Every hyper-parameter must change something: here the
    deviation σ of a Gaussian likelihood, which weighs errors against the divergence.
    """

    class Deaf(mv.models.GaussianLikelihood):
        def __call__(self, h):
            return Normal(mu=h, logvar=np.zeros(1))

    def at(likelihood, sigma):
        x = np.array([[0.3, -0.8]])
        given = likelihood(sigma)(mv.tensor(np.zeros((1, 2)))).log_prob(x).item()
        return given, multivariate_normal(np.zeros(2), sigma**2 * np.eye(2)).logpdf(x[0])

    def the_default(likelihood):
        assert np.subtract(*at(likelihood, 1.0)) == pytest.approx(0.0, abs=1e-12)

    def any_value(likelihood):
        for sigma in (0.1, 1.0, 3.0):
            assert np.subtract(*at(likelihood, sigma)) == pytest.approx(0.0, abs=1e-12), (
                f"sigma={sigma} is not heard"
            )

    return Exhibit(
        wrong=Deaf,
        weak=the_default,
        strong=any_value,
        caught="sigma=0.1 is not heard",
        right=mv.models.GaussianLikelihood,
    )


@ROOM.exhibit
def a_threshold_in_place_of_a_draw():
    """Which binarisation a number of nats belongs to is rarely said; test sets differ by project.

    Rounding grey to black and white has other digits than drawing it: a pixel of grey ⅓ is white in
    a third of the draws, E[b] = x. On pixels that are black or white already all agree.
    """

    def rounded(x, rng):
        return (x > 0.5).astype(x.dtype)

    def keeps_black_and_white(binarize):
        np.testing.assert_array_equal(binarize(BITS, np.random.default_rng(0)), BITS)

    def has_the_grey_as_its_mean(binarize):
        n, grey = 100_000, np.array([0.1, 1 / 3, 0.9])
        mean = binarize(np.tile(grey, (n, 1)), np.random.default_rng(0)).mean(axis=0)
        four_sigma = 4 * np.sqrt(grey * (1 - grey) / n)
        assert np.all(np.abs(mean - grey) < four_sigma), f"grey {grey} has become {mean}"

    return Exhibit(
        wrong=rounded,
        weak=keeps_black_and_white,
        strong=has_the_grey_as_its_mean,
        caught="has become",
        right=mv.data.binarize,
    )
