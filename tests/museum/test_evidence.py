"""Estimates of the evidence log p(x) by weighted samples, against one that is known exactly."""

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour
from quadrature import NODES, WEIGHTS
from toy import Toy

import minivae as mv

ROOM = Room()


class TestEvidence(Tour):
    room = ROOM


def log_weights(toy, k, seed=0):
    """k draws from the posterior and log p(x, z) - log q(z|x), (k, n)."""
    model, q = toy.model, toy.model.encode(toy.x)
    z = q.rsample(np.random.default_rng(seed), k)
    joint = model.decode(z).log_prob(toy.x) + model.prior.log_prob(z)
    return (joint - q.log_prob(z)).data


def ours(toy, k):
    return toy.model.log_prob(toy.x, samples=k, rng=np.random.default_rng(0))


def comes_close_to_the_evidence(log_prob):
    toy = Toy.of(wider=0.7)
    error = np.abs(log_prob(toy, 4000) - toy.evidence).max()
    assert error < 0.05, f"off by {error:.3f} nats"


@ROOM.exhibit
def a_mean_of_logarithms():
    """arahuja/generative-tf#1 asks whether IWAE's bound is a mean of logs or the log of a mean.

    The mean of the logs is the ELBO again, however many draws; with one draw they are the same.
    """

    def mean_of_logs(toy, k):
        return log_weights(toy, k).mean(axis=0)

    def with_one_draw(log_prob):
        toy = Toy.of(wider=0.7)
        np.testing.assert_allclose(log_prob(toy, 1), log_weights(toy, 1)[0], rtol=1e-12)

    return Exhibit(
        wrong=mean_of_logs,
        weak=with_one_draw,
        strong=comes_close_to_the_evidence,
        caught="off by 0.[1-9]",
        right=ours,
    )


@ROOM.exhibit
def exponentials_that_were_not_shifted():
    """xqding/Importance_Weighted_Autoencoders#2 and #3 ask why the maximum is subtracted first.

    A digit has log p(x) of about -100 nats, a picture of 784 grey pixels ten times that, and e⁻⁸⁰⁰
    is 0 in double precision. With three pixels nothing vanishes.
    """

    def directly(log_w):
        with np.errstate(divide="ignore", under="ignore"):
            return np.log(np.mean(np.exp(log_w), axis=0))

    def right(log_w):
        return mv.logsumexp(log_w, axis=0) - np.log(len(log_w))

    def moves_along(shift):
        def check(log_mean_exp):
            log_w = log_weights(Toy.of(wider=0.7), 50)
            reference = np.log(np.exp(log_w).mean(axis=0)) + shift
            np.testing.assert_allclose(log_mean_exp(log_w + shift), reference, rtol=1e-9)

        return check

    return Exhibit(
        wrong=directly,
        weak=moves_along(-10.0),
        strong=moves_along(-800.0),
        caught="inf",
        right=right,
    )


@ROOM.exhibit
def weights_that_prefer_worse_samples():
    """AntixK's ``iwae.py`` adds the squared error to its log weights, and no ratio of densities.

    So worse samples weigh more. The weights sum to 1 and the loss is finite; but the posterior mean
    that they give is not that of Bayes' rule.
    """

    def upside_down(toy, z):
        return np.sum((toy.x - toy.model.decode(z).mean.data) ** 2, axis=-1)

    def right(toy, z):
        model, q = toy.model, toy.model.encode(toy.x)
        return (model.decode(z).log_prob(toy.x) + model.prior.log_prob(z) - q.log_prob(z)).data

    def normalised(log_weight):
        toy = Toy.of(wider=0.7)
        q = toy.model.encode(toy.x)
        z = q.mu.data + q.std.data * NODES[:, None, None]  # q's own quadrature
        w = mv.softmax(log_weight(toy, z) + np.log(WEIGHTS)[:, None], axis=0)
        return toy, z[..., 0], w

    def are_shares(log_weight):
        _, _, w = normalised(log_weight)
        np.testing.assert_allclose(w.sum(axis=0), 1.0)

    def give_the_posterior(log_weight):
        toy, z, w = normalised(log_weight)
        mean = np.sum(w * z, axis=0)
        variance = np.sum(w * (z - mean) ** 2, axis=0)
        np.testing.assert_allclose(variance, 0.25 / toy.m, rtol=1e-6, err_msg="not the posterior")

    return Exhibit(
        wrong=upside_down,
        weak=are_shares,
        strong=give_the_posterior,
        caught="not the posterior",
        right=right,
    )


@ROOM.exhibit
def weights_that_were_differentiated():
    """AntixK#34, PR#53: the gradient of log mean w is Σ w̃ ∇ log w with shares w̃ that are constants.

    If a gradient flows through the shares, too, there is a second term. The value of the loss does
    not change, nor is the gradient wrong: it is that of another function.
    """
    log_w = np.random.default_rng(6).standard_normal((5, 3))

    def differentiated(log_w):
        return mv.sum(mv.softmax(log_w, axis=0) * log_w)

    def right(log_w):
        return mv.sum(mv.softmax(log_w, axis=0).detach() * log_w)

    def has_the_value(surrogate):
        assert surrogate(mv.tensor(log_w)).item() == right(mv.tensor(log_w)).item()

    def has_the_gradient_of_the_bound(surrogate):
        bound = mv.grad(lambda t: mv.sum(mv.logsumexp(t, axis=0)))(log_w).data
        np.testing.assert_allclose(
            mv.grad(surrogate)(log_w).data, bound, rtol=1e-10, err_msg="not that of log mean w"
        )

    return Exhibit(
        wrong=differentiated,
        weak=has_the_value,
        strong=has_the_gradient_of_the_bound,
        caught="not that of log mean w",
        right=right,
    )


@ROOM.exhibit
def a_negative_log_likelihood_that_was_negative():
    """pythae's ``get_nll`` returns the mean of log p(x), and its test asserts ``nll < 0``.

    The test was written from the output. An exact evidence knows the sign.
    """

    def nll(toy):
        return ours(toy, 1000).mean()

    def is_negative(nll):
        assert nll(Toy.of()) < 0

    def is_minus_the_evidence(nll):
        toy = Toy.of()
        assert nll(toy) == pytest.approx(-toy.evidence.mean(), rel=1e-9), "not -log p(x)"

    return Exhibit(
        wrong=nll,
        weak=is_negative,
        strong=is_minus_the_evidence,
        caught="not -log p",
        right=lambda toy: -ours(toy, 1000).mean(),
    )


@ROOM.exhibit
def a_number_of_samples_that_was_rounded_up():
    """pythae's ``get_nll`` draws ``batch_size`` samples (100) even if fewer are asked for.

    The estimate is the better for it, so that no comparison of values complains; but numbers that
    are reported for k = 10 are those of k = 100.
    """

    def draw_a_batch(toy, k):
        return ours(toy, max(k, 100))

    def drawn(log_prob, k):
        """The codes that were decoded for each datum."""
        toy, seen = Toy.of(), []
        decoder = toy.model.decoder.forward
        toy.model.decoder.forward = lambda z: (seen.append(z.size), decoder(z))[1]
        log_prob(toy, k)
        return sum(seen) / len(toy.x)

    def many(log_prob):
        assert drawn(log_prob, 1000) == 1000

    def any_number(log_prob):
        for k in (1, 10, 1000):
            assert drawn(log_prob, k) == k, f"asked for {k} samples"

    return Exhibit(
        wrong=draw_a_batch,
        weak=many,
        strong=any_number,
        caught="asked for 1 samples",
        right=ours,
    )
