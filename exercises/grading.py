"""What every grader here shares: calling the student's function, and reporting a broken law.

A grader states laws, each for all inputs of a kind; hypothesis searches for an input that breaks
one and shrinks what it finds. The report then says, in this order: the law, the smallest
counterexample, what came, the likely mistake if the numbers are those of a known one, and where
to read. No answer stands in it. Nothing here is needed to solve an exercise.
"""

import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

SEARCH = settings(
    max_examples=50,
    derandomize=True,  # the same inputs in every run
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    verbosity=Verbosity.quiet,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


class NotReadyError(Exception):
    """There is no function to grade yet."""


class BrokenLawError(Exception):
    """A law does not hold: what came, and by how much it misses."""


@dataclass(frozen=True)
class Task:
    """One function to write: called like the function itself, it asks the student's.

    Attributes
    ----------
    file : the student's file.
    name : the function in it.
    read : where the lectures explain it.
    shape : shape of the answer, as a function of the inputs.
    probe : inputs on which all known mistakes give different numbers.
    mistakes : what each known mistake computes from the probe, by the sentence that names it.
    """

    file: Path
    name: str
    read: str
    shape: Callable[..., tuple[int, ...]]
    probe: tuple[np.ndarray, ...]
    mistakes: Callable[..., dict[str, np.ndarray]]

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        """Ask with copies of the inputs; refuse an answer that is no float array of the shape."""
        return self.ask(*(array.copy() for array in inputs)).copy()

    def ask(self, *inputs: np.ndarray) -> np.ndarray:
        """Ask with these very arrays, which the student's function may spoil."""
        due = self.shape(*inputs)
        answer = self.call(*inputs)
        if type(answer) is not np.ndarray or answer.dtype.kind != "f" or answer.shape != due:
            raise BrokenLawError(
                f"{self.name} returned {kind(answer)},\n"
                f"where an array of floats of shape {due} is due."
            )
        return answer

    def call(self, *inputs: np.ndarray) -> Any:
        """Return whatever the student's function returns; an error in it breaks the law."""
        function = load(self.file).get(self.name)
        if not callable(function):
            raise NotReadyError(f"{self.file.name} has no function {self.name}.")
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*inputs)
        except NotImplementedError:
            raise NotReadyError(f"{self.name} is not written yet.") from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() and pytest.skip() are no answers either
            told = describe(error, self.file)
            raise BrokenLawError(f"{self.name} stopped with {told}") from None

    def law(self, inputs: st.SearchStrategy[dict[str, Any]]) -> Callable:
        """Turn a check of one input into a test over all of them; its docstring is the law."""

        def decorate(check: Callable[..., None]) -> Callable[..., None]:
            last: dict[str, Any] = {}  # hypothesis ends on the smallest counterexample

            @SEARCH
            @given(inputs)
            def search(drawn: dict[str, Any]) -> None:
                last.update(drawn)
                check(**drawn)

            def test(capsys: pytest.CaptureFixture[str]) -> None:
                try:
                    search()
                except NotReadyError as missing:
                    report = [str(missing), "This law waits for it:", *law_of(check), self.read]
                except (BrokenLawError, Flaky):
                    mistake = self.diagnose()
                    capsys.readouterr()  # keep what the student prints on the last input only
                    report = self.report(check, last, mistake)
                else:
                    return
                pytest.fail("\n".join(report), pytrace=False)

            test.__name__, test.__doc__ = check.__name__, check.__doc__
            return test

        return decorate

    def report(
        self, check: Callable[..., None], inputs: dict[str, Any], mistake: str | None
    ) -> list[str]:
        """Lines on a law that these inputs break."""
        try:
            check(**inputs)
            came = "Different answers to the same question."
        except BrokenLawError as broken:
            came = str(broken)
        width = max(map(len, inputs))
        example = [f"{name:<{width}} = {show(value)}" for name, value in inputs.items()]
        return [
            *law_of(check),
            f"\nSmallest counterexample, in {next(iter(inputs.values())).dtype}",
            *indented("\n".join(example)),
            "\nWhat came",
            *indented(came),
            *(["\nLikely mistake", *indented(mistake)] if mistake else []),
            f"\n{self.read}",
        ]

    def diagnose(self) -> str | None:
        """Name the known mistake whose numbers are the student's, if there is one."""
        try:
            came, again = (
                np.asarray(self.call(*(array.copy() for array in self.probe)), float)
                for _ in range(2)
            )
        except (BrokenLawError, NotReadyError, TypeError, ValueError):
            return None
        if not np.array_equal(came, again, equal_nan=True):
            return "The same inputs give different outputs. Draw no random numbers inside."
        for sentence, wrong in self.mistakes(*self.probe).items():
            if came.shape == wrong.shape and np.allclose(came, wrong.astype(float), 1e-5, 1e-6):
                return sentence
        return None


def demand_zero(residual: np.ndarray, tolerance: np.ndarray | float, what: str) -> None:
    """Refuse a residual that roundings cannot explain; every entry counts, NaN is refused."""
    if not np.all(np.abs(residual) <= tolerance):
        raise BrokenLawError(
            f"{what} = {show(np.asarray(residual))}\n"
            f"where the law asks for 0 (rounding explains {np.max(tolerance):.0e})."
        )


def demand_positive(value: np.ndarray, tolerance: np.ndarray | float, what: str) -> None:
    """Refuse a value that is not above zero by more than roundings; NaN is refused."""
    if not np.all(value > tolerance):
        raise BrokenLawError(f"{what} = {show(value)}\nwhere the law asks for more than 0.")


@cache
def load(file: Path) -> dict[str, Any]:
    """Names that the student's file defines; read from the source, never from stale bytecode."""
    names: dict[str, Any] = {"__name__": file.stem, "__file__": str(file)}
    try:
        exec(compile(file.read_text("utf-8"), str(file), "exec", dont_inherit=True), names)
    except (Exception, SystemExit) as error:
        raise NotReadyError(f"{file.name} stops with {describe(error, file)}") from None
    return names


def describe(error: BaseException, file: Path) -> str:
    """Name the error and the line of the file that raised it, without the traceback."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    where = f"\nin line {frames[-1].lineno}: {frames[-1].line}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def law_of(check: Callable[..., None]) -> list[str]:
    """Lines of the law: its sentence, and its formula indented."""
    sentence, _, formula = cleandoc(check.__doc__ or "").partition("\n\n")
    return [sentence, *indented(formula)]


def kind(answer: Any) -> str:
    """Name what a function returned instead of an array."""
    if answer is None:
        return "None (is a return missing?)"
    if isinstance(answer, np.ndarray):
        return f"an array of {answer.dtype} of shape {answer.shape}"
    return "a single number" if np.isscalar(answer) else f"a {type(answer).__name__}"


def show(value: Any) -> str:
    """Write a number or a small array so that a reader takes it in."""
    if not isinstance(value, np.ndarray):
        return str(value)
    rows = np.array2string(value.astype(float) + 0.0, precision=6, separator=", ")
    return rows.replace("\n", "") if value.size else f"an array of shape {value.shape}"


def indented(text: str) -> list[str]:
    """Lines of a text, four spaces in."""
    return [f"    {line}" for line in text.splitlines()]
