"""Prove that a template's projects are good at every milestone, and print a table.

    .venv/bin/python tools/gate.py                             # every template with milestones
    .venv/bin/python tools/gate.py blog-django -m 3 -m 4       # two milestones of one
    .venv/bin/python tools/gate.py tests/growing/notes         # a template in another folder
    .venv/bin/python tools/gate.py --static                    # laws and leaks only: runs nothing
    .venv/bin/python tools/gate.py blog-django --write-given   # list the tests that pass in a starter

The laws of the template and leaks are checked first. Then the checkpoint and the starter of each milestone
are generated, installed with uv, checked and booted. Results are cached by the content of the project and
the versions of the tools. The exit code is 1 if a check fails.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import stubs

from scaffold.catalog.model import Template
from scaffold.engine import answers, milestones
from scaffold.errors import ScaffoldError
from scaffold.proof import gate, toolchain
from scaffold.proof.gate import Verdict
from scaffold.proof.trials import Runner, Trial

SHOWN_CHARACTERS = 4_000
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Prove what is named and return the exit code."""
    options = parse(arguments)
    # A shell that runs this in the background ignores Ctrl-C, and the projects would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        given = dict(map(answers.parse_pair, options.answer))
        reports = [report(template, given, options) for template in stubs.chosen(options.template)]
    except ScaffoldError as error:
        print(f"{error.message} {error.hint}".strip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    if options.json:
        print(json.dumps(reports, indent=2))
    elif not reports:
        print("No template has milestones, so there is nothing to check.")
    return 0 if all(each["is_good"] for each in reports) else 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Prove projects at every milestone.")
    parser.add_argument(
        "template", nargs="*", help="a template's name or folder (default: all with milestones)"
    )
    parser.add_argument("-m", "--milestone", action="append", type=int, default=[], metavar="NUMBER")
    parser.add_argument("-a", "--answer", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--static", action="store_true", help="check laws and leaks only")
    parser.add_argument("--write-given", action="store_true", help="list the tests that pass in a starter")
    parser.add_argument("--python", default="", metavar="VERSION", help="3.13, or an interpreter's path")
    parser.add_argument("--jobs", type=int, default=2, help="projects at a time (2)")
    parser.add_argument("--cache", type=Path, default=gate.default_cache(), metavar="FOLDER")
    parser.add_argument("--no-cache", action="store_true", help="ignore cached results")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def report(template: Template, given: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    """Prove one template, print what was found unless as JSON, and return it. Raises ScaffoldError."""
    numbers = options.milestone or [row.number for row in template.milestones]
    mistakes = gate.check_statically(template, numbers, given)
    verdicts: list[Verdict] = []
    if not mistakes and not options.static:
        wanted = options.python or answers.resolve(template, given)["python_version"]
        runner = Runner(toolchain.find(wanted), None if options.no_cache else options.cache)
        verdicts += gate.prove(template, numbers, given, runner, options.jobs, say)
    if options.write_given and verdicts:
        write_given(template, verdicts)
        verdicts = [replace(verdict, unlisted=()) for verdict in verdicts]
    if not options.json:
        show(template.name, mistakes, verdicts)
    is_good = not mistakes and all(verdict.is_good for verdict in verdicts)
    rows = [{**asdict(verdict), "is_good": verdict.is_good} for verdict in verdicts]
    return {"template": template.name, "is_good": is_good, "mistakes": mistakes, "milestones": rows}


def say(line: str) -> None:
    """Print progress on standard error."""
    print(line, file=sys.stderr, flush=True)


def show(name: str, mistakes: Sequence[str], verdicts: Sequence[Verdict]) -> None:
    """Print the table, and the problems below it."""
    for mistake in mistakes:
        print(mistake)
    if not verdicts:
        print(f"{name}: {len(mistakes)} to correct" if mistakes else f"{name}: laws and leaks are fine")
        return
    print(f"{name:<32} {'files':>5} {'lines':>6} {'app':>6}  {'checkpoint':<12} {'starter':<12} tests  given")
    for verdict in verdicts:
        own = [test for test in verdict.starter.tests if test.milestone == verdict.number]
        size = verdict.size
        print(
            f"{verdict.number} {verdict.title[:30]:<30} {size.files:>5} {size.lines:>6} "
            f"{size.application_lines:>6}  {result(verdict.checkpoint):<12} {result(verdict.starter):<12} "
            f"{len(own):>5}  {len(verdict.passing):>5}"
        )
    for verdict in verdicts:
        for mistake in (*verdict.mistakes, *verdict.unlisted):
            print(mistake)
        for trial in (verdict.checkpoint, verdict.starter):
            if trial.failed:
                print(trial.output[-SHOWN_CHARACTERS:])


def result(trial: Trial) -> str:
    """Return a cell of the table."""
    if trial.failed:
        return "FAILED"
    return "ok, cached" if trial.cached else f"ok, {trial.seconds:.0f} s"


def write_given(template: Template, verdicts: Sequence[Verdict]) -> None:
    """Write the tests that pass in a starter into the table of stubs, and keep the rest of it."""
    path = milestones.find_stubs_file(template)
    table = stubs.read(path)
    rows = {int(number): tests for number, tests in table["given"].items()}
    rows |= {verdict.number: list(verdict.passing) for verdict in verdicts if verdict.starter.tests}
    table["given"] = {str(number): rows[number] for number in sorted(rows) if rows[number]}
    path.write_text(stubs.dump(table), encoding="utf-8", newline="\n")
    say(f"Wrote {path}.")


if __name__ == "__main__":
    sys.exit(main())
