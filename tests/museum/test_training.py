"""Updates that went wrong while the loss went down: steps that grow, and weights that are NaN."""

import numpy as np
import pytest
from exhibit import Exhibit, Room, Tour

import minivae as mv

ROOM = Room()


class TestTraining(Tour):
    room = ROOM


@ROOM.exhibit
def a_bias_correction_by_epoch():
    """y0ast's Adam corrects its averages by the number of the *epoch*, not of the step.

    Within the first epoch the averages grow and the correction does not, so steps grow, too. The
    very first step is right. For a constant gradient every step of Adam has the length lr.
    """

    def steps(t_of):
        p, m, v, path = 0.0, 0.0, 0.0, [0.0]
        for step in range(1, 6):
            m, v, t = 0.9 * m + 0.1 * 2.0, 0.999 * v + 0.001 * 4.0, t_of(step)
            p -= 0.01 * (m / (1 - 0.9**t)) / np.sqrt(v / (1 - 0.999**t))
            path.append(p)
        return -np.diff(path)

    def right():
        p = mv.nn.Parameter(np.zeros(1))
        adam, path = mv.optim.Adam([p], lr=0.01), [0.0]
        for _ in range(5):
            p.grad = np.full(1, 2.0)
            adam.step()
            path.append(p.data.item())
        return -np.diff(path)

    def the_first_step(lengths):
        assert lengths()[0] == pytest.approx(0.01, rel=1e-6)

    def every_step(lengths):
        np.testing.assert_allclose(lengths(), 0.01, rtol=1e-6, err_msg="steps change their length")

    return Exhibit(
        wrong=lambda: steps(lambda step: 1),
        weak=the_first_step,
        strong=every_step,
        caught="steps change their length",
        right=right,
    )


@ROOM.exhibit
def a_training_that_went_on_with_nan():
    """exp(logvar) overflows: pyg#500, synthcity#331, kvfrans#5, hwalsuklee#4, WorldModels#9.

    A loop that prints its loss goes on, and every weight is NaN from the next update. ``mv.fit``
    stops with the number of the update.
    """
    x = np.full((4, 3), 1e150)

    def small():
        return mv.models.VAE.mlp(
            3, (2,), 1, likelihood="gaussian", dtype="float64", rng=np.random.default_rng(0)
        )

    def plain_loop(model, x):
        sgd, rng = mv.optim.SGD(model.parameters(), lr=0.1), np.random.default_rng(0)
        with np.errstate(all="ignore"):
            for _ in range(3):
                sgd.zero_grad()
                model.loss(x, rng=rng).backward()
                sgd.step()

    def fit(model, x):
        optimizer = mv.optim.SGD(model.parameters(), lr=0.1)
        rng = np.random.default_rng(0)
        mv.fit(model, x, rng=rng, steps=3, optimizer=optimizer, progress=False)

    def on_moderate_data(train):
        model = small()
        train(model, x / 1e150)
        assert all(np.isfinite(p.data).all() for p in model.parameters())

    def on_any_data(train):
        model = small()
        try:
            train(model, x)
        except FloatingPointError as error:
            assert "the loss is" in str(error)  # noqa: PT017
        else:
            finite = all(np.isfinite(p.data).all() for p in model.parameters())
            assert finite, "the weights are NaN and nobody said so"

    return Exhibit(
        wrong=plain_loop,
        weak=on_moderate_data,
        strong=on_any_data,
        caught="nobody said so",
        right=fit,
    )


def test_anomaly_mode_names_the_exponential_that_overflowed():
    """Of the exhibit before: not the loss, not the sum, but the exponential, and its line."""

    def run():
        logvar = mv.tensor(np.array([[0.0, 800.0]]), requires_grad=True)
        with mv.detect_anomaly():
            variance = mv.exp(logvar)
            (variance - logvar).sum().backward()

    with pytest.raises(mv.AnomalyError) as caught:
        run()
    told = str(caught.value)
    assert told.startswith("exp made the first value that is not finite")
    assert "from 0 to 800" in told
    assert "variance = mv.exp(logvar)" in told
