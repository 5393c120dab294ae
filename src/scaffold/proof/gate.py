"""The gate: checks a template, and for each milestone the checkpoint and the starter that it generates."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scaffold.catalog.model import COMPLETE, STARTER, Milestone, Template
from scaffold.engine import milestones, render
from scaffold.errors import ScaffoldError
from scaffold.proof import laws, sizes
from scaffold.proof.growing import answers_at
from scaffold.proof.leaks import LeakCheck
from scaffold.proof.sizes import Size
from scaffold.proof.trials import Runner, TestRun, Trial

# A test of a starter may fail with any other error.
_NOT_LOADED = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one milestone; each mistake is a sentence.

    `passing` are the tests of the milestone that pass in its starter already; `unlisted` are the sentences on
    tests that the table of stubs should list as given, or should not.
    """

    number: int
    title: str
    size: Size
    checkpoint: Trial
    starter: Trial
    passing: tuple[str, ...]
    mistakes: tuple[str, ...]
    unlisted: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to correct."""
        return not self.mistakes and not self.unlisted


def default_cache() -> Path:
    """Return the folder for results in the user's cache."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "scaffold" / "gate"


def check_statically(template: Template, numbers: Sequence[int], given: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with a template without running anything: broken laws, else leaks.

    Each mistake is one sentence. Raises ScaffoldError if the template does not grow or cannot be read.
    """
    _check_numbers(template, numbers)
    if mistakes := laws.find_mistakes(template, given):
        return mistakes
    leaks = LeakCheck(template, given)
    return tuple(
        sentence
        for number in numbers
        for check in (leaks.check_starter, leaks.check_history)
        for sentence in check(number)
    )


def prove(
    template: Template,
    numbers: Sequence[int],
    given: Mapping[str, str],
    runner: Runner,
    jobs: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Verdict]:
    """Yield the verdict on each of these milestones; runs `jobs` projects at a time, and reports each.

    Raises ScaffoldError if the template does not grow or cannot be rendered.
    """
    _check_numbers(template, numbers)
    rows = [template.milestones[number - 1] for number in numbers]
    plans = {
        (row.number, edition): render.plan(template, answers_at(template, row.number, edition, given))
        for row in rows
        for edition in (COMPLETE, STARTER)
    }

    def run(number: int, edition: str) -> Trial:
        trial = runner.run(plans[number, edition], starter=edition == STARTER)
        result = trial.failed or ("passed before" if trial.cached else f"passed in {trial.seconds:.1f} s")
        report(f"milestone {number}, {edition}: {result}")
        return trial

    with ThreadPoolExecutor(jobs) as pool:
        try:
            runs = {place: pool.submit(run, *place) for place in plans}
            for row in rows:
                size = sizes.measure(plans[row.number, COMPLETE])
                checkpoint, starter = (runs[row.number, edition].result() for edition in (COMPLETE, STARTER))
                yield _verdict(template, row, size, checkpoint, starter, complete_list=not given)
        except BaseException:
            runner.stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _check_numbers(template: Template, numbers: Sequence[int]) -> None:
    if not template.milestones:
        raise ScaffoldError(f"{template.name} has no milestones, so there is no gate for it.")
    for number in numbers:
        if not 1 <= number <= len(template.milestones):
            raise ScaffoldError(
                f"{template.name} has no milestone {number}; it has {len(template.milestones)}."
            )


def _verdict(
    template: Template, row: Milestone, size: Size, checkpoint: Trial, starter: Trial, *, complete_list: bool
) -> Verdict:
    found = [
        f"{what} of milestone {row.number} fails: {trial.failed}."
        for what, trial in (("The checkpoint", checkpoint), ("The starter", starter))
        if not trial.ok
    ]
    if starter.tests:
        found += check_tests(row.number, starter.tests)
    passing = tuple(
        test.id for test in starter.tests if test.milestone == row.number and test.outcome == "passed"
    )
    listed = milestones.load_stubs(template).given.get(row.number, ())
    if not complete_list:
        listed = tuple(each for each in listed if each in {test.id for test in starter.tests})
    unlisted = tuple(check_given(row.number, passing, listed)) if starter.ok else ()
    return Verdict(row.number, row.title, size, checkpoint, starter, passing, tuple(found), unlisted)


def check_tests(number: int, tests: Sequence[TestRun]) -> Iterator[str]:
    """Yield a sentence for each test that ends in the starter of a milestone in the wrong way.

    Tests of earlier milestones pass, and those of its own may fail, but not at an import.
    """
    if not any(test.milestone == number for test in tests):
        yield f"There is no test of milestone {number}; mark one with pytest.mark.milestone({number})."
    for test in tests:
        if test.error.startswith(_NOT_LOADED):
            yield f"{test.id} fails at an import in the starter of milestone {number}: {test.error}"
        elif test.milestone < number and test.error:
            yield f"{test.id} of milestone {test.milestone} fails in the starter of {number}: {test.error}"


def check_given(number: int, passing: Sequence[str], listed: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each test that passes in a starter or is listed as given, but not both."""
    for test in passing:
        if test not in listed:
            yield (
                f"{test} passes in the starter of milestone {number}: change the test, or list it as given "
                "with tools/gate.py --write-given."
            )
    for test in listed:
        if test not in passing:
            yield (
                f"{test} is listed as given, but does not pass in the starter of milestone {number}: "
                "correct the list with tools/gate.py --write-given."
            )
