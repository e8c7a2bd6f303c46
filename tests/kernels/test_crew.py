"""Threads that share a kernel: all chunks once, from several threads at once, and after a fork."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import minivae as mv
from minivae.kernels.crew import crew

pytest.importorskip("numba", reason="Numba is not installed here", exc_type=ImportError)

from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.team import MOST_CHUNKS, claim, enter, finish, leave


@jit
def count(team, chunks, counts, who):  # type: ignore[no-untyped-def]
    """Count how often each chunk is done, and by whom."""
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        counts[chunk] += 1
        who[chunk] = team[2]
        for _ in range(200):
            counts[chunk] += 0
        finish(team)
    leave(team, chunks)


@pytest.fixture(autouse=True)
def as_before():
    before = crew.threads
    yield
    crew.resize(before)


def counted(chunks):
    counts, who = np.zeros(chunks, np.int64), np.zeros(chunks, np.int64)
    crew.run(count, chunks, counts, who)
    return counts, who


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("chunks", [0, 1, 2, 7, 100, MOST_CHUNKS])
def test_every_chunk_is_done_exactly_once(threads, chunks):
    mv.set_num_threads(threads)
    for _ in range(50):
        counts, who = counted(chunks)
        np.testing.assert_array_equal(counts, 1)
        assert who.max(initial=0) < threads


def until(true, seconds=20):
    """Wait for what another thread does, however busy the machine is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def helped():
    crew.rests_until = 0.0  # it may have rested, if the machine is busy
    counts, who = counted(MOST_CHUNKS)
    np.testing.assert_array_equal(counts, 1)
    return who.any()


def test_helpers_help():
    mv.set_num_threads(2)
    until(helped)


def test_helpers_that_slept_are_woken():
    mv.set_num_threads(2)
    for _ in range(5):
        counted(10)
        until(lambda: crew.asleep or crew._rests())
        until(helped)


def test_a_crew_whose_helpers_are_slow_rests_and_works_alone(monkeypatch):
    mv.set_num_threads(2)
    monkeypatch.setattr("minivae.kernels.crew._CROWDED", -1)
    counted(10)
    assert crew._rests()
    counts, who = counted(MOST_CHUNKS)
    np.testing.assert_array_equal(counts, 1)
    assert not who.any()


def test_kernels_may_be_called_from_several_threads_at_once():
    mv.set_num_threads(3)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(120, 90)), rng.normal(size=(90, 130))
    expected, failures = mv.matmul(a, b), []

    def work():
        for _ in range(200):
            if not np.array_equal(mv.matmul(a, b), expected):
                failures.append("a different product")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def _product_in_child(queue):
    rng = np.random.default_rng(0)
    queue.put(mv.matmul(rng.normal(size=(120, 90)), rng.normal(size=(90, 130))))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_kernels_work_in_a_forked_process():
    mv.set_num_threads(2)
    rng = np.random.default_rng(0)
    expected = mv.matmul(rng.normal(size=(120, 90)), rng.normal(size=(90, 130)))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_product_in_child, args=(queue,))
    child.start()
    found = queue.get(timeout=60)
    child.join(timeout=60)
    assert child.exitcode == 0
    np.testing.assert_array_equal(found, expected)


def test_a_task_of_too_many_chunks_is_refused_and_the_next_one_runs():
    mv.set_num_threads(2)
    for _ in range(3):
        with pytest.raises(ValueError, match="too many chunks"):
            counted(MOST_CHUNKS + 1)
        counts, _ = counted(100)
        np.testing.assert_array_equal(counts, 1)


def test_the_arrays_of_a_task_are_let_go_when_it_is_done():
    mv.set_num_threads(2)
    counts, who = np.zeros(100, np.int64), np.zeros(100, np.int64)
    crew.run(count, 100, counts, who)
    assert not crew.task[2]


def test_a_helper_that_is_hired_after_the_room_was_made_stays_out_of_it(monkeypatch):
    from minivae.kernels.compiled import product

    def late(kernel, room, *args):
        around = np.full((4, room.shape[1]), 7, room.dtype)
        mv.set_num_threads(4)
        crew.run(kernel, around[:1], *args)
        assert (around[1:] == 7).all()

    mv.set_num_threads(1)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 200)), rng.normal(size=(900, 200)).T
    monkeypatch.setattr(
        product, "crew", type("Late", (), {"threads": 1, "run": staticmethod(late)})
    )
    for _ in range(20):
        np.testing.assert_allclose(product.multiply(a, b), a @ b, rtol=1e-11, atol=1e-11)


def test_a_program_whose_thread_still_computes_can_end():
    code = """
import threading, numpy as np, minivae as mv
mv.set_num_threads(2)
x = np.ones((200, 200))
def work():
    while True:
        mv.matmul(x, x)
mv.matmul(x, x)
threading.Thread(target=work, daemon=True).start()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None])
def test_a_number_of_threads_that_is_none_is_refused(n):
    with pytest.raises(ValueError, match="whole number from 1 on; it is"):
        mv.set_num_threads(n)


def test_the_number_of_threads_is_the_users():
    for n in (3, 1, 2):
        mv.set_num_threads(n)
        assert mv.get_num_threads() == n
        counted(10)
        assert len(crew.helpers) in (0, n - 1)


@pytest.mark.parametrize(
    ("variables", "threads"),
    [
        ({"MINIVAE_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"NUMBA_NUM_THREADS": "4", "OMP_NUM_THREADS": "5"}, 4),
        ({"OMP_NUM_THREADS": "5,2"}, 5),
        ({"MINIVAE_NUM_THREADS": "many", "OMP_NUM_THREADS": "2"}, 2),
    ],
)
def test_the_environment_says_how_many_threads_there_are(variables, threads):
    inherited = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    code = "import minivae as mv; print(mv.get_num_threads())"
    out = subprocess.run(
        [sys.executable, "-c", code], env=inherited | variables, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert int(out.stdout) == threads


@pytest.mark.parametrize(
    ("choice", "blas"),
    [
        ("pass", 1),
        ("mv.set_num_threads(2)", 1),
        ("mv.set_num_threads(1)", 1),
        ("mv.use('numpy'); mv.use('numba')", 1),
        ("mv.use('numpy'); mv.set_num_threads(3)", 3),
        (
            "rng = np.random.default_rng(0);"
            "model = mv.models.VAE.mlp(data_dim=2, hidden=(2,), latent=1, rng=rng);"
            "mv.fit(model, np.ones((4, 2), 'f4'), rng=rng, steps=2, progress=False)",
            1,
        ),
    ],
)
def test_there_is_one_pool_at_a_time(choice, blas):
    """Unless the environment says otherwise BLAS has one thread where compiled kernels run."""
    inherited = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    code = (
        "import numpy as np, minivae as mv, threadpoolctl;"
        f"{choice};"
        "x = np.ones((200, 200)); mv.matmul(x, x);"
        "print(*{i['num_threads'] for i in threadpoolctl.threadpool_info()"
        "  if i['user_api'] == 'blas' and 'numpy' in i['filepath']})"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], env=inherited, capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == [str(blas)]


def test_the_crew_and_the_team_read_the_same_box():
    from minivae.kernels import crew as module
    from minivae.kernels.compiled import team

    assert module._WAITED == team.WAITED < module._BOX
