"""``minivae bench``: what it measures is complete and consistent; how fast it is, is not tested."""

import json
import os
import re

import pytest

from minivae import kernels
from minivae.bench import bench, contenders, sweep, table
from minivae.bench.contenders import Contender
from minivae.bench.race import Entry, _environment, _order
from minivae.bench.table import in_units
from minivae.bench.verdict import Verdict
from minivae.bench.workloads import Workload, group
from minivae.cli.main import main


@pytest.fixture
def alone(monkeypatch):
    """Leave the peers out, as if they were not installed."""

    def absent(package):
        return None if package in ("torch", "jax", "optax", "autograd") else package

    monkeypatch.setattr(contenders, "find_spec", absent)


def check(figures):
    limit = figures["limit"]["flops_per_second"]
    for entry in figures["entries"]:
        assert not entry.get("error"), entry
        seconds = entry["seconds"]
        assert 0 < min(entry["blocks"]) <= seconds["lower_quartile"] <= seconds["median"]
        assert seconds["median"] <= seconds["upper_quartile"] <= max(entry["blocks"])
        assert seconds["median"] == sorted(entry["blocks"])[1]
        assert len(entry["blocks"]) == 3
        assert entry["repetitions_timed_together"] >= 1
        rate = entry["flops"] / seconds["median"]
        assert entry["fraction_of_limit"] == pytest.approx(rate / limit)
    products = [e for e in figures["entries"] if e["workload"].startswith("product")]
    assert limit == pytest.approx(max(e["flops"] / min(e["blocks"]) for e in products))
    assert {"Python", "numpy", "minivae"} <= figures["versions"].keys()
    assert figures["machine"]["cores"] >= figures["machine"]["threads"] >= 1
    assert figures["machine"]["processor"]


def test_the_command_writes_what_it_measured(alone, capsys, tmp_path):
    place = tmp_path / "figures.json"
    assert main(["bench", "dense", "--quick", "--threads", "1", "--json", str(place)]) == 0
    out = capsys.readouterr().out
    figures = json.loads(place.read_text())
    check(figures)
    assert figures["quick"] is True
    assert figures["missing"] == {
        "PyTorch": ["torch"],
        "JAX": ["jax", "optax"],
        "autograd": ["autograd"],
    }
    names = [e["workload"] for e in figures["entries"] if not e["workload"].startswith("product")]
    assert names == ["dense 100", "dense 512", "dense 400"]
    assert {e["contender"] for e in figures["entries"]} == {"minivae", "NumPy"}
    assert "JAX is left out: jax and optax not installed" in out
    assert figures["machine"]["processor"] in out
    assert out.count("784-500-20") == 2


def test_an_epoch_is_compared_with_its_steps(alone, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path))  # where there is no MNIST
    assert main(["bench", "epoch", "--quick", "--json", "-"]) == 0
    figures = json.loads(capsys.readouterr().out)
    check(figures)
    assert figures["mnist"] is False
    epoch, steps = figures["entries"][-2:]
    assert (epoch["workload"], steps["workload"]) == ("epoch", "steps")
    assert (epoch["repetitions"], epoch["repetitions_timed_together"]) == (600, 5)
    assert epoch["last_loss"] > 0


def test_the_choice_of_a_maker_is_compared_with_the_makers(alone, capsys, tmp_path):
    pytest.importorskip("numba", reason="Numba is not installed here", exc_type=ImportError)
    place = tmp_path / "figures.json"
    assert main(["bench", "products", "--quick", "--threads", "1", "--json", str(place)]) == 0
    out, figures = capsys.readouterr().out, json.loads(place.read_text())
    check(figures)
    times = {(e["workload"], e["contender"]): e["seconds"]["median"] for e in figures["entries"]}
    verdict = figures["products"]
    names = [str(workload.product) for workload in group("products", quick=True)]
    assert list(verdict["ratios"]) == names
    for name, ratio in verdict["ratios"].items():
        tiles, blas, auto = (times[name, by] for by in ("tiles", "BLAS", "auto"))
        assert ratio == pytest.approx(min(tiles, blas) / auto)
        assert name in out
    assert verdict["smallest_ratio"] == min(verdict["ratios"].values())
    assert verdict["products"] == len(names)
    assert verdict["products_below_0.95"] == sum(r < 0.95 for r in verdict["ratios"].values())
    assert verdict["choice"] == kernels.explain_products()
    assert verdict["choice"] in out
    assert "autograd" not in figures["missing"]  # who makes no products is not missed


def test_the_verdict_leaves_out_what_not_everybody_made():
    def entry(by, product, *seconds):
        (contender,) = [c for c in contenders.CONTENDERS if c.name == by]
        return Entry(contender, Workload("", "", "choice", None, 1, product=product), 1, [*seconds])

    fast, slow, partial = sweep.PRODUCTS[:3]
    entries = [
        *(entry("tiles", fast, 1.0, 2.0, 9.0), entry("BLAS", fast, 4.0), entry("auto", fast, 2.0)),
        *(entry("BLAS", slow, 3.0), entry("auto", slow, 4.0), entry("tiles", slow, 8.0)),
        *(entry("tiles", partial), entry("BLAS", partial, 1.0), entry("auto", partial, 1.0)),
    ]
    verdict = Verdict.of(entries)
    assert verdict.seconds == {fast: (2.0, 4.0, 2.0), slow: (8.0, 3.0, 4.0)}
    assert (verdict.ratio(fast), verdict.ratio(slow)) == (1.0, 0.75)
    assert (verdict.worst, verdict.slower) == (slow, [slow])
    assert Verdict.of(entries[-3:]) is None


def test_short_blocks_are_timed_one_contender_after_the_other():
    """So that there is a pause for each contender in a round, not for each of its blocks."""

    def turns(seconds):
        work = [Workload(str(i), "", "choice", None, 1, seconds=seconds) for i in range(2)]
        pairs = [Entry(c, w) for w in work for c in contenders.CONTENDERS[-3:]]
        return [(entry.contender.name, entry.workload.name) for entry in _order(pairs)]

    names = ["tiles", "BLAS", "auto"]
    assert turns(0.2) == [(name, number) for number in "01" for name in names]
    assert turns(0.005) == [(name, number) for name in sorted(names) for number in "01"]


def test_a_contender_that_fails_is_reported_and_the_others_are_timed(monkeypatch):
    broken = Contender("broken", "nobody", ("numpy",), ("bound",))
    monkeypatch.setattr("minivae.bench.report.CONTENDERS", (*contenders.CONTENDERS[::4], broken))
    report = bench(["iwae"], threads=1, quick=True)
    failed, timed = report.as_json()["entries"][-1], report.as_json()["entries"][-2]
    assert failed["error"].startswith("ModuleNotFoundError")
    assert "seconds" not in failed
    assert timed["seconds"]["median"] > 0
    lines = [str(line) for line in table(report).renderables if isinstance(line, str)]
    assert any(line.startswith("broken, iwae: FAILED: ModuleNotFound") for line in lines)


def test_threads_and_cores_are_what_was_asked_for(monkeypatch):
    """The child's environment and affinity; here, a process that prints them."""
    started = {}

    class Spy:
        def __init__(self, contender, arguments, threads):
            cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
            started[contender.name] = threads, len(cores)

        def run(self, number, count):
            return {"seconds": 1e-3 * count, "loss": 0.0, "memory": None}

        def close(self):
            pass

    monkeypatch.setattr("minivae.bench.race.Child", Spy)
    report = bench(["iwae"], threads=1, quick=True)
    assert set(started.values()) == {(1, 1)}
    (entry,) = [e for e in report.entries if e.contender.name == "minivae"]
    assert entry.seconds == pytest.approx([1e-3] * 3)
    assert entry.repetitions == 20  # blocks of 0.02 s


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["rnn"],
            "workload 'rnn' is unknown; choose from dense, conv, iwae, likelihood, epoch, products",
        ),
        (["--threads", "0"], r"threads must be from 1 to \d+, the cores here; not 0"),
        (["--threads", "100000"], r"threads must be from 1 to \d+, the cores here; not 100000"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments, message, capsys):
    assert main(["bench", *arguments]) == 1
    assert re.fullmatch(f"minivae bench: {message}\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12.3456, "12.3 s"),
        (2881.4, "2,881 s"),
        (0.1234, "123 ms"),
        (0.00234, "2.34 ms"),
        (5e-5, "50 µs"),
        (2e-8, "0.02 µs"),
    ],
)
def test_times_are_shown_in_a_unit_that_fits(seconds, text):
    assert in_units(seconds, seconds) == text


@pytest.mark.parametrize(
    ("contender", "told"), [("ours", False), ("products:auto", False), ("products:blas", True)]
)
def test_only_minivae_may_divide_the_threads_as_it_likes(contender, told, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    environment = _environment(Contender("name", contender, ()), 2)
    assert environment.get("OPENBLAS_NUM_THREADS") == ("2" if told else None)
    assert environment["MINIVAE_NUM_THREADS"] == "2"
