"""Figures about the engine, none of them a test: ``python tests/measure/engine.py [section]``."""

import argparse
import ast
import gc
import inspect
import os
import platform
import tokenize
import tracemalloc
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
from peers import OPERATIONS, PEERS, lambdas
from threadpoolctl import threadpool_info

import minivae as mv


def row(name: str, figure: str, note: str = "") -> str:
    """Align a name, its figure and a remark."""
    return f"  {name:<36}{figure:>14}  {note}".rstrip()


def climb(step: Callable, start: np.ndarray, n: int, end: float, slope: float) -> list[float]:
    """Repeat a step n times and pull ones back: seconds forward, backward, both (medians of 9)."""
    times = []
    for _ in range(9):
        z = x = mv.tensor(start, requires_grad=True)
        marks = [perf_counter()]
        for _ in range(n):
            z = step(z)
        marks.append(perf_counter())
        z.backward(np.ones(z.shape))
        times.append(np.diff([*marks, perf_counter()]))
        assert np.all((z.data == end) & (x.grad == slope))
    return [*(ways := np.median(times, axis=0)), ways.sum()]


def depth(n: int = 100_000) -> Iterator[str]:
    """Go along a chain of 100,000 operations, far longer than Python's stack is deep.

    (With so many objects alive, Python's cycle collector takes its share of each node.)
    """
    times = climb(lambda z: z + 1.0, np.zeros(4), n, end=n, slope=1.0)
    for name, t in zip(("forward", "backward", "both"), times, strict=True):
        yield row(name, f"{t:.3f} s", f"{t / n * 1e6:.2f} us/node")


def sharing(n: int = 1_000) -> Iterator[str]:
    """Go through 1,000 stacked x = x + x, a graph of 2^1000 paths (goal: under 50 ms)."""
    *_, both = climb(lambda z: z + z, np.array(2.0**-n), n, end=1.0, slope=2.0**n)
    yield row("forward and backward", f"{both * 1e3:.1f} ms")


def training() -> Iterator[None]:
    """Take one training step of a small model after another."""
    rng = np.random.default_rng(0)
    model = mv.models.VAE.mlp(16, hidden=(16,), latent=2, activation="tanh", rng=rng)
    opt = mv.optim.Adam(model.parameters())
    x = rng.integers(0, 2, (8, 16)).astype(np.float32)
    while True:
        loss = model.loss(x, rng=rng)
        opt.zero_grad()
        loss.backward()
        opt.step()
        yield


def resident() -> float:
    """Return this process's resident memory in bytes, or its peak where only that is known."""
    if (statm := Path("/proc/self/statm")).exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if platform.system() == "Darwin" else 1024)


def memory() -> Iterator[str]:
    """Train without Python's cycle collector, so that a leak or a cycle shows as growth."""
    steps = training()

    def after(count: int, measure: Callable[[], float] = resident) -> float:
        for _ in range(count):
            next(steps)
        return measure() / 1024

    after(10)  # compiles, fills caches
    gc.collect()
    gc.disable()
    early, late = after(990), after(9_000)
    tracemalloc.start()
    held, more = (after(n, lambda: tracemalloc.get_traced_memory()[0]) for n in (100, 1_000))
    tracemalloc.stop()
    found = gc.collect()
    gc.enable()
    yield row("resident after 1,000 steps", f"{early:,.0f} KB")
    yield row("resident after 10,000 steps", f"{late:,.0f} KB", f"growth {late - early:+,.0f} KB")
    yield row("traced in 1,000 more steps", f"{more - held:+,.1f} KB")
    yield row("objects then found in cycles", f"{found:,}")


def cost(rounds: int = 60) -> Iterator[str]:
    """Time a node on 4 entries, both ways (goal: minivae under 4 us and ahead of all three)."""
    rng = np.random.default_rng(0)
    w = rng.uniform(0.9, 1.1, 4)  # with w c = 1 and b near 0 no gradient vanishes
    tracked, c = (rng.uniform(-1, 1, 4), w, rng.normal(0, 1e-3, 4)), 1 / w
    programs = {n: run for n, run in PEERS.items() if find_spec(n)} | {"bare lambdas": lambdas}
    for name, run in programs.items():
        if not np.allclose(run(*tracked, c=c), lambdas(*tracked, c=c), rtol=1e-10, atol=0):
            raise SystemExit(f"{name}: the gradients differ from the bare lambdas'")
    gc.freeze()  # what the libraries keep for good is nobody's garbage
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name in rng.permutation(list(programs)):
            gc.collect()  # each pays for its own garbage
            start = perf_counter()
            programs[name](*tracked, c=c)
            times[name].append((perf_counter() - start) / (OPERATIONS + 1) * 1e6)
    gc.unfreeze()
    gc.collect()  # which counts the heap anew: the next section is collected as seldom as before
    yield f"  {'library':<24}{'version':<14}{'us/node':>8}{'IQR':>8}{'of minivae':>12}"
    for name in programs:
        release = next((d.version for d in distributions(name=name)), "-")
        low, t, high = np.quantile(times[name], (0.25, 0.5, 0.75))
        ratio = t / np.median(times["minivae"])
        yield f"  {name:<24}{release:<14}{t:8.2f}{high - low:8.2f}{ratio:12.2f}"
    absent = ", ".join(n for n in PEERS if n not in programs) or "none"
    yield f"  {OPERATIONS + 1:,} nodes, {rounds} rounds; gradients agree; not installed: {absent}"


def code_lines(path: Path) -> int:
    """Count the lines that are neither blank nor all comment nor part of a docstring."""
    layout = {"COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER"}
    lines: set[int] = set()
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if tokenize.tok_name[token.type] not in layout:
                lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Expr(ast.Constant(str())):
                lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def size() -> Iterator[str]:
    """Count lines of code: no blank lines, comments or docstrings."""
    engine = Path(mv.__file__).parent / "engine"
    core = [engine / f"{name}.py" for name in ("tensor", "op", "reverse")]
    groups = {
        "Tensor, operation machinery, reverse walk": core,
        "what they stand on, forward walk, guards": sorted({*engine.glob("*.py")} - {*core}),
        "the operations": sorted(engine.glob("ops/*.py")),
    }
    for title, files in groups.items():
        counts = {path.name: code_lines(path) for path in files}
        yield from (row(f"  {name}", f"{count}") for name, count in counts.items())
        yield row(title, "", f"{sum(counts.values())} in total")


def main() -> None:
    """Print the sections asked for."""
    sections = {f.__name__: f for f in (depth, sharing, memory, cost, size)}
    parser = argparse.ArgumentParser(description="Measure the engine, while nothing else runs.")
    parser.add_argument("section", nargs="*", help=f"{', '.join(sections)} (default: all)")
    names = parser.parse_args().section or list(sections)
    if unknown := set(names) - set(sections):
        parser.error(f"no section {unknown.pop()}; choose from {', '.join(sections)}")
    print(f"CPUs {os.cpu_count()}, Python {platform.python_version()}, NumPy {np.__version__}")
    print("threads:", *(f"{p['internal_api']} {p['num_threads']}" for p in threadpool_info()))
    for name in names:
        print(f"\n{name}: {inspect.getdoc(sections[name])}", *sections[name](), sep="\n")


if __name__ == "__main__":
    main()
