"""Two players in one loop: who moves when, what a run keeps, and that it goes on bit for bit."""

import numpy as np
import pytest
from safetensors import safe_open

import minivae as mv
from minivae.data import gaussian_ring
from minivae.evaluation import mode_coverage
from minivae.models import GAN, VAE
from minivae.training import Players, TrainingInterrupted, adversarial_update

X = np.random.default_rng(3).random((50, 4)).astype("float32")


def fresh(lr=1e-2):
    model = GAN.mlp(4, (8,), 2, "tanh", rng=np.random.default_rng(1))
    return model, Players.adam(model, lr)


def run(model, players, rng=None, **options):
    options = {"batch_size": 20, "progress": False} | options
    rng = np.random.default_rng(2) if rng is None else rng
    return mv.fit(model, X, optimizer=players, rng=rng, **options)


def same_weights(a, b):
    a, b = a.state_dict(), b.state_dict()
    return all(np.array_equal(a[name], b[name]) for name in a)


def moved(before, after):
    """Return the networks in which something changed."""
    return {name.split(".")[0] for name in before if not np.array_equal(before[name], after[name])}


def test_the_loop_is_the_one_that_the_reader_would_write():
    model, players = fresh()
    run(model, players, epochs=3)

    mine, _ = fresh()
    d, g = mine.discriminator.parameters(), mine.generator.parameters()
    betas = 0.5, 0.999
    d_opt, g_opt = mv.optim.Adam(d, 1e-2, betas), mv.optim.Adam(g, 1e-2, betas)
    rng = np.random.default_rng(2)
    for _ in range(3):
        for batch in mv.data.batches(X, 20, rng):
            fake = mine.generate(rng.standard_normal((len(batch), 2), dtype="float32")).detach()
            loss = -(
                mv.mean(mv.log_sigmoid(mine.logits(batch)))
                + mv.mean(mv.log_sigmoid(-mine.logits(fake)))
            )
            d_opt.zero_grad()
            loss.backward()
            d_opt.step()
            fake = mine.generate(rng.standard_normal((len(batch), 2), dtype="float32"))
            loss = -mv.mean(mv.log_sigmoid(mine.logits(fake)))
            g_opt.zero_grad()
            loss.backward()
            g_opt.step()
    assert same_weights(model, mine)


def test_each_of_the_two_updates_moves_its_own_network_alone():
    model, players = fresh()
    seen = [model.state_dict()]
    for optimizer in (players.discriminator, players.generator):
        step = optimizer.step

        def watched(step=step):
            step()
            seen.append(model.state_dict())

        optimizer.step = watched
    adversarial_update(model, X, players, np.random.default_rng(0))
    start, after_discriminator, after_generator = seen
    assert moved(start, after_discriminator) == {"discriminator"}
    assert moved(after_discriminator, after_generator) == {"generator"}
    assert not moved(after_generator, model.state_dict())


def test_each_update_lowers_its_own_loss():
    """With a step small enough, from the same batch and codes."""
    model, _ = fresh()
    players = Players(
        discriminator=mv.optim.SGD(model.discriminator.parameters(), 1e-2),
        generator=mv.optim.SGD(model.generator.parameters(), 1e-2),
    )
    terms = adversarial_update(model, X, players, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    z_discriminator, z_generator = model.noise(50, rng), model.noise(50, rng)
    assert model.generator_loss(z_generator).item() < terms["loss"].item()
    start, _ = fresh()
    start.discriminator.load_state_dict(model.discriminator.state_dict())
    assert start.discriminator_loss(X, z_discriminator).item() < terms["discriminator"].item()


def test_the_history_holds_both_losses():
    history = run(*fresh(), epochs=2, validation=X)
    assert history.columns[4:] == [
        "loss",
        "discriminator",
        "validation_loss",
        "validation_discriminator",
    ]
    assert np.isfinite([list(row.values()) for row in history.rows]).all()


def test_an_epochs_means_are_over_data_when_nothing_moves():
    """The discriminator is set to D = 1/2: both losses are then known, 2 log 2 and log 2."""
    model, players = fresh(lr=1e-30)
    for parameter in model.discriminator.parameters():
        parameter.data[...] = 0
    (row,) = run(model, players, epochs=1).rows
    assert row["discriminator"] == pytest.approx(2 * np.log(2), rel=1e-6)
    assert row["loss"] == pytest.approx(np.log(2), rel=1e-6)


def test_a_gan_learns_all_modes_of_a_ring():
    """Eight Gaussians; before training hardly a sample lies within 3 standard deviations."""
    ring = gaussian_ring(std=0.1)
    x, _ = ring.sample(2000, np.random.default_rng(0))
    rng, steps = np.random.default_rng(1), 1500
    model = GAN.mlp(2, (64, 64), 2, output="identity", rng=rng)
    before = mode_coverage(model.sample(2000, rng=rng), ring.centres, ring.std)
    falling = {"lr": lambda step: 2e-3 * (1 - step / steps)}
    mv.fit(model, x, rng=rng, steps=steps, batch_size=100, schedule=falling, progress=False)
    after = mode_coverage(model.sample(2000, rng=rng), ring.centres, ring.std)
    assert before.quality < 0.1
    assert after.covered == 8
    assert after.quality > 0.4
    assert after.kl < 0.1


def test_players_are_the_default_for_a_gan():
    given, chosen = fresh(lr=1e-3), fresh()[0]
    run(*given, epochs=2)
    run(chosen, None, epochs=2)
    assert same_weights(given[0], chosen)


def test_watching_does_not_change_the_result(capsys):
    plain, watched = fresh(), fresh()
    run(*plain, epochs=3)
    run(*watched, epochs=3, validation=X, progress=True, on_epoch=lambda history: None)
    assert same_weights(plain[0], watched[0])
    assert "generator 0." in capsys.readouterr().err


@pytest.mark.parametrize("length", [{"epochs": 5}, {"steps": 13}])
@pytest.mark.parametrize("calls", [1, 3, 4, 8, 12])
def test_a_run_interrupted_anywhere_and_resumed_ends_with_the_same_bits(tmp_path, calls, length):
    left = [0]

    def counting(batch, rng):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return mv.data.binarize(batch, rng)

    whole = fresh()
    options = {**length, "validation": X, "transform": counting}
    expected = run(*whole, **options)

    left[0] = calls
    options |= {"checkpoint": tmp_path / "c.safetensors", "resume": True}
    with pytest.raises(TrainingInterrupted, match="training stopped"):
        run(*fresh(), **options)
    resumed, players = fresh()
    rng = np.random.default_rng(2 if calls <= 3 else 99)  # the checkpoint brings its own state
    history = run(resumed, players, **options, rng=rng)
    assert same_weights(whole[0], resumed)
    assert [r["validation_loss"] for r in history.rows] == [
        r["validation_loss"] for r in expected.rows
    ]
    for a, b in zip(whole[1].state_dict().items(), players.state_dict().items(), strict=True):
        assert a[0] == b[0]
        np.testing.assert_array_equal(a[1], b[1])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_an_interruption_between_the_two_updates_is_undone_by_resuming(tmp_path, player):
    """Ctrl-C may come when the discriminator has moved and the generator has not."""
    whole = fresh()
    run(*whole, epochs=4)
    model, players = fresh()
    optimizer = getattr(players, player)
    step = optimizer.step

    def interrupting():
        if optimizer.steps == 7:
            raise KeyboardInterrupt
        step()

    optimizer.step = interrupting
    options = {"epochs": 4, "checkpoint": tmp_path / "c", "resume": True}
    with pytest.raises(TrainingInterrupted, match="holds all complete epochs"):
        run(model, players, **options)
    resumed = fresh()
    run(*resumed, **options)
    assert same_weights(whole[0], resumed[0])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_loss_that_is_not_finite_stops_with_a_mend(player):
    model, players = fresh()
    getattr(players, player).lr = 3e38
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="not finite at update .* smaller learning rate"),
    ):
        run(model, players, epochs=50)


def test_a_discriminators_loss_that_is_not_finite_stops_although_the_generators_is():
    model, players = fresh()
    model.discriminator.layers[-1].bias.data[...] = np.inf  # certain that all is real
    with pytest.raises(FloatingPointError, match="update 1 .loss -?0, discriminator inf"):
        run(model, players, epochs=1)


def test_a_checkpoint_of_other_players_is_refused_and_changes_nothing(tmp_path):
    path = tmp_path / "c"
    run(*fresh(), epochs=1, checkpoint=path)
    model, players = fresh()
    mixed = Players(
        discriminator=players.discriminator,
        generator=mv.optim.SGD(model.generator.parameters(), 0.1),
    )
    before = model.state_dict(), mixed.state_dict()
    with pytest.raises(ValueError, match="does not fit this run .*another optimiser"):
        run(model, mixed, epochs=2, checkpoint=path, resume=True)
    for old, new in zip(before, (model.state_dict(), mixed.state_dict()), strict=True):
        for name, array in new.items():
            np.testing.assert_array_equal(array, old[name])


def test_a_checkpoint_of_one_optimiser_is_refused(tmp_path):
    vae = VAE.mlp(4, (8,), 2, rng=np.random.default_rng(1))
    mv.fit(
        vae,
        X,
        epochs=1,
        rng=np.random.default_rng(2),
        checkpoint=tmp_path / "c",
        progress=False,
    )
    with pytest.raises(ValueError, match="does not fit this run: its recipe was"):
        run(*fresh(), epochs=2, checkpoint=tmp_path / "c", resume=True)


def test_the_checkpoint_holds_both_memories(tmp_path):
    run(*fresh(), epochs=1, checkpoint=tmp_path / "c")
    with safe_open(tmp_path / "c", framework="numpy") as file:
        names = set(file.keys())
    for player in ("discriminator", "generator"):
        assert {f"optimizer.{player}.m.0", f"optimizer.{player}.v.3"} <= names


def test_players_remember_what_they_are_told():
    model, players = fresh()
    run(model, players, epochs=2)
    again = Players.adam(model, lr=5.0)
    again.load_state_dict(players.state_dict())
    assert again.lr == players.lr
    for name, array in players.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], array)


def test_a_new_learning_rate_keeps_the_ratio_of_the_two():
    _, players = fresh(lr=1e-3)
    players.discriminator.lr = 4e-3
    players.lr = 5e-4
    assert players.generator.lr == players.lr == 5e-4
    assert players.discriminator.lr == pytest.approx(2e-3)


def test_a_schedule_from_a_learning_rate_of_0_keeps_the_ratio_too():
    model, players = fresh(lr=1e-3)
    players.discriminator.lr = 4e-3
    run(model, players, steps=4, schedule={"lr": mv.optim.warm_up(2, end=1e-2)})
    assert players.generator.lr == 1e-2
    assert players.discriminator.lr == pytest.approx(4e-2)
    players.lr = 0.0
    players.discriminator.lr = 1.0  # beside 0 this is no ratio
    players.lr = 1e-3
    assert players.discriminator.lr == pytest.approx(4e-3)


def test_optimisers_that_do_not_suit_the_model_are_refused():
    model, players = fresh()
    vae = VAE.mlp(4, (8,), 2, rng=np.random.default_rng(1))
    with pytest.raises(TypeError, match="a GAN has two losses, .* pass Players"):
        run(model, mv.optim.Adam(model.parameters()), epochs=1)
    with pytest.raises(TypeError, match="Players train a GAN, and this is a VAE; pass one"):
        run(vae, players, epochs=1)
    with pytest.raises(TypeError, match="this takes a GAN, not a VAE"):
        adversarial_update(vae, X, players, np.random.default_rng(0))
    with pytest.raises(ValueError, match="there is no condition y in a GAN"):
        run(model, players, epochs=1, y=np.ones((50, 1)))
    one = mv.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="discriminator and generator share a parameter"):
        Players(discriminator=players.discriminator, generator=one)
