"""What changes while training goes on, and what each datum comes with."""

from dataclasses import replace

import numpy as np
import pytest

import minivae as mv
from minivae.models import VAE, ImportanceWeightedBound, VariationalBound
from minivae.training import TrainingInterrupted


def setup(condition=0, seed=0):
    rng = np.random.default_rng(seed)
    model = VAE.mlp(6, (5,), 2, condition=condition, dtype="float64", rng=rng)
    return model, rng.random((50, 6)), np.eye(3)[rng.integers(0, 3, 50)]


def run(model, x, **options):
    optimizer = mv.optim.Adam(model.parameters(), lr=1e-2)
    common = {"rng": np.random.default_rng(1), "batch_size": 20, "progress": False}
    return mv.fit(model, x, optimizer=optimizer, **(common | options)), optimizer


def test_scheduled_numbers_are_set_before_each_update():
    model, x, _ = setup()
    seen = []
    terms = model.objective.terms

    def spying(*args, **kwargs):
        seen.append((model.objective.beta, optimizer.lr))
        return terms(*args, **kwargs)

    model.objective.terms = spying
    optimizer = mv.optim.Adam(model.parameters(), lr=1.0)
    schedule = {"beta": lambda step: step / 10, "lr": lambda step: 1e-3 / (1 + step)}
    mv.fit(
        model, x, optimizer=optimizer, schedule=schedule, rng=np.random.default_rng(0), epochs=2,
        batch_size=20, progress=False,
    )  # fmt: skip
    assert seen == [(i / 10, 1e-3 / (1 + i)) for i in range(6)]


def test_a_schedule_decides_what_is_learned():
    weights = []
    for schedule in ({"beta": lambda step: 0.0}, {"beta": lambda step: 1.0}, {}):
        model, x, _ = setup()
        run(model, x, epochs=2, schedule=schedule)
        weights.append(np.concatenate([p.data.ravel() for p in model.parameters()]))
    assert (weights[0] != weights[1]).any()
    np.testing.assert_array_equal(weights[1], weights[2])


def test_a_run_with_schedules_goes_on_after_an_interruption_bit_by_bit(tmp_path):
    schedule = {
        "beta": mv.optim.warm_up(10, 0.1),
        "lr": mv.optim.staircase(12, 1e-2, 1e-3),
    }
    whole, x, y = setup(condition=3)
    run(whole, x, y=y, schedule=schedule, epochs=4)
    part, _, _ = setup(condition=3)
    options = {"y": y, "schedule": schedule, "epochs": 4, "resume": True}
    options["checkpoint"] = tmp_path / "c"

    def stop(history):
        if len(history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted):
        run(part, x, on_epoch=stop, **options)
    resumed, _, _ = setup(condition=3)
    run(resumed, x, **options)
    for name, value in whole.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name], value)
    assert resumed.objective.beta == whole.objective.beta == 1.0 * schedule["beta"](11)


def test_every_datum_keeps_its_own_condition():
    """The condition of a batch belongs to its rows, in whatever order they come."""
    model, x, y = setup(condition=3)
    x[:] = np.repeat(y, 2, axis=1)  # each datum is its condition, written twice
    pairs = []
    terms = model.terms
    model.terms = lambda x, y, *, rng: pairs.append((x, y)) or terms(x, y, rng=rng)
    run(model, x, y=y, epochs=2, validation=x[:10], validation_y=y[:10])
    assert len(pairs) == 2 * 3 + 2
    for seen, condition in pairs:
        np.testing.assert_array_equal(seen, np.repeat(condition, 2, axis=1))


def test_validation_of_a_conditional_model_is_in_the_history():
    model, x, y = setup(condition=3)
    history, _ = run(model, x, y=y, epochs=2, validation=x, validation_y=y)
    assert np.isfinite(history.column("validation_kl")).all()


def test_conditions_and_schedules_that_do_not_fit_are_refused():
    model, x, y = setup(condition=3)
    with pytest.raises(ValueError, match="there are 50 data and 49 rows"):
        run(model, x, y=y[1:], epochs=1)
    with pytest.raises(ValueError, match="the condition y must have shape"):
        run(model, x, epochs=1)
    plain, _, _ = setup()
    with pytest.raises(ValueError, match="nothing here has a 'gamma' that a schedule could"):
        run(plain, x, epochs=1, schedule={"gamma": lambda step: 1.0})
    plain.objective = ImportanceWeightedBound(3)
    with pytest.raises(ValueError, match="nothing here has a 'beta'"):
        run(plain, x, epochs=1, schedule={"beta": lambda step: 1.0})


def test_a_checkpoint_of_another_objective_is_refused(tmp_path):
    model, x, _ = setup()
    options = {"checkpoint": tmp_path / "c", "resume": True}
    run(model, x, epochs=1, **options)
    other, _, _ = setup()
    other.objective = ImportanceWeightedBound(3)
    with pytest.raises(ValueError, match="objective"):
        run(other, x, epochs=2, **options)


@pytest.mark.parametrize("name", ["samples", "gradient", "terms", "check"])
def test_a_schedule_changes_real_numbers_alone(name):
    model, x, _ = setup()
    model.objective = ImportanceWeightedBound(3)
    with pytest.raises(ValueError, match=f"nothing here has a '{name}' .*; there is lr$"):
        run(model, x, epochs=1, schedule={name: lambda step: 2})


def test_a_number_that_a_schedule_makes_nonsense_is_refused():
    model, x, _ = setup()
    with pytest.raises(ValueError, match="beta and free_bits must be 0 or more"):
        run(model, x, epochs=1, schedule={"beta": lambda step: 1.0 - step})
    mixture = VAE.mlp(6, (5,), 2, prior="mixture", dtype="float64", rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="free bits need the KL divergence of each"):
        run(mixture, x, epochs=1, schedule={"free_bits": lambda step: 0.1})


@pytest.mark.parametrize(
    ("objective", "schedule"),
    [
        (VariationalBound(2.0), {}),
        (VariationalBound(1.0, 0.5), {}),
        (VariationalBound(1.0, 0.5), {"beta": lambda step: 1.0}),
        (VariationalBound(2.0), {"free_bits": lambda step: 0.0}),
    ],
)
def test_a_checkpoint_of_other_numbers_is_refused_but_for_scheduled_ones(
    tmp_path, objective, schedule
):
    options = {"checkpoint": tmp_path / "c", "resume": True, "schedule": schedule}
    model, x, _ = setup()
    run(model, x, epochs=1, **options)
    other, _, _ = setup()
    other.objective = objective
    with pytest.raises(ValueError, match="its objective was .*VariationalBound"):
        run(other, x, epochs=2, **options)
    changed, _, _ = setup()
    changed.objective = replace(changed.objective, **dict.fromkeys(schedule, 9.0))
    assert len(run(changed, x, epochs=2, **options)[0]) == 2


def test_numbers_of_numpy_go_on_as_the_numbers_that_they_are(tmp_path):
    options = {"checkpoint": tmp_path / "c", "resume": True}
    x = setup()[1]
    for epochs, number in ((1, np.float32), (2, float), (3, np.float32)):
        model = VAE.mlp(
            6, (5,), 2, likelihood="gaussian", sigma=number(0.5), dtype="float64",
            rng=np.random.default_rng(0),
        )  # fmt: skip
        model.objective = VariationalBound(1 if number is float else np.float64(1), number(0.25))
        assert len(run(model, x, epochs=epochs, **options)[0]) == epochs


def test_a_checkpoint_of_other_conditions_is_refused(tmp_path):
    options = {"checkpoint": tmp_path / "c", "resume": True}
    model, x, y = setup(condition=3)
    run(model, x, y=y, epochs=1, **options)
    with pytest.raises(ValueError, match=r"its y was of shape \(50, 3\) and checksum"):
        run(setup(condition=3)[0], x, y=y[::-1], epochs=2, **options)
    assert len(run(setup(condition=3)[0], x, y=y, epochs=2, **options)[0]) == 2


def test_conditions_may_be_lists():
    model, x, y = setup(condition=3)
    same, _, _ = setup(condition=3)
    run(model, x, y=y.tolist(), epochs=1, validation=x.tolist(), validation_y=y.tolist())
    run(same, x, y=y, epochs=1, validation=x, validation_y=y)
    for name, value in same.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], value)


@pytest.mark.parametrize(
    ("rows", "rows_y", "condition", "message"),
    [
        (slice(0, 0), slice(0, 0), 3, "validation is empty; leave it out"),
        (slice(0, 9), slice(0, 8), 3, "one row of validation_y; there are 9 data and 8 rows"),
        (slice(0, 9), None, 3, "pass y and validation_y, or neither"),
        (slice(0, 9), slice(0, 9), 0, "pass y and validation_y, or neither"),
        (None, slice(0, 9), 3, "validation_y is there without validation"),
    ],
)
def test_validation_that_does_not_fit_is_refused_before_the_first_update(
    rows, rows_y, condition, message
):
    model, x, y = setup(condition=condition)
    before = model.state_dict()
    options = {
        "y": y if condition else None,
        "validation": None if rows is None else x[rows],
        "validation_y": None if rows_y is None else y[rows_y],
    }
    with pytest.raises(ValueError, match=message):
        run(model, x, epochs=1, **options)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    ("narrow", "message"),
    [
        ({"validation": np.zeros((9, 5))}, r"data must have shape \(n, 6\)"),
        ({"validation_y": np.zeros((9, 2))}, "rows of validation_y must be like those of y"),
    ],
)
def test_validation_of_another_width_is_refused_before_the_first_update(narrow, message):
    model, x, y = setup(condition=3)
    before = model.state_dict()
    with pytest.raises(ValueError, match=message):
        run(model, x, y=y, epochs=1, **({"validation": x[:9], "validation_y": y[:9]} | narrow))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_validation_is_done_in_batches_that_count_by_their_sizes():
    model, x, y = setup(condition=3)
    model.objective = ImportanceWeightedBound(4)
    sizes, terms = [], model.terms
    model.terms = lambda x, y, *, rng: sizes.append(len(x)) or terms(x, y, rng=rng)
    history, _ = run(model, x, y=y, epochs=1, validation=x[:45], validation_y=y[:45])
    assert sizes[3:] == [20, 20, 5]
    rng = np.random.default_rng(0)
    parts = [terms(x[i : min(i + 20, 45)], y[i : min(i + 20, 45)], rng=rng) for i in (0, 20, 40)]
    for name in ("loss", "reconstruction", "kl"):
        mean = np.average([part[name].item() for part in parts], weights=[20, 20, 5])
        assert history.rows[0][f"validation_{name}"] == pytest.approx(mean, rel=1e-12)
