"""Prove generated projects: install what they pin, run `poe check`, and print a table.

    .venv/bin/python tools/prove.py                          # each template with its defaults
    .venv/bin/python tools/prove.py blog-django -a database=mysql
    .venv/bin/python tools/prove.py --rotate --pip           # a different set of answers every day
    .venv/bin/python tools/prove.py --unpinned               # the canary: which new release breaks it?
    .venv/bin/python tools/prove.py --days-ahead 400         # does anything expire within a year?
    .venv/bin/python tools/prove.py --as-of 2026-11-28       # with the package index of that day

The exit code is 1 if a project failed. The canary names the package that broke it.
"""

import argparse
import sys
from datetime import date

import pins
import proof
from proof import Conditions, Verdict

from scaffold.catalog import registry
from scaffold.engine import answers
from scaffold.errors import ScaffoldError
from tests.templates.harness.choices import CHOICES


def main(arguments: list[str] | None = None) -> int:
    """Prove what is named and return the exit code."""
    parser = argparse.ArgumentParser(description="Generate projects and run their own checks.")
    parser.add_argument("template", nargs="*", help=f"what to prove: {', '.join(CHOICES)} (all)")
    parser.add_argument("-a", "--answer", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--rotate", action="store_true", help="use a different set of answers every day")
    parser.add_argument("--unpinned", action="store_true", help="use the newest versions instead of the pins")
    parser.add_argument("--as-of", type=day, metavar="YYYY-MM-DD", help="the package index of that day")
    parser.add_argument("--days-ahead", type=int, default=0, metavar="DAYS", help="with the clock set ahead")
    parser.add_argument("--pip", action="store_true", help="install with pip too")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.template) - set(CHOICES))
    if unknown:
        parser.error(f"There is no template called {unknown[0]!r}. There are: {', '.join(CHOICES)}.")
    try:
        given = dict(map(answers.parse_pair, options.answer))
        for template in options.template or CHOICES:
            answers.resolve(registry.find(template), given)
    except ScaffoldError as error:
        parser.error(f"{error.message} {error.hint}".strip())
    conditions = Conditions(options.unpinned, options.as_of or "", options.days_ahead, options.pip)
    verdicts = []
    for template in options.template or CHOICES:
        chosen = {**todays_answers(template), **given} if options.rotate else given
        verdicts.append(proof.prove(template, chosen, conditions=conditions))
        print(verdicts[-1].summary, *(f"{name}={value}" for name, value in chosen.items()), flush=True)
        report(verdicts[-1], conditions)
    return 1 if any(verdict.failed for verdict in verdicts) else 0


def day(text: str) -> str:
    """Return a day as it was typed, if it is one."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a date. Write it as YYYY-MM-DD, for example 2026-11-28."
        ) from None


def todays_answers(template: str) -> dict[str, str]:
    """Return the set of answers whose turn it is: every combination comes round."""
    combinations = CHOICES[template].combinations
    return combinations[pins.today().toordinal() % len(combinations)]


def report(verdict: Verdict, conditions: Conditions) -> None:
    """Print the output of a failed project; with --unpinned, also the package that broke it."""
    if not verdict.failed:
        return
    print(verdict.output[-proof.SHOWN_CHARACTERS :])
    if conditions.unpinned and verdict.locked.pins:
        old = pins.targets()[verdict.template].read()
        known = old.with_changes(verdict.locked, set(verdict.locked.versions))
        print(proof.accusation(proof.blame(old, known, lambda trial: passes(verdict, trial))))


def passes(verdict: Verdict, trial: pins.PinSet) -> bool:
    """Return whether the same project passes with other pins."""
    return not proof.prove(verdict.template, verdict.answers, trial).failed


if __name__ == "__main__":
    sys.exit(main())
