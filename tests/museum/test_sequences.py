"""Likelihoods of sequences: what is read before each step, and what counts."""

from itertools import product

import numpy as np
from exhibit import Exhibit, Room, Tour

from minivae.distributions import Categorical
from minivae.models import SequenceVAE

ROOM = Room()
T, SIGMA = 6, 0.5


class TestSequences(Tour):
    room = ROOM


def model(**choices):
    rng = np.random.default_rng(0)
    built = SequenceVAE.gru(T, hidden=4, latent=2, dtype="float64", **choices, rng=rng)
    for parameter in built.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    return built


WAVES = model(likelihood="gaussian", sigma=SIGMA)
STRINGS = model(symbols=2)
Z = WAVES.prior.sample(np.random.default_rng(1), 2000)


def predictions(x):
    return WAVES.decode(Z).outputs(x).data


def errs_by_sigma(predict):
    """On the model's own draws, the errors of its predictions have the spread σ."""
    x = WAVES.decode(Z).sample(np.random.default_rng(2))
    spread = np.std(x - predict(x)) / SIGMA
    # A standard deviation of n normal errors errs by 1 / √(2 n): five times that.
    assert abs(spread - 1) < 5 / np.sqrt(2 * x.size), f"its errors are {spread:.2f} sigma"


@ROOM.exhibit
def a_step_that_never_advances():
    """Chainer's VRAE, for real values, reads the same step before every prediction.

    Of a sequence that never changes it says what it should; and the loss falls, as z and the count
    of the steps still tell much.
    """

    def stuck(x):
        return predictions(np.repeat(x[:, :1], T, axis=1))

    def on_constant_sequences(predict):
        x = np.repeat(np.linspace(-1, 1, len(Z))[:, None], T, axis=1)
        np.testing.assert_array_equal(predict(x), predictions(x))

    return Exhibit(
        wrong=stuck,
        weak=on_constant_sequences,
        strong=errs_by_sigma,
        caught=r"its errors are 1\.[1-9]",
        right=predictions,
    )


def log_prob(x):
    return STRINGS.decode(np.full((len(x), 2), 0.3)).log_prob(x).data


def logits(x):
    h = STRINGS.decode(np.full((len(x), 2), 0.3)).outputs(x)
    return h.reshape(len(x), T, 2)


def strings():
    """All strings of ones, with 0 at their end and after it."""
    return np.array([[1] * n + [0] * (T - n) for n in range(T + 1)])


def sums_to_one(log_prob):
    total = np.exp(log_prob(strings())).sum()
    assert abs(total - 1) < 1e-12, f"the probabilities of all strings sum to {total:.3f}"


@ROOM.exhibit
def padding_that_counts():
    """The loss asks for the padding after the end, too: DaoyuanLi2816/Molecule-Generator PR#20,
    guxd/VariationalSeq2Seq#5.

    On strings that fill their row nothing is amiss, and over all rows of symbols, with things after
    the end that can never be, the probabilities do sum to 1.
    """

    def wrong(x):
        return Categorical(logits(x)).log_prob(x).data

    def on_full_rows(log_prob):
        full = np.array([[1] * T, [1] * (T - 1) + [0]])
        np.testing.assert_allclose(log_prob(full), Categorical(logits(full)).log_prob(full).data)

    return Exhibit(
        wrong=wrong,
        weak=on_full_rows,
        strong=sums_to_one,
        caught=r"sum to 0\.",
        right=log_prob,
    )


@ROOM.exhibit
def a_decoder_that_reads_what_it_is_to_predict():
    """Inputs that are not shifted against the targets; timbmg/Sentence-VAE#3 asks how it is there.

    Each step is a proper distribution, and the loss falls faster than it should: to copy is easy.
    """

    def wrong(x):
        ahead = np.concatenate([x[:, 1:], x[:, -1:]], axis=1)  # one step too far
        h = logits(ahead)
        return STRINGS.likelihood(h.reshape(len(x), -1)).log_prob(x).data

    def is_a_distribution_at_every_step(log_prob):
        ahead = np.array(list(product([0, 1], repeat=T)))
        p = np.exp(log_prob(ahead))
        assert np.all((p > 0) & (p < 1))

    return Exhibit(
        wrong=wrong,
        weak=is_a_distribution_at_every_step,
        strong=sums_to_one,
        caught=r"sum to (0\.|1\.[0-9]*[1-9])",
        right=log_prob,
    )
