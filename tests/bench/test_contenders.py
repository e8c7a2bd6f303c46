"""All contenders compute the same thing, learn alike, and answer as processes of their own."""

import io
import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from minivae import kernels
from minivae.bench.child import peak_memory, serve
from minivae.bench.contenders import CONTENDERS
from minivae.bench.contenders import products as makers
from minivae.bench.race import Child
from minivae.bench.sweep import factors
from minivae.bench.workloads import LIMIT, WORKLOADS, group, images
from minivae.kernels.backend import products_by

BY_NAME = {contender.name: contender for contender in CONTENDERS}
MODELS = [workload for name in WORKLOADS for workload in group(name)]
PEERS = pytest.mark.parametrize("peer", ["PyTorch", "JAX", "autograd"])


def module_of(name):
    contender = BY_NAME[name]
    if contender.missing:
        pytest.skip(f"{' and '.join(contender.missing)} not installed")
    return import_module(f"minivae.bench.contenders.{contender.module}")


@PEERS
@pytest.mark.parametrize("workload", MODELS, ids=lambda workload: workload.name)
def test_the_loss_is_that_of_minivae(workload, peer):
    """With the same weights, data and noise, the weights such that z matters."""
    ours, theirs = module_of("minivae"), module_of(peer)
    workload = replace(workload, size=min(workload.size, 20), samples=min(workload.samples, 50))
    rng, x = np.random.default_rng(3), images(workload.size, seed=4)
    weights = workload.network.weights(seed=5)
    eps = rng.standard_normal((workload.samples, workload.size, workload.network.latent))
    eps = eps.astype(np.float32)
    try:
        loss = theirs.loss(workload, weights, x, eps)
    except NotImplementedError as error:
        pytest.skip(str(error))
    assert loss == pytest.approx(ours.loss(workload, weights, x, eps), rel=1e-4)
    assert loss != pytest.approx(ours.loss(workload, weights, x, 0 * eps), rel=1e-4)


@PEERS
@pytest.mark.parametrize("task", ["step", "bound"])
def test_steps_learn_as_fast_as_those_of_minivae(task, peer):
    """Where the loss falls steeply it tells; the noise, which differs, moves it far less."""
    ours, theirs = module_of("minivae"), module_of(peer)
    (workload,) = WORKLOADS["iwae"]
    workload = replace(workload, task=task, samples=5 if task == "bound" else 1)
    one, ten = ours.prepare(workload)(1), ours.prepare(workload)(10)
    assert ten < 0.9 * one
    assert theirs.prepare(workload)(10) == pytest.approx(ten, rel=0.005)


@PEERS
def test_an_epoch_and_a_likelihood_come_out_as_those_of_minivae(peer, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))  # where there is no MNIST
    ours, theirs = module_of("minivae"), module_of(peer)
    (likelihood,), (epoch, _) = WORKLOADS["likelihood"], WORKLOADS["epoch"]
    for workload, count, rel in ((replace(likelihood, samples=500), 3, 1e-2), (epoch, 20, 0.03)):
        workload = replace(workload, images=3_000)
        expected = ours.prepare(workload)(count)
        assert theirs.prepare(workload)(count) == pytest.approx(expected, rel=rel)


@pytest.mark.parametrize("by", ["tiles", "blas", "auto"])
def test_products_are_made_by_whom_a_contender_is_named_after(by):
    pytest.importorskip("numba", reason="Numba is not installed here", exc_type=ImportError)
    (workload,) = [w for w in group("products") if w.name == "10 x 10 x 1000, A Bᵀ"]
    a, b = factors(workload.product)
    try:
        run = getattr(makers, by)(workload)
        assert run(2) == pytest.approx((a @ b)[0, 0], rel=1e-5)
        assert kernels.backend() == "numba"
        assert products_by() == by
    finally:
        kernels.use("numba")


def test_tiles_that_do_not_work_here_are_left_out(monkeypatch):
    monkeypatch.setattr(makers.kernels, "backend", lambda: "numpy")
    try:
        with pytest.raises(NotImplementedError, match="Numba does not work here"):
            makers.tiles(group("products")[0])
    finally:
        kernels.use("numba")


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_matrix_product_is_one(name):
    workload = replace(LIMIT[0], size=8)
    if not BY_NAME[name].takes(workload):
        return
    module = module_of(name)
    a, b = import_module("minivae.bench.workloads").matrices(8)
    assert module.prepare(workload)(2) == pytest.approx((a @ b)[0, 0], rel=1e-5)


def answers(commands, module="ours", name="iwae"):
    out = io.StringIO()
    serve(module, name, True, io.StringIO(commands), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_child_times_blocks_and_its_loss_falls():
    first, *_, last = answers(10 * "0 1\n")
    assert first["seconds"] > 0
    assert last["loss"] < 0.9 * first["loss"]
    assert last["memory"] is None or last["memory"] > 1e7


def test_a_child_tells_what_fails_and_goes_on():
    wrong, right = answers("7 1\n0 1\n")
    assert wrong == {"error": "IndexError: tuple index out of range"}
    assert right["seconds"] > 0
    (refused,) = answers("0 1\n", "nobody")
    assert refused["error"].startswith("ModuleNotFoundError: No module named")


def test_memory_is_that_of_the_process_and_not_of_its_parent():
    ballast = np.ones(400_000_000 // 8)
    child = Child(BY_NAME["NumPy"], ["limit", "quick"], 1)
    memory = child.run(0, 1)["memory"]
    child.close()
    assert memory is None or memory < ballast.nbytes
    assert peak_memory() is None or peak_memory() > ballast.nbytes


def test_a_child_that_dies_leaves_its_last_words():
    child = Child(BY_NAME["NumPy"], ["nothing"], 1)
    answer = child.run(0, 1)
    child.close()
    assert "its process ended (1): ValueError: workload 'nothing' is unknown" in answer["error"]
