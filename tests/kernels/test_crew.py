"""Threads that share a kernel: all chunks once, from several threads at once, and after a fork."""

import multiprocessing
import os
import subprocess
import sys
import threading

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


def test_helpers_help():
    mv.set_num_threads(2)
    crew.rests_until = 0.0
    assert any(counted(MOST_CHUNKS)[1].any() for _ in range(100))


def test_helpers_that_slept_are_woken():
    mv.set_num_threads(2)
    for _ in range(5):
        counted(10)
        until = threading.Event()
        until.wait(0.05)
        assert crew.asleep
        crew.rests_until = 0.0
        counts, _ = counted(MOST_CHUNKS)
        np.testing.assert_array_equal(counts, 1)


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


@pytest.mark.parametrize(("threads", "blas"), [(1, 1), (2, 1)])
def test_there_is_one_pool_at_a_time(threads, blas):
    """Unless the environment says otherwise BLAS has one thread while the crew has several."""
    inherited = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    code = (
        "import numpy as np, minivae as mv, threadpoolctl;"
        f"mv.set_num_threads({threads});"
        "x = np.ones((200, 200)); mv.matmul(x, x);"
        "print(*{i['num_threads'] for i in threadpoolctl.threadpool_info()"
        "  if i['user_api'] == 'blas' and 'numpy' in i['filepath']})"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], env=inherited, capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == [str(blas)]
