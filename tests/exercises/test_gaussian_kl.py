"""The grader of the first exercise lets right solutions pass, and knows what is wrong with others.

Every candidate is a file `gaussian_kl.py` beside a copy of the grader; one run of pytest grades
them all, and the tests here read its reports.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
EXERCISES = REPOSITORY / "exercises"
GRADER = (EXERCISES / "test_gaussian_kl.py").read_text("utf-8")
LAWS = re.findall(r"^def test_(\w+)\(", GRADER, re.MULTILINE)
SOLUTIONS = {path.stem: path.read_text("utf-8") for path in HERE.glob("solutions/*.py")}
STUB = (EXERCISES / "gaussian_kl.py").read_text("utf-8")


@dataclass(frozen=True)
class Wrong:
    """A wrong function: its body, the law that must break, and what the report must say."""

    body: str
    law: str
    says: str = ""


TERMS = "mu**2 + np.exp(logvar) - logvar - 1"
WRONG_KL = {
    "sign": Wrong(
        f"return -0.5 * np.sum({TERMS}, axis=-1)", "kl_is_never_negative", "sign is turned"
    ),
    "missing_half": Wrong(
        f"return np.sum({TERMS}, axis=-1)", "kl_is_the_expected_log_ratio", "1/2 is missing"
    ),
    "missing_minus_half": Wrong(
        f"return np.sum(-({TERMS}), axis=-1)", "kl_is_never_negative", "-2 times the KL"
    ),
    "half_twice": Wrong(
        f"return 0.25 * np.sum({TERMS}, axis=-1)", "kl_is_the_expected_log_ratio", "half the KL"
    ),
    "std_for_variance": Wrong(
        "return 0.5 * np.sum(mu**2 + np.exp(0.5 * logvar) - logvar - 1, axis=-1)",
        "kl_is_the_expected_log_ratio",
        "The standard deviation stands where the variance belongs.",
    ),
    "std_for_variance_throughout": Wrong(
        "std = np.exp(0.5 * logvar); return 0.5 * np.sum(mu**2 + std - np.log(std) - 1, axis=-1)",
        "kl_is_the_expected_log_ratio",
        "where the variance belongs, in the logarithm too",
    ),
    "log_std_for_logvar": Wrong(
        "return 0.5 * np.sum(mu**2 + np.exp(logvar) - 0.5 * logvar - 1, axis=-1)",
        "kl_is_the_expected_log_ratio",
        "The log of the standard deviation stands",
    ),
    "logvar_read_as_log_std": Wrong(
        "return 0.5 * np.sum(mu**2 + np.exp(2 * logvar) - 2 * logvar - 1, axis=-1)",
        "kl_is_the_expected_log_ratio",
        "logvar is read as the log of the standard deviation",
    ),
    "logvar_negated": Wrong(
        "return 0.5 * np.sum(mu**2 + np.exp(-logvar) + logvar - 1, axis=-1)",
        "kl_is_the_expected_log_ratio",
        "wrong sign",
    ),
    "mean_for_sum": Wrong(
        f"return 0.5 * np.mean({TERMS}, axis=-1)",
        "kl_adds_over_latent_dimensions",
        "mean over the latent dimensions",
    ),
    "mean_over_batch": Wrong(
        f"return 0.5 * np.mean(np.sum({TERMS}, axis=-1))",
        "kl_is_one_number_per_datum",
        "mean over the batch",
    ),
    "mean_over_batch_spread": Wrong(
        f"return np.full(len(mu), 0.5 * np.sum({TERMS}) / max(len(mu), 1), mu.dtype)",
        "kl_of_a_datum_ignores_its_batch",
    ),
    "mean_over_everything": Wrong(
        f"return 0.5 * np.mean({TERMS})", "kl_is_one_number_per_datum", "mean over all entries"
    ),
    "sum_over_everything": Wrong(
        f"return 0.5 * np.sum({TERMS})", "kl_is_one_number_per_datum", "sum over the batch too"
    ),
    "sum_over_batch": Wrong(
        f"return 0.5 * np.sum({TERMS}, axis=0)", "kl_is_one_number_per_datum", "runs over the batch"
    ),
    "not_summed": Wrong(f"return 0.5 * ({TERMS})", "kl_is_one_number_per_datum", "not summed"),
    "keeps_the_axis": Wrong(
        f"return 0.5 * np.sum({TERMS}, axis=-1, keepdims=True)",
        "kl_is_one_number_per_datum",
        "keeps the latent axis",
    ),
    "reversed": Wrong(
        "return 0.5 * np.sum((1 + mu**2) / np.exp(logvar) + logvar - 1, axis=-1)",
        "kl_is_the_expected_log_ratio",
        "the other way round",
    ),
    "drops_mu": Wrong(
        "return 0.5 * np.sum(np.exp(logvar) - logvar - 1, axis=-1)",
        "kl_is_zero_only_at_the_prior",
        "mu is left out",
    ),
    "mu_not_squared": Wrong(
        "return 0.5 * np.sum(mu + np.exp(logvar) - logvar - 1, axis=-1)", "kl_is_never_negative"
    ),
    "drops_the_constant": Wrong(
        "return 0.5 * np.sum(mu**2 + np.exp(logvar) - logvar, axis=-1)",
        "kl_of_the_prior_is_zero",
        "constant is left out",
    ),
    "zeros": Wrong("return np.zeros(len(mu), mu.dtype)", "kl_is_zero_only_at_the_prior"),
    "clips": Wrong(
        f"logvar = np.clip(logvar, -10, 10); return 0.5 * np.sum({TERMS}, axis=-1)",
        "kl_holds_far_from_the_prior",
    ),
    "epsilon_in_the_log": Wrong(
        "var = np.exp(logvar); return 0.5 * np.sum(mu**2 + var - np.log(var + 1e-8) - 1, axis=-1)",
        "kl_holds_far_from_the_prior",
    ),
    "overflows": Wrong(
        "var = np.exp(logvar); return 0.5 * np.sum(mu**2 + var**4 / var**3 - logvar - 1, axis=-1)",
        "kl_holds_far_from_the_prior",
    ),
    "not_a_number": Wrong(
        f"kl = 0.5 * np.sum({TERMS}, axis=-1); kl[(logvar > 40).any(-1)] = np.nan; return kl",
        "kl_holds_far_from_the_prior",
        "[nan]",
    ),
    "remembers": Wrong(
        f"calls.append(1); return 0.5 * np.sum({TERMS}, axis=-1) + len(calls)",
        "kl_depends_on_values_alone",
        "and then",
    ),
    "computes_in_half": Wrong(
        f"mu = mu.astype(np.float16); return 0.5 * np.sum({TERMS}, axis=-1, dtype=logvar.dtype)",
        "kl_is_the_expected_log_ratio",
    ),
    "overwrites": Wrong(
        f"kl = 0.5 * np.sum({TERMS}, axis=-1); mu **= 2; return kl",
        "kl_depends_on_values_alone",
        "wrote into mu",
    ),
    "promotes": Wrong(
        f"return 0.5 * np.sum({TERMS}, axis=-1, dtype=np.float64)",
        "kl_is_one_number_per_datum",
        "float64, where the inputs are float32",
    ),
    "monte_carlo": Wrong(
        "eps = np.random.default_rng().standard_normal((10_000, *mu.shape)).astype(mu.dtype); "
        "z = mu + np.exp(0.5 * logvar) * eps; "
        "return 0.5 * np.mean(np.sum(z**2 - eps**2 - logvar, axis=-1), axis=0)",
        "kl_depends_on_values_alone",
        "no random numbers",
    ),
    "no_return": Wrong(f"np.sum({TERMS}, axis=-1)", "kl_is_one_number_per_datum", "return missing"),
    "raises": Wrong("return mu @ logvar[0, 0, 0]", "kl_is_one_number_per_datum", "IndexError"),
    "exits": Wrong("raise SystemExit(0)", "kl_is_one_number_per_datum", "SystemExit"),
}
WRONG_Z = {
    "eps_not_scaled": Wrong(
        "return mu + eps", "z_has_mean_mu_and_variance_exp_logvar", "eps is not scaled"
    ),
    "scaled_by_variance": Wrong(
        "return mu + np.exp(logvar) * eps",
        "z_has_mean_mu_and_variance_exp_logvar",
        "scaled by the variance; or logvar is read as the log of the standard deviation",
    ),
    "scaled_by_logvar": Wrong(
        "return mu + logvar * eps", "z_carries_the_density_of_eps", "logvar itself"
    ),
    "mean_only": Wrong("return mu.copy()", "z_rises_with_eps", "noise is left out"),
    "no_mean": Wrong(
        "return np.exp(0.5 * logvar) * eps", "z_without_noise_is_the_mean", "mean is left out"
    ),
    "absolute_eps": Wrong(
        "return mu + np.exp(0.5 * logvar) * abs(eps)", "z_is_affine_in_eps", "lost its sign"
    ),
    "subtracts": Wrong(
        "return mu - np.exp(0.5 * logvar) * eps", "z_rises_with_eps", "noise is subtracted"
    ),
    "noise_shared_by_the_batch": Wrong(
        "return mu + np.exp(0.5 * logvar) * eps[:1]", "z_carries_the_density_of_eps"
    ),
    "clips_draw": Wrong(
        "return mu + np.exp(0.5 * np.clip(logvar, -10, 10)) * eps", "z_holds_far_from_the_prior"
    ),
    "own_noise": Wrong(
        "eps = np.random.default_rng().standard_normal(mu.shape).astype(mu.dtype); "
        "return mu + np.exp(0.5 * logvar) * eps",
        "z_depends_on_values_alone",
        "no random numbers",
    ),
    "overwrites_eps": Wrong(
        "eps *= np.exp(0.5 * logvar); eps += mu; return eps",
        "z_depends_on_values_alone",
        "wrote into eps",
    ),
    "promotes_draw": Wrong(
        "return mu + np.exp(0.5 * logvar.astype(np.float64)) * eps",
        "z_is_shaped_like_mu",
        "float64, where the inputs are float32",
    ),
}
UNREADY = {
    "stub": (STUB, "is not written yet"),
    "empty": ("", "has no function"),
    "syntax_error": (STUB + "\nreturn (", "SyntaxError"),
    "exits_at_once": ("raise SystemExit(0)\n", "SystemExit"),
}


def candidate(kl: str, z: str) -> str:
    """Source of a solution whose functions have these bodies."""
    return (
        "import numpy as np\ncalls = []\n"
        f"def gaussian_kl(mu, logvar):\n    {kl}\n"
        f"def reparameterize(mu, logvar, eps):\n    {z}\n"
    )


RIGHT_KL = f"return 0.5 * np.sum({TERMS}, axis=-1)"
RIGHT_Z = "return mu + np.exp(0.5 * logvar) * eps"
CANDIDATES = (
    SOLUTIONS
    | {name: source for name, (source, _) in UNREADY.items()}
    | {name: candidate(wrong.body, RIGHT_Z) for name, wrong in WRONG_KL.items()}
    | {name: candidate(RIGHT_KL, wrong.body) for name, wrong in WRONG_Z.items()}
)

# A right or unwritten solution is asked for every law, a wrong one for the law it must break.
ASKED = dict.fromkeys([*SOLUTIONS, *UNREADY], LAWS) | {
    name: [wrong.law] for name, wrong in (WRONG_KL | WRONG_Z).items()
}


def pytest_run(*arguments: str | Path, cwd: Path) -> str:
    """Run pytest as a student does, with the settings of this repository; return what it says."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(EXERCISES), "COLUMNS": "100"}
    settings = ["-c", REPOSITORY / "pyproject.toml", "--rootdir", cwd, "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *settings, *arguments]
    run = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """For each candidate, the report on every law it was asked for: empty where the law holds."""
    folder = tmp_path_factory.mktemp("graded")
    for name, source in CANDIDATES.items():
        (folder / name).mkdir()
        (folder / name / "gaussian_kl.py").write_text(source, "utf-8")
        (folder / name / "test_gaussian_kl.py").write_text(GRADER, "utf-8")
    tests = [f"{name}/test_gaussian_kl.py::test_{law}" for name in ASKED for law in ASKED[name]]
    said = pytest_run("--import-mode=importlib", "--junitxml=out.xml", *tests, cwd=folder)
    assert (folder / "out.xml").exists(), said
    reports: dict[str, dict[str, str]] = {name: {} for name in CANDIDATES}
    for case in ElementTree.parse(folder / "out.xml").iter("testcase"):
        outcomes = {outcome.tag: outcome.text or "" for outcome in case}
        assert not outcomes.keys() & {"error", "skipped"}, said
        name, law = case.attrib["classname"].split(".")[0], case.attrib["name"]
        reports[name][law.removeprefix("test_")] = outcomes.get("failure", "")
    return reports


def test_every_law_is_asked(verdicts):
    assert len(LAWS) == len(set(LAWS)) == GRADER.count(".law(")
    assert {name: list(reports) for name, reports in verdicts.items()} == ASKED


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_right_solution_keeps_every_law(verdicts, name):
    assert not any(verdicts[name].values()), "\n".join(verdicts[name].values())


@pytest.mark.parametrize("name", UNREADY)
def test_what_is_not_ready_fails_every_law_in_plain_words(verdicts, name):
    for law, report in verdicts[name].items():
        assert UNREADY[name][1] in report, law
        assert "Read lectures/first_vae.ipynb, section" in report
        assert "Traceback" not in report


@pytest.mark.parametrize("name", [*WRONG_KL, *WRONG_Z])
def test_a_wrong_solution_breaks_the_law_it_must(verdicts, name):
    wrong = (WRONG_KL | WRONG_Z)[name]
    report = verdicts[name][wrong.law]
    assert report, f"{name} keeps {wrong.law}"
    assert wrong.says in report
    parts = ["\nSmallest counterexample", "\nWhat came", "\nRead lectures/first_vae.ipynb"]
    if wrong.says and "Likely mistake" in report:
        parts.insert(2, "\nLikely mistake")
    places = [report.find(part) for part in parts]
    assert places == sorted(places)
    assert places[0] > 0, "the law comes first"


def test_a_mistake_without_a_name_gets_none(verdicts):
    for name in ("mean_over_batch_spread", "mu_not_squared", "zeros", "clips", "overwrites"):
        assert "Likely mistake" not in "".join(verdicts[name].values()), name


def test_each_law_is_needed_by_some_wrong_solution():
    assert {wrong.law for wrong in (WRONG_KL | WRONG_Z).values()} == set(LAWS)


def test_no_report_gives_a_solution_away(verdicts):
    said = "".join(r for name in verdicts for r in verdicts[name].values() if name != "raises")
    for source in SOLUTIONS.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Return | ast.Assign) and len(ast.unparse(node.value)) > 12:
                code = re.sub(r"\s|np\.", "", ast.unparse(node.value))
                assert code not in re.sub(r"\s|np\.", "", said)


def test_the_terminal_shows_a_short_report_and_no_traceback(tmp_path):
    for file in ("test_gaussian_kl.py", "grading.py"):
        shutil.copy(EXERCISES / file, tmp_path)
    source = CANDIDATES["sign"].replace("    return -0.5", "    print('seen', mu); return -0.5")
    (tmp_path / "gaussian_kl.py").write_text(source, "utf-8")
    said = pytest_run("-x", "test_gaussian_kl.py", cwd=tmp_path)
    assert "KL(q || p) >= 0" in said
    assert "mu     = [[0.]]\n    logvar = [[1.]]" in said, "shrunk to the smallest"
    assert said.count("seen") == 1, "prints of the search are not shown"
    assert "Traceback" not in said
    assert "Falsifying" not in said, "hypothesis keeps in the background"
    assert len(said.splitlines()) < 40
