"""Anomaly mode names the first operation that is to blame, and the user's line."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest

import minivae as mv


def leaf(*values):
    return mv.tensor(np.array(values), requires_grad=True)


def test_the_first_operation_is_named_and_not_what_follows():
    p = leaf(0.5, 0.0, 0.25)

    def program():
        logs = mv.log(p)  # this line
        return mv.exp(logs * 2.0).sum()

    with pytest.raises(mv.AnomalyError) as caught, mv.detect_anomaly():
        program()
    message = str(caught.value)
    assert message.startswith(
        "log made the first value that is not finite: its result is float64[3]"
    )
    assert "1 of 3 -inf" in message
    assert "operand 0: float64[3], from 0 to 0.5" in message
    assert re.search(r"test_anomaly\.py:\d+: logs = mv\.log\(p\)  # this line", message)


def test_the_line_is_the_users_also_inside_a_model():
    model = mv.models.VAE.mlp(
        data_dim=3, hidden=(4,), latent=2, activation="tanh", rng=np.random.default_rng(0)
    )
    model.parameters()[0].data[...] = np.nan
    with pytest.raises(mv.AnomalyError, match="model.loss") as caught, mv.detect_anomaly():
        model.loss(np.ones((2, 3)), rng=np.random.default_rng(0))
    assert "float32[4, 3], no entry finite, 12 of 12 NaN" in str(caught.value)


def test_a_nan_loss_is_noticed_without_a_backward():
    x = mv.tensor(np.inf, requires_grad=True)
    with (
        pytest.raises(mv.AnomalyError, match=r"subtract was given.*result is float64 nan"),
        mv.detect_anomaly(),
    ):
        x - np.inf


def test_the_first_gradient_is_named_with_the_line_of_its_forward_operation():
    x = leaf(4.0, 1e-200)

    def program():
        root = mv.power(x, -0.9)  # the culprit
        return (root * 2.0).sum()

    with pytest.raises(mv.AnomalyError) as caught, mv.detect_anomaly():
        program().backward()
    message = str(caught.value)
    assert message.startswith("the adjoint of power made the first gradient that is not finite")
    assert "for operand 0" in message
    assert "# the culprit" in message
    assert "its cotangent: float64[2], from 2 to 2" in message


def test_a_cotangent_that_was_not_finite_already_is_shown():
    y = leaf(1.0, 2.0) * 3.0
    with pytest.raises(mv.AnomalyError, match=r"its cotangent: .*1 of 2 NaN"), mv.detect_anomaly():
        y.backward([1.0, np.nan])


def test_a_forward_pass_outside_is_said_to_be_missing():
    y = mv.power(leaf(1e-200), -0.9)
    with (
        pytest.raises(mv.AnomalyError, match="run the forward pass inside detect_anomaly"),
        mv.detect_anomaly(),
    ):
        y.backward()


def test_higher_derivatives_are_watched_too_and_know_the_line():
    def root(x):
        return x**0.25  # the root

    with pytest.raises(mv.AnomalyError, match="the adjoint of") as caught, mv.detect_anomaly():
        mv.grad(mv.grad(root))(1e-200)
    assert "# the root" in str(caught.value)


def test_a_sum_over_a_broadcast_is_part_of_the_adjoint():
    y = leaf(1.0) * np.ones(4)
    with (
        pytest.raises(mv.AnomalyError, match="the adjoint of multiply.*1 of 1 inf"),
        mv.detect_anomaly(),
    ):
        y.backward(np.full(4, 1e308))


def test_a_file_in_a_folder_with_a_longer_name_is_the_users(tmp_path):
    package = Path(mv.__file__).parent
    code = compile("y = mv.log(x)", f"{package}_homework/culprit.py", "exec")
    with pytest.raises(mv.AnomalyError, match=r"_homework/culprit\.py:1"), mv.detect_anomaly():
        exec(code, {"mv": mv, "x": leaf(0.0)})


def test_finite_programs_pass_and_nothing_is_watched_afterwards():
    x = leaf(1.0, 2.0)
    with mv.detect_anomaly():
        mv.log(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.5])
    with np.errstate(all="ignore"):
        assert mv.log(leaf(0.0)).data == -np.inf


def test_other_threads_are_not_watched():
    seen = []

    def work():
        with np.errstate(all="ignore"):
            seen.append(mv.log(leaf(0.0)).data)

    with mv.detect_anomaly():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [-np.inf]


def test_anomaly_mode_and_profile_work_together():
    with mv.detect_anomaly(), mv.profile() as tape:
        mv.exp(leaf(1.0)).sum().backward()
    assert [step.op for step in tape.steps] == ["exp", "sum", "sum", "exp"]
    with pytest.raises(mv.AnomalyError), mv.profile(), mv.detect_anomaly():
        mv.log(leaf(0.0))
