"""The tape's listing: each operation once forward and once backward, its memory, its line."""

import time

import numpy as np

import minivae as mv


def test_every_step_is_listed_in_order_with_its_result():
    x = mv.tensor(np.ones((3, 4), "float32"), requires_grad=True)
    with mv.profile() as tape:
        y = mv.tanh(x.reshape(12))
        y.sum().backward()
    assert [(s.op, s.backward, s.shape, s.nbytes) for s in tape.steps] == [
        ("reshape", False, (12,), 0),  # a view
        ("tanh", False, (12,), 48),
        ("sum", False, (), 4),
        ("sum", True, (12,), 0),  # a broadcast view of the cotangent
        ("tanh", True, (12,), 48),
        ("reshape", True, (3, 4), 0),
    ]
    assert {s.dtype for s in tape.steps} == {"float32"}
    assert all("test_profile.py:" in s.line for s in tape.steps)


def test_time_is_that_of_the_operation():
    @mv.op
    def nap(x):
        time.sleep(0.02)
        return x + 0.0

    nap.adjoint(lambda g: g)
    try:
        with mv.profile() as tape:
            nap(mv.tensor(1.0, requires_grad=True)).backward()
    finally:
        del mv.REGISTRY["nap"], mv.FUNCTIONS["nap"]
    forward, backward = tape.steps
    assert 0.02 <= forward.seconds < 0.2
    assert backward.seconds < 0.02


def test_table_and_listing_are_readable():
    x = mv.tensor(np.ones((30, 40)), requires_grad=True)
    with mv.profile() as tape:
        (mv.exp(x) * mv.exp(x)).sum().backward()
    table = str(tape).splitlines()
    assert table[0].split() == ["operation", "calls", "forward", "backward", "memory"]
    assert {line.split()[0] for line in table[1:]} == {"exp", "multiply", "sum", "all"}
    assert next(line for line in table if line.startswith("exp")).split()[1] == "2"
    assert table[-1].split()[:2] == ["all", "4"]
    listing = tape.listing().splitlines()
    assert len(listing) == 1 + len(tape.steps)
    assert "exp" in listing[1]
    assert "float64[30, 40]" in listing[1]
    assert "9.4 KiB" in listing[1]
    assert "test_profile.py:" in listing[1]


def test_nothing_is_listed_outside():
    with mv.profile() as tape:
        pass
    mv.exp(np.ones(3))
    assert tape.steps == []
    assert "all" in str(tape)
