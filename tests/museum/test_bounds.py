"""Bounds on log p(x) that are none. The gradient is right, of a wrong formula.

So no gradient checker finds them. What does is a known evidence, which no bound may exceed.
"""

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour
from toy import Toy

import minivae as mv

ROOM = Room()


class TestBounds(Tour):
    room = ROOM


def terms(model, x, eps, *, decode_mean=False):
    """The terms of the bound, from the parts of the model."""
    q = model.encode(x)
    z = q.mean if decode_mean else q.rsample(eps=eps)
    return mv.mean(model.decode(z).log_prob(x)).item(), mv.mean(q.kl(model.prior)).item()


def elbo(model, x, eps):
    return model.elbo(x, eps=eps).value.item()


def is_a_bound(elbo):
    """Not above the evidence, and at the exact posterior equal to it."""
    for wider in (0.0, -1.0, 0.7):
        toy = Toy.of(wider=wider)
        bound, evidence = toy.mean_over_noise(elbo), toy.evidence.mean()
        assert bound <= evidence + 1e-9, f"a bound of {bound:.3f} nats on {evidence:.3f}"
        if wider == 0.0:
            assert bound == pytest.approx(evidence, rel=1e-9), f"{bound:.3f}, not {evidence:.3f}"


@ROOM.exhibit
def an_error_averaged_over_pixels():
    """pytorch/examples#234, #290, #294, alibi-detect#90: a mean over pixels, a sum over z.

    The divergence then weighs D times too much, an unsaid β (AntixK's 0.00025 times it means a σ²
    of 1.536). The loss falls, and looks better, being less. With one pixel nothing is wrong.
    """

    def averaged(model, x, eps):
        reconstruction, kl = terms(model, x, eps)
        return reconstruction / x.shape[1] - kl

    def with_one_pixel(elbo):
        toy = Toy.of(d=1)
        assert toy.mean_over_noise(elbo) == pytest.approx(toy.evidence.mean(), rel=1e-9)

    return Exhibit(
        wrong=averaged,
        weak=with_one_pixel,
        strong=is_a_bound,
        caught="a bound of .* nats on",
        right=elbo,
    )


@ROOM.exhibit
def an_impossible_bound():
    """keras PR#4211, #3838: ``epsilon_std=0.01`` makes the noise a hundredth of what the divergence
    was told, and MNIST seems to need about 60 nats.

    Reconstructions are sharp, and the divergence is still small: the bound is above log p(x).
    """

    def quiet(model, x, eps):
        reconstruction, kl = terms(model, x, 0.01 * eps)
        return reconstruction - kl

    def reconstructs(elbo):
        toy = Toy.of()
        assert toy.mean_over_noise(elbo) > toy.evidence.mean() - 5.0

    return Exhibit(
        wrong=quiet,
        weak=reconstructs,
        strong=is_a_bound,
        caught="a bound of .* nats on",
        right=elbo,
    )


@ROOM.exhibit
def a_bound_at_the_posterior_mean():
    """Shall one decode the mean or a sample in evaluation? (pytorch/examples PR#226,
    airc-rl-agent#43.) For pictures the mean; a bound needs the sample.

    At the mean it is a deterministic number, larger than the bound, and above log p(x).
    """

    def deterministic(model, x, eps):
        reconstruction, kl = terms(model, x, eps, decode_mean=True)
        return reconstruction - kl

    def does_not_depend_on_noise(elbo):
        toy = Toy.of()
        assert elbo(toy.model, toy.x, None) == elbo(toy.model, toy.x, None)

    return Exhibit(
        wrong=deterministic,
        weak=does_not_depend_on_noise,
        strong=is_a_bound,
        caught="a bound of .* nats on",
        right=elbo,
    )


@ROOM.exhibit
def a_divergence_weighed_by_the_size_of_the_batch():
    """AntixK#11: the divergence of a minibatch of M is multiplied by M / N, as a "bias correction".

    There is no bias to correct: the mean of the minibatches' bounds is the bound of the data. With
    one batch of all the data M / N is 1.
    """
    n = 6

    def corrected(model, x, eps):
        reconstruction, kl = terms(model, x, eps)
        return reconstruction - kl * len(x) / n

    def minibatches_agree_with_all(size):
        def check(elbo):
            toy, eps = Toy.of(n=n), np.linspace(-2.0, 2.0, n)[:, None]
            parts = [slice(i, i + size) for i in range(0, n, size)]
            mean = np.mean([elbo(toy.model, toy.x[p], eps[p]) for p in parts])
            whole = terms(toy.model, toy.x, eps)
            assert mean == pytest.approx(whole[0] - whole[1], rel=1e-9), "minibatches are biased"

        return check

    return Exhibit(
        wrong=corrected,
        weak=minibatches_agree_with_all(n),
        strong=minibatches_agree_with_all(2),
        caught="minibatches are biased",
        right=elbo,
    )


@ROOM.exhibit
def a_loss_that_grows_with_the_batch():
    """pytorch/examples#652, y0ast/VAE-Torch#7, unnir/cVAE#1, wiseodd#40: a sum over the batch, or a
    mean?

    The direction of the gradient is the same, the size of a step is not, nor can two numbers be
    compared whose batches differ. One convention: sums over the event, means over the batch.
    """

    def summed(model, x, eps):
        reconstruction, kl = terms(model, x, eps)
        return (reconstruction - kl) * len(x)

    def of_one_datum(elbo):
        toy = Toy.of(n=1)
        assert toy.mean_over_noise(elbo) == pytest.approx(toy.evidence.mean(), rel=1e-9)

    def of_the_data_twice(elbo):
        toy, eps = Toy.of(), np.ones((6, 1))
        once = elbo(toy.model, toy.x, eps)
        twice = elbo(toy.model, np.tile(toy.x, (2, 1)), np.tile(eps, (2, 1)))
        assert twice == pytest.approx(once, rel=1e-12), f"{twice} for the data twice, {once} once"

    return Exhibit(
        wrong=summed,
        weak=of_one_datum,
        strong=of_the_data_twice,
        caught="for the data twice",
        right=elbo,
    )
