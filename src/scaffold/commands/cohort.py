"""`scaffold cohort`: make, hand out and look at one repository per student."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from scaffold.commands import options
from scaffold.commands.console import Progress, example, say, say_json, width
from scaffold.errors import ScaffoldError

INTERRUPTED = 130
_only = click.option(
    "--only", multiple=True, metavar="NAME",
    help="Only this student, team or repository; repeat it for more.",
)  # fmt: skip
_failed = click.option("--failed", is_flag=True, help="Only those whose last attempt failed.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_directory = click.argument(
    "directory", default=".", type=click.Path(path_type=Path), shell_complete=options.folders
)


@click.group(
    short_help="Make and hand out one project per student.",
    epilog=example(
        "scaffold cohort create assignment.toml roster.csv --out blog-2026",
        "scaffold cohort push blog-2026 --remote 'git@gitlab.com:course-2026/{repo}.git'",
        "scaffold cohort status blog-2026 --html blog-2026/status.html",
    ),
)
def cohort() -> None:
    """Make, hand out and look at one repository for each student of a roster."""


@cohort.command(
    short_help="Make one repository per student.",
    epilog=example("scaffold cohort create assignment.toml roster.csv --out blog-2026"),
)
@click.argument("assignment", type=click.Path(), shell_complete=options.files)
@click.argument("roster", type=click.Path(path_type=Path), shell_complete=options.files)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, shell_complete=options.folders,
    help="Your folder for this cohort; it need not exist.",
)  # fmt: skip
@_only
@_failed
@click.option(
    "--encoding",
    default="",
    metavar="NAME",
    help="Read ROSTER in this code page, such as cp1250; else UTF-8.",
)
@click.option("--no-git", is_flag=True, help="Write files only; a later run without it makes the commits.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; as many as there are cores without it.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and write nothing.")
@_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and what was asked for.")
@click.pass_context
def create(  # noqa: PLR0913 - the command line has as many options
    context: click.Context, /, assignment: str, roster: Path, out: Path, *, jobs: int | None,
    only: Sequence[str], encoding: str, **flags: bool,
) -> None:  # fmt: skip
    """Make one repository for each student of ROSTER, from ASSIGNMENT. What is made already is not touched.

    The same command goes on where a run was interrupted, and adds students who were added to the roster.
    """
    from scaffold.assignment import sources
    from scaffold.cohort import make
    from scaffold.cohort import roster as rosters
    from scaffold.terminal import cohort_json, cohort_tables

    order = make.Order(only, flags["failed"], not flags["no_git"], jobs or 0)
    found = sources.load(assignment)
    people = rosters.read(roster, encoding)
    ahead = make.forecast(found, people, out, order)
    skipped = [f"line {each.line}: {each.message}" for each in people.skipped]
    if flags["dry_run"]:
        if flags["as_json"]:
            say_json(cohort_json.forecast(ahead, skipped))
        else:
            say(cohort_tables.forecast(ahead, skipped))
        return
    for each in [] if flags["quiet"] else _notes(skipped, ahead.changed, ahead.gone):
        say(each, err=True)
    progress = Progress(len(ahead.wanted), quiet=flags["quiet"])
    started = time.monotonic()
    try:
        report = make.create(ahead, order, roster, lambda _record: progress.step())
    except KeyboardInterrupt:
        progress.end()
        say("Stopped. What is made is kept; the same command goes on from there.", err=True)
        context.exit(INTERRUPTED)
    progress.end()
    if flags["as_json"]:
        say_json(cohort_json.made(report, ahead, skipped))
    elif report.failed or not flags["quiet"]:
        say(
            cohort_tables.made(report, len(ahead.done), time.monotonic() - started, width()),
            err=bool(report.failed),
        )
    context.exit(1 if report.failed else 0)


@cohort.command(
    short_help="Push each repository to its remote.",
    epilog=example(
        "scaffold cohort push blog-2026 --remote 'git@gitlab.com:course-2026/{repo}.git'",
        "scaffold cohort push blog-2026 --remote 'file:///srv/git/{repo}.git' --rate 20",
    ),
)
@_directory
@click.option(
    "--remote", "pattern", required=True, metavar="PATTERN",
    help="Where each goes, with {repo} for its name: ssh, https:// or file://.",
)  # fmt: skip
@_only
@_failed
@click.option(
    "--rate", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True,
    help="Pushes a second; hosts refuse too many.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be pushed, and push nothing.")
@_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and what was asked for.")
@click.pass_context
def push(
    context: click.Context,
    /,
    directory: Path,
    pattern: str,
    *,
    only: Sequence[str],
    rate: float,
    **flags: bool,
) -> None:
    """Push the first commit of each repository to its remote, which exists or is made by the host on a push.

    git does it, with your own keys and credentials. A refused push is tried again, later and later; what is
    pushed is not pushed again.
    """
    from scaffold.cohort import push as pushing
    from scaffold.cohort import remote, state
    from scaffold.terminal import cohort_json, cohort_tables

    order = pushing.Order(remote.parse(pattern), only, flags["failed"])
    todo, before, _ = pushing.wanted(state.read(directory), order)
    if flags["dry_run"]:
        if flags["as_json"]:
            say_json({"push": {each.repository: order.pattern.shown(each.repository) for each in todo}})
        else:
            rows = [f"push  {each.repository}  to {order.pattern.shown(each.repository)}" for each in todo]
            say("\n".join([*rows, f"{len(todo)} to push, {len(before)} there; nothing was pushed."]))
        return
    progress = Progress(len(todo), quiet=flags["quiet"])
    try:
        report = pushing.push(directory, order, pushing.Pace(rate), lambda _record: progress.step())
    except KeyboardInterrupt:
        progress.end()
        say("Stopped. What is pushed is recorded; the same command goes on from there.", err=True)
        context.exit(INTERRUPTED)
    progress.end()
    if flags["as_json"]:
        say_json(cohort_json.pushed(report))
    elif report.failed or not flags["quiet"]:
        say(cohort_tables.pushed(report, width()), err=bool(report.failed))
    context.exit(1 if report.failed else 0)


@cohort.command(
    short_help="Show who has what, and what became of it.",
    epilog=example("scaffold cohort status blog-2026 --html blog-2026/status.html"),
)
@_directory
@_only
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for spreadsheets.")
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="FILE", help="Write one HTML page to this file."
)
@_json
@click.pass_context
def status(
    context: click.Context, directory: Path, *, only: Sequence[str], as_csv: bool, html: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare each repository with what was handed out: start, edited managed files, last commit.

    It looks at your copies and asks no network: `git pull` in them brings what students have pushed. Exits 1
    if git cannot read one of them.
    """
    from scaffold.cohort import report
    from scaffold.cohort import status as statuses
    from scaffold.terminal import cohort_json, cohort_tables

    found = statuses.overview(directory, only)
    counts = report.counts(found)
    if html:
        try:
            html.write_text(report.as_html(found), encoding="utf-8", newline="\n")
        except OSError as error:
            raise ScaffoldError(
                f"{html} cannot be written: {error.strerror}.", "Name another file."
            ) from error
    if as_json:
        say_json(cohort_json.overview(found, counts))
    elif as_csv:
        click.echo(report.as_csv(found), nl=False)
    elif html:
        say(f"✔ Wrote {html}. It names students: keep it to yourself.")
    else:
        say(cohort_tables.overview(found, counts, [report.row(each) for each in found.looks]))
    for each in found.unreadable if as_csv or html or as_json else ():
        say(f"git cannot read {each.record.repository}: {each.problem}", err=True)
    context.exit(1 if found.unreadable else 0)


def _notes(skipped: Sequence[str], changed: Sequence[str], gone: Sequence[str]) -> list[str]:
    notes = [f"Skipped: {each}." for each in skipped]
    if changed:
        notes.append(f"Note: the roster says something else now for {', '.join(changed)}; they stay as made.")
    if gone:
        notes.append(f"Note: no longer in the roster, and left as they are: {', '.join(gone)}.")
    return notes
