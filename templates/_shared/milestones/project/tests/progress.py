"""`poe progress`: how many tests of each milestone pass, and what to run next.

`--json` prints it for programs. The exit code is 0 if every test passes, 1 if one
fails, and 2 if the tests cannot run.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
# No coverage and no second process, even if pyproject.toml asks for them.
SWITCHES = {"pytest_cov": ["--no-cov"], "xdist": ["--dist=no", "--numprocesses=0"]}


class Recorder:
    """A pytest plugin that runs the tests with a milestone and records what happens."""

    def __init__(self) -> None:
        self.ids: list[str] = []  # in the order of the files, which plugins may change
        self.milestones: dict[str, int] = {}
        self.results: dict[str, dict[str, str]] = {}
        self.problem = ""  # why the tests cannot run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self) -> Generator[None]:
        try:
            return (yield)
        except Exception as error:
            self.problem = f"pytest cannot start: {locate(error)}"
            raise

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.ids.append(item.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            mark = item.get_closest_marker("milestone")
            if mark and len(mark.args) == 1 and isinstance(mark.args[0], int):
                self.milestones[item.nodeid] = mark.args[0]
            elif mark:
                self.problem = f"{item.nodeid} needs @pytest.mark.milestone(NUMBER)"
        wanted = () if self.problem else self.milestones
        items[:] = [item for item in items if item.nodeid in wanted]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        result = self.results.setdefault(item.nodeid, {"error": ""})
        if result["error"]:
            pass  # the first error counts, not what it leads to
        elif report.failed:
            error = explain(call.excinfo.value) if call.excinfo else report.longreprtext
            outcome = "failed" if report.when == "call" else "error"
            result.update(outcome=outcome, error=error)
        elif report.skipped or report.when == "call":
            result.update(outcome=report.outcome)
        return report

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object]
    ) -> None:
        if isinstance(node, pytest.Collector) and call.excinfo and not self.problem:
            error = locate(call.excinfo.value)
            self.problem = f"{node.nodeid} cannot be loaded: {error}"

    def pytest_internalerror(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> None:
        self.problem = f"pytest stopped: {locate(excinfo.value)}"


def explain(error: BaseException) -> str:
    """Return the type of an error and the first line of its message."""
    if isinstance(error, pytest.FixtureLookupError):
        return error.msg or f"fixture '{error.argname}' not found"
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])


def locate(error: BaseException) -> str:
    """Return an error and the last line of the project that it passed through."""
    text = explain(error)
    frames = traceback.extract_tb(error.__traceback__)
    places = [(at.filename, at.lineno) for at in frames if at.filename != __file__]
    if isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
        places.append((error.filename or "", error.lineno))
    for name, line in reversed(places):
        path = Path(name)
        if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
            return f"{text} ({path.relative_to(ROOT).as_posix()}, line {line})"
    return locate(error.__context__) if error.__context__ else text


def run() -> Recorder:
    """Run the tests in silence."""
    recorder = Recorder()
    options = ["-p", "no:randomly", "--maxfail=0", "--capture=fd"]
    options += [word for name in SWITCHES if find_spec(name) for word in SWITCHES[name]]
    os.environ["PY_COLORS"] = "0"  # an error of pytest may be printed below
    silence, errors = contextlib.redirect_stdout(io.StringIO()), io.StringIO()
    try:
        with silence, contextlib.redirect_stderr(errors):
            code = pytest.main(options, plugins=[recorder])
    except (Exception, SystemExit) as error:  # from what conftest.py imports, say
        recorder.problem = f"pytest cannot start: {locate(error)}"
        return recorder
    if code not in (0, 1, 5) and not recorder.problem:  # 5: there are no tests
        first = errors.getvalue().partition("\n")[0]
        recorder.problem = first.rstrip(".") or "pytest was interrupted"
    return recorder


def given_tests() -> set[str]:
    """Return the tests that already passed in the starter: they do not count."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return set(json.loads((ROOT / ".scaffold.json").read_text("utf-8"))["given"])
    return set()


def summarize(recorder: Recorder, number: int, given: set[str]) -> dict[str, Any]:
    """Return a milestone as `--json` prints it."""
    ids = [id for id in recorder.ids if recorder.milestones.get(id) == number]
    missing = {"outcome": "error", "error": "The test did not run."}
    tests = [
        {"id": id, "given": id in given, **recorder.results.get(id, missing)}
        for id in ids
    ]
    outcomes = [test["outcome"] for test in tests if not test["given"]]
    sheet = min(ROOT.glob(f"docs/milestones/{number}-*.md"), default=None)
    lines = sheet.read_text("utf-8", "replace").splitlines() if sheet else []
    heading = next((line for line in lines if line.startswith("# ")), "")
    return {
        "number": number,
        "title": heading[2:].strip().removeprefix(f"Milestone {number}: "),
        "passed": outcomes.count("passed"),
        "total": len(outcomes) - outcomes.count("skipped"),
        "given": len(tests) - len(outcomes),
        "first_failing": next((test["id"] for test in tests if test["error"]), None),
        "sheet": sheet.relative_to(ROOT).as_posix() if sheet else None,
        "tests": tests,
    }


def show(rows: list[dict[str, Any]]) -> None:
    """Print the milestones for people, and what to run next."""
    width = max(len(row["title"]) for row in rows)
    for row in rows:
        skipped = sum(test["outcome"] == "skipped" for test in row["tests"])
        notes = f", {skipped} skipped" if skipped else ""
        if row["given"]:
            notes += f", {row['given']} already passed in the starter"
        name = f"Milestone {row['number']}  {row['title']:{width}}"
        print(f"{name}  {row['passed']} of {row['total']} pass{notes}")
    failing = [row for row in rows if row["first_failing"]]
    if not failing:
        print("\nEvery test passes. Next: uv run poe check")
        return
    test = next(test for test in failing[0]["tests"] if test["error"])
    print(f"\nFirst failing test: {test['id']}\n  {test['error']}")
    if failing[0]["sheet"]:
        print(f"Task sheet: {failing[0]['sheet']}")
    print(f"Run it: uv run poe test {test['id'].partition('[')[0]}")


def main() -> int:
    """Run the tests, print the milestones and return the exit code."""
    parser = ArgumentParser(
        prog="poe progress", description="Show how many tests of each milestone pass."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for a console without UTF-8
    if sys.stderr.isatty():
        print("Running the tests ...", file=sys.stderr)
    recorder = run()
    if not recorder.milestones and not recorder.problem:
        recorder.problem = "No test has a milestone: use @pytest.mark.milestone(1)"
    if recorder.problem:
        print(f"{recorder.problem}.", file=sys.stderr)
        return 2
    numbers, given = sorted(set(recorder.milestones.values())), given_tests()
    rows = [summarize(recorder, number, given) for number in numbers]
    print(json.dumps(rows, indent=2)) if as_json else show(rows)
    return int(any(row["first_failing"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
