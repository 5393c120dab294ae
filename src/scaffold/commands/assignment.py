"""`scaffold assignment`: write an assignment file, and look at what one gives."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from scaffold.commands import options
from scaffold.commands.console import example, say, say_json, width
from scaffold.errors import ScaffoldError, UsageError


@click.group(
    short_help="Fix a project's choices for a course.",
    epilog=example("scaffold assignment init", "scaffold assignment check assignment.toml"),
)
def assignment() -> None:
    """Write and check assignment files: choices fixed once, for every student."""


@assignment.command(
    short_help="Write an assignment file.",
    epilog=example("scaffold assignment init -t blog-django -a ci=gitlab --due 2026-12-18 -y"),
)
@click.argument("file", default="assignment.toml", type=click.Path(path_type=Path))
@click.option("-t", "--template", "name", shell_complete=options.templates, help="The template it is about.")
@click.option("--id", "short", metavar="ID", help="Its short name, such as blog-2026.")
@click.option("--title", help="What students read.")
@click.option(
    "--due", "until", metavar="DATE", help="When it is due: 2026-12-18, or with a time and an offset."
)
@click.option(
    "-a", "--answer", "pairs", multiple=True, metavar="KEY=VALUE", shell_complete=options.answer_pairs,
    help="Pin an answer; repeat it for more.",
)  # fmt: skip
@click.option("-y", "--defaults", is_flag=True, help="Ask nothing; take the default of what is not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(file: Path, pairs: Sequence[str], *, defaults: bool, as_json: bool, **given: str | None) -> None:
    """Write a commented assignment file, asking for what is not given."""
    from scaffold.assignment import draft, loading
    from scaffold.commands import assignment_talk
    from scaffold.engine import answers, render
    from scaffold.system import process
    from scaffold.terminal import json_objects

    if file.exists():
        raise UsageError(f"{file} is there already; nothing is overwritten.", "Name another file.")
    today = datetime.now().astimezone().date()
    asked = assignment_talk.Given(given["name"], given["short"], given["title"], given["until"], pairs)
    screen = sys.stdout if sys.stdout.isatty() and not as_json else sys.stderr
    template, wish = assignment_talk.gather(asked, today, None if defaults else screen)
    plan = render.plan(template, answers.resolve(template, wish.pinned))
    text = draft.text(wish, template, plan, today)
    found = loading.parse(text.encode(), str(file))
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise ScaffoldError(f"{file} cannot be written: {error.strerror}.", "Name another file.") from error
    if as_json:
        say_json({"path": str(file.absolute()), **json_objects.assignment(found)})
    else:
        say(f"✔ Wrote {file}. Read it, change it, then: scaffold assignment check {process.quoted(file)}")


@assignment.command(
    short_help="Validate one, and show the tree it gives.",
    epilog=example("scaffold assignment check assignment.toml"),
)
@click.argument("file", type=click.Path(), shell_complete=options.files)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: str, *, as_json: bool) -> None:
    """Validate an assignment, a FILE or an https:// address, and show the tree that it gives."""
    from scaffold.assignment import sources
    from scaffold.cohort import preview
    from scaffold.terminal import cohort_json, cohort_tables

    found = preview.preview(sources.load(file))
    if as_json:
        say_json(cohort_json.preview(found))
    else:
        say(cohort_tables.preview(found, width()))
