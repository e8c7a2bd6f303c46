"""What changes while training goes on, and what each datum comes with."""

import numpy as np
import pytest

import minivae as mv
from minivae.models import VAE, ImportanceWeightedBound
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
