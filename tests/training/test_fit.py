"""Training: what it minimises, what it keeps, and that a run can stop anywhere and go on."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save as to_bytes

import minivae as mv
from minivae.training import TrainingInterrupted

X = (np.random.default_rng(3).random((50, 6)) < 0.3).astype("float32")


def fresh(lr=1e-2):
    model = mv.models.VAE.mlp(
        data_dim=6, hidden=(8,), latent=2, activation="tanh", rng=np.random.default_rng(1)
    )
    return model, mv.optim.Adam(model.parameters(), lr=lr)


def run(model, optimizer, rng=None, **options):
    options = {"batch_size": 20, "transform": mv.data.binarize, "progress": False} | options
    rng = np.random.default_rng(2) if rng is None else rng
    return mv.fit(model, X, optimizer=optimizer, rng=rng, **options)


def same_weights(a, b):
    a, b = a.state_dict(), b.state_dict()
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_the_loop_is_the_one_that_the_reader_would_write():
    model, optimizer = fresh()
    run(model, optimizer, epochs=3)

    mine, opt = fresh()
    rng = np.random.default_rng(2)
    for _ in range(3):
        for batch in mv.data.batches(X, 20, rng):
            loss = mine.loss(mv.data.binarize(batch, rng), rng=rng)
            opt.zero_grad()
            loss.backward()
            opt.step()
    assert same_weights(model, mine)


def test_the_history_holds_the_means_over_each_epoch():
    model, optimizer = fresh()
    history = run(model, optimizer, epochs=2, validation=X)
    assert [row["epoch"] for row in history.rows] == [1, 2]
    assert [row["step"] for row in history.rows] == [3, 6]
    for prefix in ("", "validation_"):
        loss, rec, kl = (history.column(prefix + n) for n in ("loss", "reconstruction", "kl"))
        np.testing.assert_allclose(loss, kl - rec, rtol=1e-5)
    lines = history.to_csv().splitlines()
    assert lines[0].split(",") == history.columns
    assert len(lines) == 3
    assert float(lines[2].split(",")[history.columns.index("loss")]) == history.rows[1]["loss"]


def test_epochs_of_unequal_batches_are_averaged_over_data_not_batches():
    """With a vanishing learning rate and no noise an epoch's mean is the mean over all data."""
    model = mv.models.Autoencoder.mlp(
        data_dim=6, hidden=(4,), latent=2, rng=np.random.default_rng(1)
    )
    optimizer = mv.optim.SGD(model.parameters(), lr=1e-30)
    history = run(model, optimizer, epochs=1, transform=None)  # batches of 20, 20 and 10
    assert history.rows[0]["loss"] == pytest.approx(model.loss(X).item(), rel=1e-6)


def test_steps_stop_within_an_epoch():
    model, optimizer = fresh()
    history = run(model, optimizer, steps=4)
    assert [row["step"] for row in history.rows] == [3, 4]
    assert optimizer.steps == 4


def test_training_learns():
    model, optimizer = fresh()
    history = run(model, optimizer, epochs=60)
    assert history.rows[-1]["loss"] < history.rows[0]["loss"] - 0.5


def test_watching_does_not_change_the_result():
    plain, watched = fresh(), fresh()
    run(*plain, epochs=3)
    run(*watched, epochs=3, validation=X, progress=True, on_epoch=lambda history: None)
    assert same_weights(plain[0], watched[0])


@pytest.mark.parametrize("length", [{"epochs": 5}, {"steps": 13}])
@pytest.mark.parametrize("calls", [1, 2, 3, 4, 7, 12])
def test_a_run_interrupted_anywhere_and_resumed_ends_with_the_same_bits(tmp_path, calls, length):
    whole = fresh()
    expected = run(*whole, **length, validation=X)

    left = [calls]

    def interrupting(batch, rng):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return mv.data.binarize(batch, rng)

    options = {**length, "checkpoint": tmp_path / "c.safetensors", "resume": True, "validation": X}
    kept = (
        "before the first epoch" if calls <= 3 else "holds all complete epochs: go on with resume"
    )
    with pytest.raises(TrainingInterrupted, match=f"training stopped.*{kept}"):
        run(*fresh(), **options, transform=interrupting)
    resumed = fresh()
    first_epoch = calls <= 3  # then there is no checkpoint, and all begins again
    rng = np.random.default_rng(2 if first_epoch else 99)  # the checkpoint brings its own state
    history = run(*resumed, **options, rng=rng)
    assert same_weights(whole[0], resumed[0])
    losses = [row["validation_loss"] for row in expected.rows]
    assert [row["validation_loss"] for row in history.rows] == losses


def test_a_run_can_be_made_longer(tmp_path):
    whole, first, second = fresh(), fresh(), fresh()
    run(*whole, epochs=4)
    run(*first, epochs=2, checkpoint=tmp_path / "c")
    run(*second, epochs=4, checkpoint=tmp_path / "c", resume=True)
    assert same_weights(whole[0], second[0])


def test_a_write_that_fails_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "c"
    run(*fresh(), epochs=1, checkpoint=path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            run(*fresh(), epochs=2, checkpoint=path, resume=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "c"
    run(*fresh(), epochs=1, checkpoint=path)
    content = path.read_bytes()
    other = mv.models.VAE.mlp(data_dim=6, hidden=(9,), latent=2, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="does not fit this run: its recipe was"):
        run(other, mv.optim.Adam(other.parameters()), epochs=2, checkpoint=path, resume=True)
    model, _ = fresh()
    sgd = mv.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="does not fit this run: its optimizer was Adam, now"):
        run(model, sgd, epochs=2, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="its batch_size was 20, now it is 10"):
        run(*fresh(), epochs=2, batch_size=10, checkpoint=path, resume=True)
    for cut in (0, 5, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ValueError, match="is damaged"):
            run(*fresh(), epochs=2, checkpoint=path, resume=True)


def rewritten(path, **changes):
    """Change some of what a checkpoint says beside its arrays."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state = json.loads(file.metadata()["minivae"])
    path.write_bytes(to_bytes(arrays, {"minivae": json.dumps(state | changes)}))


@pytest.mark.parametrize(
    ("changes", "epochs", "message"),
    [
        ({}, 1, "it has seen 6 updates already, more than the 3 asked for"),
        ({"step": "6"}, 3, "is damaged"),
        ({"history": 3}, 3, "is damaged"),
        ({"setup": None}, 3, "is damaged"),
        ({"setup": {}}, 3, "its recipe was None"),
        ({"rng": None}, 3, "does not fit this run"),
        ({"rng": {"bit_generator": "MT19937"}}, 3, "does not fit this run"),
    ],
)
def test_a_checkpoint_that_is_refused_changes_nothing(tmp_path, changes, epochs, message):
    path, rng = tmp_path / "c", np.random.default_rng(5)
    run(*fresh(), epochs=2, checkpoint=path)
    rewritten(path, **changes)
    model, optimizer = fresh()
    before = model.state_dict(), optimizer.state_dict(), rng.bit_generator.state
    with pytest.raises(ValueError, match=message):
        run(model, optimizer, epochs=epochs, checkpoint=path, resume=True, rng=rng)
    for old, new in zip(before, (model.state_dict(), optimizer.state_dict()), strict=False):
        for name, array in new.items():
            np.testing.assert_array_equal(array, old[name])
    assert rng.bit_generator.state == before[2]


def test_other_data_of_the_same_shape_are_refused(tmp_path):
    run(*fresh(), epochs=1, checkpoint=tmp_path / "c")
    model, optimizer = fresh()
    with pytest.raises(ValueError, match="its data was of shape .50, 6. and checksum"):
        mv.fit(
            model,
            1 - X,
            optimizer=optimizer,
            batch_size=20,
            epochs=2,
            rng=np.random.default_rng(2),
            checkpoint=tmp_path / "c",
            resume=True,
            progress=False,
        )


def test_the_learning_rate_is_part_of_what_goes_on(tmp_path):
    run(*fresh(lr=3e-3), epochs=1, checkpoint=tmp_path / "c")
    model, optimizer = fresh(lr=0.5)
    run(model, optimizer, epochs=2, checkpoint=tmp_path / "c", resume=True)
    assert optimizer.lr == 3e-3


def test_the_checkpoint_is_written_before_anybody_hears_of_the_epoch(tmp_path):
    path, seen = tmp_path / "c", []

    def look(history):
        with safe_open(path, framework="numpy") as file:
            seen.append(json.loads(file.metadata()["minivae"])["step"])

    run(*fresh(), epochs=2, checkpoint=path, on_epoch=look)
    assert seen == [3, 6]


def test_a_loss_that_is_not_finite_stops_with_a_mend():
    with pytest.raises(FloatingPointError, match="smaller learning rate may help"):
        run(*fresh(lr=1e9), epochs=50)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "by epochs= or by steps="),
        ({"epochs": 1, "steps": 1}, "by epochs= or by steps="),
        ({"epochs": 0}, "epochs must be at least 1, it is 0"),
        ({"steps": -3}, "steps must be at least 1, it is -3"),
        ({"epochs": 1, "batch_size": 0}, "batch_size must be at least 1, it is 0"),
    ],
)
def test_lengths_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        run(*fresh(), **options)


def test_an_unknown_column_lists_those_there_are():
    history = run(*fresh(), epochs=1)
    with pytest.raises(KeyError, match="no column 'elbow'; it has epoch, step"):
        history.column("elbow")


def test_data_and_generators_that_make_no_sense():
    model, _ = fresh()
    with pytest.raises(ValueError, match="the number of data must be at least 1, it is 0"):
        mv.fit(model, X[:0], epochs=1, rng=np.random.default_rng(0), progress=False)
    with pytest.raises(TypeError, match="rng must be a numpy.random.Generator, it is 0"):
        mv.fit(model, X, epochs=1, rng=0, progress=False)
