"""`scaffold assignment`: create an assignment file, and preview its project."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from scaffold.commands import completers
from scaffold.commands.console import echo, echo_json, format_example, terminal_width
from scaffold.errors import ScaffoldError, UsageError


@click.group(
    short_help="Fix a project's choices for a course.",
    epilog=format_example("scaffold assignment init", "scaffold assignment check assignment.toml"),
)
def assignment() -> None:
    """Create and check assignment files, which fix the choices of a project for every student."""


@assignment.command(
    short_help="Create an assignment file.",
    epilog=format_example("scaffold assignment init -t blog-django -a ci=gitlab --due 2026-12-18 -y"),
)
@click.argument("file", default="assignment.toml", type=click.Path(path_type=Path))
@click.option(
    "-t",
    "--template",
    "name",
    shell_complete=completers.complete_template,
    help="Template of the assignment.",
)
@click.option("--id", metavar="ID", help="Short name, such as blog-2026.")
@click.option("--title", help="Title that students see.")
@click.option("--due", metavar="DATE", help="Due date: 2026-12-18, or with time and offset.")
@click.option(
    "-a", "--answer", "pairs", multiple=True, metavar="KEY=VALUE", shell_complete=completers.complete_answer,
    help="Pin an answer; repeat for more.",
)  # fmt: skip
@click.option("-y", "--defaults", is_flag=True, help="Ask nothing; use defaults for everything not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(file: Path, pairs: Sequence[str], *, defaults: bool, as_json: bool, **given: str | None) -> None:
    """Create a commented assignment file, and ask for everything not given."""
    from scaffold.assignment import draft, loading
    from scaffold.commands import assignment_prompts
    from scaffold.engine import answers, render
    from scaffold.system import process
    from scaffold.terminal import json_objects

    if file.exists():
        raise UsageError(f"{file} already exists.", "Choose another file.")
    today = datetime.now().astimezone().date()
    given_options = assignment_prompts.InitOptions(
        given["name"], given["id"], given["title"], given["due"], pairs
    )
    screen = sys.stdout if sys.stdout.isatty() and not as_json else sys.stderr
    template, values = assignment_prompts.collect_draft(given_options, today, None if defaults else screen)
    plan = render.plan(template, answers.resolve(template, values.pinned))
    text = draft.render(values, template, plan, today)
    found = loading.parse(text.encode(), str(file))
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise ScaffoldError(f"{file} cannot be written: {error.strerror}.", "Choose another file.") from error
    if as_json:
        echo_json({"path": str(file.absolute()), **json_objects.serialize_assignment(found)})
    else:
        echo(f"✔ Created {file}. Edit it, then run: scaffold assignment check {process.quoted(file)}")


@assignment.command(
    short_help="Validate an assignment and preview its project.",
    epilog=format_example("scaffold assignment check assignment.toml"),
)
@click.argument("file", type=click.Path(), shell_complete=completers.complete_file)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: str, *, as_json: bool) -> None:
    """Validate an assignment, FILE or an https:// address, and show the files of its project."""
    from scaffold.assignment import sources
    from scaffold.cohort import preview
    from scaffold.terminal import cohort_json, cohort_tables

    found = preview.preview_assignment(sources.load(file))
    if as_json:
        echo_json(cohort_json.serialize_preview(found))
    else:
        echo(cohort_tables.format_preview(found, terminal_width()))
